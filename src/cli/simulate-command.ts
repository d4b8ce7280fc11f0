/** `grapevine simulate`: the run of `grapevine swarm` in one process under virtual time. */
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isGrapevineError } from '../base/errors.js';
import { maxFrameBytesOf, planRun, type RunPlan } from '../config/run-plan.js';
import type { MetricsEvent, RunEvent } from '../metrics/events.js';
import { type SavedState, snapshotOf } from '../node/checkpoint.js';
import { forgetAfter, loadLatestCheckpoint, saveCheckpoint } from '../node/checkpoint-files.js';
import { membershipOf } from '../node/presence.js';
import { readFaults } from '../simulation/faults.js';
import { perfectLink } from '../simulation/link-model.js';
import { retransmitAfter } from '../simulation/network.js';
import { createNetwork, trainingTimes } from '../simulation/network-config.js';
import { type SimulatedOutcome, type SimulatedRun, simulate } from '../simulation/simulate.js';
import { neighborsOf } from '../topology/graph.js';
import type { ParameterLayout } from '../training/parameters.js';
import type { GradientModel } from '../training/trainer.js';
import { checkpointSettings, hashesOf, placeOf, SIMULATION } from './checkpoint-settings.js';
import type { CommandContext } from './command-context.js';
import { nothingLeft, nothingToResume, readRunEvents, replaceRunEvents, withHead } from './resume.js';
import { defaultRunDirectory, machineOf, runEvent } from './run-facts.js';
import { createRunMonitor, type RunMonitor } from './run-monitor.js';
import { writeResult } from './run-result.js';
import type { Settings } from './settings.js';

/** Runs `plan` to its end; its events go to `run.monitor`. @throws GrapevineError */
export async function simulatePlan(
  plan: RunPlan,
  settings: Pick<Settings, 'simulation'>,
  run: {
    readonly monitor: Pick<RunMonitor, 'record'>;
    readonly evaluator: GradientModel;
    readonly resume?: SavedState | null;
    readonly checkpoints?: SimulatedRun['checkpoints'];
    interrupted(): boolean;
  },
): Promise<SimulatedOutcome> {
  const { config } = plan;
  const nodes = Array.from({ length: config.peers }, (_, node) => node);
  const models = await Promise.all(nodes.map((node) => plan.createModel(node)));
  const { graph } = plan.topology;
  const swarm = { peers: config.peers, neighborsOf: (node: number) => [...neighborsOf(graph, node)] };
  const network = createNetwork(settings.simulation, swarm);
  const bytes = plan.compressor.encodedBytes(run.evaluator.layout.blocks);
  const deliveryTo = (node: number) => ({
    retransmitMs: retransmitAfter(network, { ...swarm, node }, bytes),
    audit: false,
  });
  const trainers = nodes.map((node) => plan.createTrainer(node, models[node]!));
  try {
    return await simulate({
      peers: nodes.map((node) => plan.createPeer(node, models[node]!, deliveryTo(node))),
      trainers,
      createNewcomer(node, incarnation) {
        trainers[node]!.stop();
        trainers[node] = plan.createTrainer(node, models[node]!);
        return plan.createPeer(node, models[node]!, deliveryTo(node), incarnation);
      },
      evaluator: run.evaluator,
      evaluateEvery: config.evaluateEvery,
      link: perfectLink,
      network,
      faults: readFaults(settings.simulation.faults, config),
      membership: membershipOf(plan),
      trainingMs: trainingTimes(settings.simulation, config),
      seed: config.seed,
      maxFrameBytes: maxFrameBytesOf(plan, run.evaluator.layout),
      horizonMs: Number.POSITIVE_INFINITY,
      checkpoints: run.checkpoints,
      resume: run.resume ?? undefined,
      record: (event) => run.monitor.record(event),
      interrupted: run.interrupted,
      yieldToHost: () => setImmediate(),
    });
  } finally {
    for (const trainer of trainers) trainer.stop();
  }
}

/** How the run is saved; undefined where it is not. */
function simulationCheckpoints(
  plan: RunPlan,
  { launch, simulation }: Settings,
  { monitor, evaluator }: { readonly monitor: RunMonitor; readonly evaluator: GradientModel },
): SimulatedRun['checkpoints'] {
  const settings = checkpointSettings(launch, monitor.directory);
  const { every, onFailure } = settings;
  if (every === null) return undefined;
  const { layout } = evaluator;
  const facts = { owner: SIMULATION, hashes: hashesOf(plan, layout, simulation), layout };
  return {
    every,
    async save({ round, parameters, parts }) {
      const all: Record<string, unknown> = { ...parts, [METRICS]: { lines: monitor.lines() } };
      const taken = Object.entries(all).map(([name, part]) => [name, snapshotOf(name, part)] as const);
      try {
        await monitor.flush(); // the events before the checkpoint that counts them
        await saveCheckpoint(placeOf(settings), {
          ...facts,
          round,
          parameters,
          parts: Object.fromEntries(taken),
        });
      } catch (error) {
        if (onFailure === 'stop' || !isGrapevineError(error, 'CHECKPOINT_FAILED')) throw error;
        monitor.say(error.message);
      }
    },
  };
}

/** The part of a simulation's checkpoint that says how many lines of metrics there were. */
const METRICS = 'metrics';

/** The checkpoint to go on from, with the directory's events cut off where it was made; null for a run that begins. */
async function resumeSimulation(
  plan: RunPlan,
  { launch, simulation, resume }: Settings,
  {
    head,
    layout,
    say,
  }: { readonly head: RunEvent; readonly layout: ParameterLayout; say(sentence: string): void },
): Promise<{ readonly saved: SavedState; readonly events: readonly MetricsEvent[] } | null> {
  if (resume === undefined) return null;
  const place = placeOf(checkpointSettings(launch, resume));
  const hashes = hashesOf(plan, layout, simulation);
  const saved = await loadLatestCheckpoint(place, { owner: SIMULATION, hashes }, (error) =>
    say(error.message),
  );
  if (saved === null) throw nothingToResume(resume);
  if (saved.round >= plan.config.rounds) throw nothingLeft(resume, saved.round);
  await forgetAfter(place, [SIMULATION], saved.round);
  const { lines } = saved.restore(METRICS) as { readonly lines: number };
  const events = withHead(head, readRunEvents(resume).slice(0, lines));
  replaceRunEvents(resume, events);
  return { saved, events };
}

/** The exit code. @throws GrapevineError */
export async function runSimulate(settings: Settings, context: CommandContext): Promise<number> {
  const notices = new Set<string>();
  const onNotice = (sentence: string) => void notices.add(sentence);
  const plan = planRun(settings.run, { ...machineOf(settings, context), onNotice });
  readFaults(settings.simulation.faults, settings.run); // a fault that cannot be leaves no directory
  const directory = resolve(settings.launch.out ?? defaultRunDirectory(plan, new Date()));
  const evaluator = await plan.createModel(null); // a task that does not load leaves no directory
  const { engine, layout } = evaluator;
  const { simulation, launch } = settings;
  const facts = { driver: 'simulation', engine, parameters: layout.size } as const;
  const head = runEvent(plan, facts, { launch, ...simulation });
  const say = (sentence: string): void => void context.output.stderr.write(`${sentence}\n`);
  const resumed = await resumeSimulation(plan, settings, { head, layout, say });
  const monitor = await createRunMonitor(directory, context.output, settings.launch);
  let interrupted = false;
  const onSignal = (): void => {
    if (interrupted) process.exit(130);
    interrupted = true;
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    if (resumed === null) {
      monitor.record(head);
      for (const message of notices)
        monitor.record({ event: 'notice', atMs: 0, peer: null, code: 'NOTICE', message });
    } else {
      monitor.recall(resumed.events);
      monitor.say(`Going on after round ${resumed.saved.round}.`);
    }
    const resume = resumed?.saved ?? null;
    const result = await simulatePlan(plan, settings, {
      monitor,
      evaluator,
      resume,
      checkpoints: simulationCheckpoints(plan, settings, { monitor, evaluator }),
      interrupted: () => interrupted,
    });
    monitor.record({ event: 'end', atMs: result.endMs, outcome: interrupted ? 'interrupted' : 'done' });
    await monitor.finish();
    const { cacheDirectory } = context;
    await writeResult({ plan, directory, cacheDirectory, layout, meanModel: result.meanModel });
    return interrupted ? 130 : 0;
  } catch (error) {
    await monitor.abandon();
    throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    evaluator.dispose();
  }
}
