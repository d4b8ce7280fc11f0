/** `grapevine simulate`: the run of `grapevine swarm` in one process under virtual time. */
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { maxFrameBytesOf, planRun, type RunPlan } from '../config/run-plan.js';
import { readFaults } from '../simulation/faults.js';
import { perfectLink } from '../simulation/link-model.js';
import { retransmitAfter } from '../simulation/network.js';
import { createNetwork, trainingTimes } from '../simulation/network-config.js';
import { type SimulatedOutcome, simulate } from '../simulation/simulate.js';
import { neighborsOf } from '../topology/graph.js';
import type { GradientModel } from '../training/trainer.js';
import type { CommandContext } from './command-context.js';
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
      trainingMs: trainingTimes(settings.simulation, config),
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
