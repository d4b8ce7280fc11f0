/** `grapevine simulate`: the run of `grapevine swarm` in one process under virtual time. */
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { GrapevineError } from '../base/errors.js';
import { maxFrameBytesOf, planRun, type RunPlan } from '../config/run-plan.js';
import type { SimulationConfig } from '../config/schema.js';
import { faults } from '../simulation/faults.js';
import { type LinkOptions, losesFrames } from '../simulation/link-model.js';
import { type SimulatedOutcome, simulate } from '../simulation/simulate.js';
import type { Fault } from '../simulation/simulator.js';
import type { GradientModel } from '../training/trainer.js';
import type { CommandContext } from './command-context.js';
import { defaultRunDirectory, machineOf, runEvent } from './run-facts.js';
import { createRunMonitor, type RunMonitor } from './run-monitor.js';
import { writeResult } from './run-result.js';
import type { Settings } from './settings.js';

/** Round trips after which an unacknowledged difference is sent again; at least 50 ms. */
const RETRANSMIT_ROUND_TRIPS = 4;

function linkOf(config: SimulationConfig): LinkOptions {
  const { latencyMs, jitterMs, bandwidthMbps, loss } = config;
  return { latencyMs, jitterMs, bandwidthMbps, loss, duplication: 0, corruption: 0 };
}

/** How long to wait for an answer on `link` before sending a frame of `bytes` again, in milliseconds. */
function retransmitAfter(link: LinkOptions, bytes: number): number | null {
  if (!losesFrames(link)) return null;
  const transferMs = (bytes * 8) / (link.bandwidthMbps * 1000);
  return Math.max(50, RETRANSMIT_ROUND_TRIPS * (link.latencyMs + link.jitterMs + transferMs));
}

function readFaults(specs: readonly string[], peers: number): Fault[] {
  return specs.map((spec) => {
    const fault = faults.resolve(spec);
    const nodes = fault.type === 'partition' ? fault.nodes : [fault.node];
    if (nodes.every((node) => node < peers)) return fault;
    throw new GrapevineError('BAD_CONFIG', `fault "${spec}": wanted a peer from 0 to ${peers - 1}.`);
  });
}

async function simulatePlan(
  plan: RunPlan,
  settings: Settings,
  run: { readonly monitor: RunMonitor; readonly evaluator: GradientModel; interrupted(): boolean },
): Promise<SimulatedOutcome> {
  const { config } = plan;
  const nodes = Array.from({ length: config.peers }, (_, node) => node);
  const models = await Promise.all(nodes.map((node) => plan.createModel(node)));
  const link = linkOf(settings.simulation);
  const bytes = plan.compressor.encodedBytes(run.evaluator.layout.blocks);
  const delivery = { retransmitMs: retransmitAfter(link, bytes), audit: false };
  const trainers = nodes.map((node) => plan.createTrainer(node, models[node]!));
  try {
    return await simulate({
      peers: nodes.map((node) => plan.createPeer(node, models[node]!, delivery)),
      trainers,
      createNewcomer(node, incarnation) {
        trainers[node]!.stop();
        trainers[node] = plan.createTrainer(node, models[node]!);
        return plan.createPeer(node, models[node]!, delivery, incarnation);
      },
      evaluator: run.evaluator,
      evaluateEvery: config.evaluateEvery,
      link,
      faults: readFaults(settings.simulation.faults, config.peers),
      trainingMs: config.localSteps * settings.simulation.stepMs,
      seed: config.seed,
      maxFrameBytes: maxFrameBytesOf(plan, run.evaluator.layout),
      horizonMs: Number.POSITIVE_INFINITY,
      record: (event) => run.monitor.record(event),
      interrupted: run.interrupted,
      yieldToHost: () => setImmediate(),
    });
  } finally {
    for (const trainer of trainers) trainer.stop();
  }
}

/** The exit code. @throws GrapevineError */
export async function runSimulate(settings: Settings, context: CommandContext): Promise<number> {
  const notices = new Set<string>();
  const onNotice = (sentence: string) => void notices.add(sentence);
  const plan = planRun(settings.run, { ...machineOf(settings, context), onNotice });
  const directory = resolve(settings.launch.out ?? defaultRunDirectory(plan, new Date()));
  const evaluator = await plan.createModel(null); // a task that does not load leaves no directory
  const monitor = createRunMonitor(directory, context.output);
  const { engine, layout } = evaluator;
  let interrupted = false;
  const onSignal = (): void => {
    if (interrupted) process.exit(130);
    interrupted = true;
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const { simulation, launch } = settings;
    const facts = { driver: 'simulation', engine, parameters: layout.size } as const;
    monitor.record(runEvent(plan, facts, { launch, ...simulation }));
    for (const message of notices)
      monitor.record({ event: 'notice', atMs: 0, peer: null, code: 'NOTICE', message });
    const result = await simulatePlan(plan, settings, { monitor, evaluator, interrupted: () => interrupted });
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
