/**
 * A verified configuration turned into the objects of a run. Each process of a swarm and the simulator build the
 * same plan from the same configuration; nothing of it travels.
 */
import type { Compressor } from '../compression/compressor.js';
import { compressors } from '../compression/registry.js';
import { requireContraction } from '../consensus/check-contraction.js';
import type { PeerSetup } from '../consensus/peer-setup.js';
import { setUpPeer } from '../consensus/peer-setup.js';
import type { PeerOptions, PeerState } from '../consensus/peer-state.js';
import { algorithms } from '../consensus/registry.js';
import { requireFit } from '../consensus/topology-fit.js';
import { diameterOf } from '../topology/diameter.js';
import { mostNeighbors } from '../topology/membership-topology.js';
import { buildTopology } from '../topology/registry.js';
import { betaBoundOf } from '../topology/schedule.js';
import { spectrumOf } from '../topology/spectrum.js';
import type { Spectrum, Topology } from '../topology/topology.js';
import { topologyHash } from '../topology/topology-hash.js';
import type { ParameterLayout } from '../training/parameters.js';
import { steppings } from '../training/stepping.js';
import type { GradientModel } from '../training/trainer.js';
import { MAX_DELTA_PARTS } from '../wire/frame.js';
import type { RunConfig } from './schema.js';
import { type PlanOptions, planTraining, type TrainingPlan } from './training-plan.js';
import { configHash } from './verify.js';

export interface RunPlan extends TrainingPlan {
  readonly config: RunConfig;
  readonly configHash: string;
  readonly topology: Topology;
  readonly topologyHash: string;
  readonly spectrum: Spectrum;
  readonly compressor: Compressor;
  /**
   * The consensus state of `peer` before round 1; with an incarnation above 0, before it joins the others.
   * @throws GrapevineError BAD_CONFIG where the compressor cannot work for the algorithm on this model's layers
   */
  createPeer(peer: number, model: PeerModel, delivery: Delivery, incarnation?: number): PeerState;
}

/** What consensus needs to know of a model. */
export type PeerModel = Pick<GradientModel, 'layout' | 'initialParameters'>;

/** What the driver's links promise. */
export interface Delivery {
  /** Send again after this long; null on links that lose nothing. */
  readonly retransmitMs: number | null;
  /** Wait this long for links that may all be lost at once (peer-state.ts). @default 0 */
  readonly cutOffMs?: number;
  readonly audit: boolean;
}

/** @throws GrapevineError BAD_SPEC, BAD_CONFIG where choices do not fit each other (torus of 7 as 2 x 4) */
export function planRun(config: RunConfig, options: PlanOptions): RunPlan {
  const topology = buildTopology(config.topology, config.peers, config.seed);
  const spectrum = spectrumOf(topology.mixing);
  const compressor = compressors.resolve(config.compressor);
  const algorithm = algorithms.resolve(config.algorithm);
  requireFit(algorithm, topology, config);
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
    createPeer(peer, model, delivery, incarnation = 0) {
      const start = model.initialParameters();
      requireContraction({ algorithm, compressor, blocks: model.layout.blocks });
      const setup: PeerSetup = {
        topology,
        beta: betaOf(topology, spectrum),
        gap: spectrum.gap,
        ...(diameter === null ? {} : { diameter }),
        algorithm,
        compressor,
        blocks: model.layout.blocks,
        initialReplica: start,
        seed,
        incarnation,
        options: {
          rounds: config.rounds,
          pace: config.pace ?? 'lockstep',
          silenceMs: config.silenceMs,
          roundDeadlineMs: config.roundDeadlineMs,
          ...(config.edgeActivity === undefined ? {} : { edgeActivity: config.edgeActivity }),
          ...steppingOf(config),
          measureEvery: config.evaluateEvery,
          ...delivery,
        },
      };
      return setUpPeer(setup, peer, start);
    },
  };
}

function steppingOf({ stepping = 'fixed', localSteps }: RunConfig): Pick<PeerOptions, 'stepping'> {
  const { adaptive } = steppings.resolve(stepping);
  return adaptive === null ? {} : { stepping: { localSteps, least: adaptive.least } };
}

/** ||I - W||_2, or a bound of it over all rounds or members: by Gershgorin, Metropolis' rows have w_ii >= 1 / (1 + d). */
function betaOf({ schedule, membership, graph }: Topology, spectrum: Spectrum): number {
  if (schedule !== undefined) return betaBoundOf(schedule);
  if (membership === undefined) return spectrum.beta;
  const most = mostNeighbors(membership, graph.nodes);
  return (2 * most) / (1 + most);
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
