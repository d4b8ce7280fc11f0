/**
 * A verified configuration turned into the objects of a run. Each process of a swarm and the simulator build the
 * same plan from the same configuration; nothing of it travels.
 */
import type { Registry } from '../base/registry.js';
import type { Compressor } from '../compression/compressor.js';
import { compressors } from '../compression/registry.js';
import type { PeerSetup } from '../consensus/peer-setup.js';
import { setUpPeer } from '../consensus/peer-setup.js';
import type { PeerState } from '../consensus/peer-state.js';
import { algorithms } from '../consensus/registry.js';
import { diameterOf } from '../topology/diameter.js';
import { buildTopology } from '../topology/registry.js';
import { spectrumOf } from '../topology/spectrum.js';
import type { Spectrum, Topology } from '../topology/topology.js';
import { topologyHash } from '../topology/topology-hash.js';
import type { EngineChoice } from '../training/engine.js';
import { createLocalTrainer } from '../training/local-trainer.js';
import { optimizers } from '../training/optimizer.js';
import type { ParameterLayout } from '../training/parameters.js';
import { partitions } from '../training/partition.js';
import { tasks as shippedTasks } from '../training/tasks/registry.js';
import type { Task } from '../training/tasks/task.js';
import type { GradientModel, Trainer } from '../training/trainer.js';
import { MAX_DELTA_PARTS } from '../wire/frame.js';
import type { RunConfig } from './schema.js';
import { configHash } from './verify.js';

/** What training alone needs of a run: the worker thread of a peer plans no more than this. */
export interface TrainingPlan {
  readonly task: Task;
  /** The model of one peer, or with `null` one that only evaluates. */
  createModel(peer: number | null): Promise<GradientModel>;
  /** Runs the local steps of `peer` on its model, which it then owns. */
  createTrainer(peer: number, model: GradientModel): Trainer;
}

export interface RunPlan extends TrainingPlan {
  readonly config: RunConfig;
  readonly configHash: string;
  readonly topology: Topology;
  readonly topologyHash: string;
  readonly spectrum: Spectrum;
  readonly compressor: Compressor;
  /** The consensus state of `peer` before round 1. */
  createPeer(peer: number, model: PeerModel, delivery: Delivery): PeerState;
}

/** What consensus needs to know of a model. */
export type PeerModel = Pick<GradientModel, 'layout' | 'initialParameters'>;

/** What the driver's links promise. */
export interface Delivery {
  /** Send again after this long; null on links that lose nothing. */
  readonly retransmitMs: number | null;
  readonly audit: boolean;
}

/** What a plan needs to know of this machine. */
export interface PlanOptions {
  /** The tasks that can be named; openTasks adds that of a user's file. @default the shipped ones */
  readonly tasks?: Registry<Task>;
  readonly cacheDirectory: string;
  /** @default 'auto' */
  readonly engine?: EngineChoice;
  /** This device's own data instead of a share of the task's; `{peer}` stands for the peer's index. */
  readonly dataDirectory?: string | undefined;
  readonly onNotice?: (sentence: string) => void;
}

/** Directory of the data of `peer`; a model that only evaluates does so on the task's own. */
function dataOf(peer: number | null, { dataDirectory }: PlanOptions): string | undefined {
  return peer === null ? undefined : dataDirectory?.replaceAll('{peer}', String(peer));
}

/** @throws GrapevineError BAD_SPEC */
export function planTraining(
  config: RunConfig,
  { tasks = shippedTasks, ...options }: PlanOptions,
): TrainingPlan {
  const task = tasks.resolve(config.task);
  const partition = partitions.resolve(config.partition);
  const { peers, seed } = config;
  return {
    task,
    createModel: (peer) =>
      task.createModel({ ...options, peer, peers, partition, seed, dataDirectory: dataOf(peer, options) }),
    createTrainer(peer, model) {
      const { learningRate, localSteps, batch } = config;
      const optimizer = optimizers.resolve(config.optimizer);
      return createLocalTrainer({ model, optimizer, learningRate, localSteps, batch, seed, peer });
    },
  };
}

/** @throws GrapevineError BAD_SPEC, BAD_CONFIG where choices do not fit each other (torus of 7 as 2 x 4) */
export function planRun(config: RunConfig, options: PlanOptions): RunPlan {
  const topology = buildTopology(config.topology, config.peers, config.seed);
  const spectrum = spectrumOf(topology.mixing);
  const compressor = compressors.resolve(config.compressor);
  const { seed } = config;
  const diameter = config.pace === 'asynchronous' ? diameterOf(topology.graph) : null;
  return {
    ...planTraining(config, options),
    config,
    configHash: configHash(config),
    topology,
    topologyHash: topologyHash(topology),
    spectrum,
    compressor,
    createPeer(peer, model, delivery) {
      const start = model.initialParameters();
      const setup: PeerSetup = {
        topology,
        beta: spectrum.beta,
        gap: spectrum.gap,
        ...(diameter === null ? {} : { diameter }),
        algorithm: algorithms.resolve(config.algorithm),
        compressor,
        blocks: model.layout.blocks,
        initialReplica: start,
        seed,
        options: {
          rounds: config.rounds,
          pace: config.pace ?? 'lockstep',
          silenceMs: config.silenceMs,
          roundDeadlineMs: config.roundDeadlineMs,
          measureEvery: config.evaluateEvery,
          ...delivery,
        },
      };
      return setUpPeer(setup, peer, start);
    },
  };
}

/**
 * Longest frame this run can need: MAX_DELTA_PARTS compressed differences, or dense vectors, one or (LEAD's replica and
 * its base) two for each stream; and headers.
 */
export function maxFrameBytesOf(plan: RunPlan, layout: ParameterLayout): number {
  const dense = compressors.resolve('none').encodedBytes(layout.blocks);
  const backlog = MAX_DELTA_PARTS * plan.compressor.encodedBytes(layout.blocks);
  const { streams = 1 } = algorithms.resolve(plan.config.algorithm);
  return Math.max(2 * streams * dense, Math.min(backlog, MAX_DELTA_PARTS * dense)) + 4096;
}
