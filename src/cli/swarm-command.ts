/** `grapevine swarm`: launches peers on this machine, over libp2p TCP, and watches them. */
import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../base/clock.js';
import { GrapevineError } from '../base/errors.js';
import { planRun, type RunPlan } from '../config/run-plan.js';
import type { RunConfig } from '../config/schema.js';
import {
  createEvaluationCollector,
  type EvaluationCollector,
  type SwarmView,
} from '../metrics/evaluation-collector.js';
import type { MetricsEvent, RoundEvent, RunEvent } from '../metrics/events.js';
import { createLatestEvaluations } from '../metrics/latest-evaluations.js';
import { forgetAfter, newestCommonRound } from '../node/checkpoint-files.js';
import { ownerOf } from '../node/peer-checkpoint.js';
import { SwarmLauncher, type SwarmOutcome } from '../node/swarm-launcher.js';
import type { FromWorker } from '../node/swarm-messages.js';
import type { ParameterLayout } from '../training/parameters.js';
import type { GradientModel } from '../training/trainer.js';
import { checkpointSettings, hashesOf, placeOf } from './checkpoint-settings.js';
import type { CommandContext } from './command-context.js';
import { processCount, thisMachine } from './process-count.js';
import { reachOf } from './reach-flags.js';
import {
  eventsUntil,
  nothingLeft,
  nothingToResume,
  readRunEvents,
  replaceRunEvents,
  tellsOf,
  withHead,
} from './resume.js';
import { defaultRunDirectory, machineOf, runEvent } from './run-facts.js';
import { createRunMonitor, type RunMonitor } from './run-monitor.js';
import { writeResult } from './run-result.js';
import type { Settings } from './settings.js';

const WORKER_PATH = fileURLToPath(new URL('./swarm-worker.js', import.meta.url));

/** Times what neighbors wait: they leave a silent peer out first, and it may yet come back. */
const LAUNCHER_PATIENCE = 2;
/** A process on a crowded machine can be this long without a turn; giving it up ends it. Milliseconds. */
const MIN_LAUNCHER_SILENCE_MS = 10_000;

interface Failure {
  readonly peer: number;
  readonly code: string;
  readonly message: string;
}

/** Turns what workers report into the run's events; holds the latest mean model. */
class SwarmWatch {
  meanModel: Float32Array | null = null;
  readonly failures: Failure[] = [];
  private startedMs = performance.now();
  private readonly rounds = new Map<number, number>();
  private readonly collector: EvaluationCollector;
  private readonly monitor: RunMonitor;
  private readonly evaluator: GradientModel;

  constructor({ peers, pace }: RunConfig, monitor: RunMonitor, evaluator: GradientModel) {
    const nodes = Array.from({ length: peers }, (_, peer) => peer);
    this.collector = (pace === undefined ? createEvaluationCollector : createLatestEvaluations)(nodes);
    this.monitor = monitor;
    this.evaluator = evaluator;
  }

  get elapsedMs(): number {
    return performance.now() - this.startedMs;
  }

  onMessage(message: FromWorker): void {
    const atMs = this.elapsedMs;
    switch (message.type) {
      case 'rounds':
        for (const event of message.events) this.recordRound(event, atMs);
        return;
      case 'evaluation': {
        this.recordRound(message.event, atMs);
        const { peer, round, payloadBytes, wireBytes } = message.event;
        const { parameters, evaluation } = message;
        this.recordViews(
          this.collector.add({ peer, round, parameters, ...evaluation, payloadBytes, wireBytes }),
        );
        return;
      }
      case 'edge':
        this.monitor.record({ ...message.event, atMs });
        return;
      case 'notice': {
        const { peer, code, message: text } = message;
        this.monitor.record({ event: 'notice', atMs, peer, code, message: text });
        if (code === 'JOINED' && peer !== null) this.collector.expect(peer, this.latestRound() + 1);
        return;
      }
      case 'failed':
        this.failures.push(message);
        return;
      default:
        return;
    }
  }

  /** The run has had these events already: its clock goes on from the last. */
  recall(events: readonly MetricsEvent[]): void {
    const latestMs = events.reduce((latest, event) => Math.max(latest, 'atMs' in event ? event.atMs : 0), 0);
    this.startedMs = performance.now() - latestMs;
    for (const event of events) if (event.event === 'round') this.rounds.set(event.peer, event.round);
  }

  private recordRound(event: Omit<RoundEvent, 'atMs'>, atMs: number): void {
    this.rounds.set(event.peer, event.round);
    this.monitor.record({ ...event, atMs });
  }

  onLost(peer: number, reason: string): void {
    const round = this.rounds.get(peer) ?? 0;
    this.monitor.record({ event: 'peer-lost', atMs: this.elapsedMs, peer, round, reason });
    this.recordViews(this.collector.forget(peer));
  }

  /** Of any peer, which a newcomer's rounds follow. */
  private latestRound(): number {
    return Math.max(0, ...this.rounds.values());
  }

  /** Its process has ended, and the next one begins. */
  onRestart(peer: number, reason: string): void {
    const message = `its process ended (${reason}) and is started again`;
    this.monitor.record({ event: 'notice', atMs: this.elapsedMs, peer, code: 'PEER_RESTARTED', message });
    this.recordViews(this.collector.forget(peer));
  }

  private recordViews(views: readonly SwarmView[]): void {
    for (const { event, meanModel } of views) {
      this.meanModel = meanModel;
      this.monitor.record({ ...event, atMs: this.elapsedMs, meanModel: this.evaluator.evaluate(meanModel) });
    }
  }
}

/** What the command ends with where peers have failed; null where none has. */
function failureOf(failures: readonly Failure[]): GrapevineError | null {
  const [first] = failures;
  if (first === undefined) return null;
  const others = failures.length > 1 ? ` (and ${failures.length - 1} more peers)` : '';
  const message = `peer ${first.peer} failed${others}: ${first.message}`;
  return new GrapevineError(first.code as GrapevineError['code'], message);
}

/** Of peers that their neighbors know again when their process is another one. */
async function privateKeys(peers: number): Promise<Uint8Array[]> {
  const { createIdentity } = await import('../node/libp2p-identity.js'); // libp2p: not for every launcher
  const identities = await Promise.all(Array.from({ length: peers }, createIdentity));
  return identities.map(({ privateKey }) => privateKey);
}

async function createLauncher(
  settings: Settings,
  context: CommandContext,
  watch: SwarmWatch,
  at: { readonly directory: string; readonly resumeAfter: number | null },
): Promise<SwarmLauncher> {
  const { run, launch } = settings;
  const { directory, resumeAfter } = at;
  const identities = launch.restart === true ? await privateKeys(run.peers) : null;
  const launcher = new SwarmLauncher({
    workerPath: WORKER_PATH,
    peers: run.peers,
    processes: Math.min(run.peers, launch.processes ?? processCount(run.peers, thisMachine())),
    assignment: {
      config: { ...run },
      swarm: randomUUID(),
      reach: reachOf(launch),
      cacheDirectory: context.cacheDirectory,
      engine: launch.engine,
      dataDirectory: launch.dataDirectory,
      checkpointDirectory: join(directory, 'checkpoints'),
      startTimeoutMs: launch.startTimeoutMs,
      checkpoints: { ...checkpointSettings(launch, directory), resumeAfter },
    },
    clock: systemClock,
    silenceMs: Math.max(MIN_LAUNCHER_SILENCE_MS, LAUNCHER_PATIENCE * run.silenceMs),
    ...(identities === null
      ? {}
      : {
          restart: {
            identityOf: (peer: number) => identities[peer]!,
            onRestart: (peer: number, reason: string) => watch.onRestart(peer, reason),
          },
        }),
    onMessage(message) {
      watch.onMessage(message);
      // It was to stop for want of a checkpoint; so are the others, which have the same orders.
      if (message.type === 'failed' && message.code === 'CHECKPOINT_FAILED') launcher.stop();
    },
    onLost: (peer, { reason }) => watch.onLost(peer, reason),
    onErrorOutput: (text) => {
      if (context.debug) context.output.stderr.write(text);
    },
  });
  return launcher;
}

interface Resumed {
  readonly round: number;
  readonly events: readonly MetricsEvent[];
}

/** The round that all peers go on from, with the directory's events cut off there; null for a run that begins. */
async function resumeSwarm(
  plan: RunPlan,
  { launch, resume }: Settings,
  {
    head,
    layout,
    say,
  }: { readonly head: RunEvent; readonly layout: ParameterLayout; say(sentence: string): void },
): Promise<Resumed | null> {
  if (resume === undefined) return null;
  const { peers, rounds } = plan.config;
  const place = placeOf(checkpointSettings(launch, resume));
  const owners = Array.from({ length: peers }, (_, peer) => ownerOf(peer));
  const events = readRunEvents(resume);
  const wanted = { owners, hashes: hashesOf(plan, layout) };
  const onRefused = (error: GrapevineError): void => say(error.message);
  const round =
    (await newestCommonRound(
      place,
      { ...wanted, accept: (round) => tellsOf(events, round, peers) },
      onRefused,
    )) ?? (await newestCommonRound(place, wanted)); // then the metrics have a gap
  if (round === null) throw nothingToResume(resume);
  if (round >= rounds) throw nothingLeft(resume, round);
  await forgetAfter(place, owners, round);
  const kept = withHead(head, eventsUntil(events, round));
  replaceRunEvents(resume, kept);
  return { round, events: kept };
}

/** First Ctrl+C: finish the round and write checkpoints. Second: leave at once. */
function onInterrupt(launcher: SwarmLauncher, monitor: RunMonitor): { interrupted: boolean; remove(): void } {
  const state = { interrupted: false, remove: () => {} };
  const handler = (): void => {
    if (state.interrupted) {
      launcher.kill();
      process.exit(130);
    }
    state.interrupted = true;
    monitor.say('Stopping after this round; press Ctrl+C again to leave at once.');
    launcher.stop();
  };
  process.on('SIGINT', handler).on('SIGTERM', handler);
  state.remove = () => void process.off('SIGINT', handler).off('SIGTERM', handler);
  return state;
}

/** The exit code. @throws GrapevineError */
export async function runSwarm(settings: Settings, context: CommandContext): Promise<number> {
  const plan: RunPlan = planRun(settings.run, machineOf(settings, context));
  const directory = resolve(settings.launch.out ?? defaultRunDirectory(plan, new Date()));
  const evaluator = await plan.createModel(null); // a task that does not load leaves no directory
  const { engine, layout } = evaluator;
  const facts = { driver: 'swarm', engine, parameters: layout.size } as const;
  const head = runEvent(plan, facts, { launch: settings.launch });
  const say = (sentence: string): void => void context.output.stderr.write(`${sentence}\n`);
  const resumed = await resumeSwarm(plan, settings, { head, layout, say });
  const monitor = await createRunMonitor(directory, context.output, settings.launch);
  const watch = new SwarmWatch(settings.run, monitor, evaluator);
  if (resumed === null) monitor.record(head);
  else {
    monitor.recall(resumed.events);
    watch.recall(resumed.events);
    monitor.say(`Going on after round ${resumed.round}.`);
    if (settings.run.pace !== undefined)
      monitor.say('In the asynchronous pace edges begin anew; models go on.');
  }
  const resumeAfter = resumed?.round ?? null;
  const launcher = await createLauncher(settings, context, watch, { directory, resumeAfter });
  const interrupt = onInterrupt(launcher, monitor);
  // Workers go when their launcher does; but one that is stopped (SIGSTOP) cannot, and would stay for ever.
  const killAll = (): void => launcher.kill();
  process.on('exit', killAll);
  let outcome: SwarmOutcome;
  try {
    outcome = await launcher.run();
  } catch (error) {
    await monitor.abandon();
    throw error;
  } finally {
    process.off('exit', killAll);
    interrupt.remove();
  }
  const failed = watch.failures.length > 0 || outcome.finished.length === 0;
  const end = interrupt.interrupted ? 'interrupted' : failed ? 'failed' : 'done';
  monitor.record({ event: 'end', atMs: watch.elapsedMs, outcome: end });
  const failure = failureOf(watch.failures);
  const { cacheDirectory } = context;
  try {
    await monitor.finish();
    await writeResult({ plan, directory, cacheDirectory, layout, meanModel: watch.meanModel });
  } catch (error) {
    throw failure ?? error; // a full disk keeps both from being written: the first is why the run ended
  }
  evaluator.dispose();
  if (failure !== null) throw failure;
  if (outcome.finished.length === 0) {
    throw new GrapevineError(
      'PEER_LOST',
      `no peer finished: all ${settings.run.peers} were killed or fell silent.`,
    );
  }
  return interrupt.interrupted ? 130 : 0;
}
