/**
 * The configuration of a run: every choice that changes its result, and nothing else. Numbers here carry their
 * unit, range and default with its origin; the specs (topology, compressor, ...) are read by their registries.
 * The same keys stand in a --config file, behind GRAPEVINE_ in the environment and, in kebab case, as flags.
 */
import * as z from 'zod';

const spec = z.string().min(1).max(500);

/** Milliseconds of a deadline: 50 ms is under any scheduler's noise, a day is for ever. */
const deadline = z.number().min(50).max(86_400_000);

export const runConfigSchema = z.strictObject({
  /** Number of peers; 4096 fits the simulator, a machine bears far fewer processes. */
  peers: z.int().min(1).max(4096).default(8),
  topology: spec.default('torus'),
  algorithm: spec.default('edge-choco'),
  /** Absent: what suits the algorithm (DEFAULT_COMPRESSOR, or none for exact gossip). */
  compressor: spec.optional(),
  optimizer: spec.default('qg'),
  task: spec.default('mnist-mlp'),
  partition: spec.default('iid'),
  /** Absent: the task's. */
  rounds: z.int().min(1).max(10_000_000).optional(),
  /** Optimizer steps between two exchanges (H). Absent: the task's. */
  localSteps: z.int().min(1).max(100_000).optional(),
  /** How many of them a peer takes: all, or as many as let its neighbors go on (training/stepping.ts). Absent: fixed. */
  stepping: spec.optional(),
  /** Samples a step. Absent: the task's. */
  batch: z.int().min(1).max(100_000).optional(),
  /** Absent: the task's. */
  learningRate: z.number().positive().max(1000).optional(),
  /** Whether rounds wait for each other; asynchronous: no peer waits, each edge has exchanges at its own pace. */
  pace: z.enum(['lockstep', 'asynchronous']).default('lockstep'),
  /** What the learning rate is multiplied by as the run goes on. Absent: constant. */
  schedule: spec.optional(),
  seed: z.int().min(0).max(0xffffffff).default(1),
  /** Rounds between two evaluations of all peers and their mean. Absent: a twentieth of the rounds. */
  evaluateEvery: z.int().min(1).optional(),
  /** A neighbor that sends nothing for this long is left out of the rounds. Default: consensus/peer-state.ts. */
  silenceMs: deadline.default(6_000),
  /** A neighbor that lives but owes its difference for this long is left out until it comes. */
  roundDeadlineMs: deadline.default(60_000),
  /** Share of the rounds in which an edge exchanges, drawn for each edge and round (consensus/edge-activity.ts). */
  edgeActivity: z.number().min(0.01).max(1).default(1),
});

/** What the simulator needs beyond a run: the virtual network and its faults. */
export const simulationConfigSchema = z.strictObject({
  /** One-way delay of a link in milliseconds; 0.1 is a local network. */
  latencyMs: z.number().min(0).max(60_000).default(0.1),
  /** Twice the mean extra delay in milliseconds, uniform unless jitterShape says otherwise; frames may overtake each other. */
  jitterMs: z.number().min(0).max(60_000).default(0),
  /** How the extra delay is spread (simulation/link-model.ts). Absent: uniform. */
  jitterShape: z.enum(['uniform', 'exponential', 'lognormal']).optional(),
  /** Megabits a second, each direction of each link; 1000 is gigabit Ethernet. */
  bandwidthMbps: z.number().positive().max(1e6).default(1000),
  /** Megabits a second of all that a peer sends, and of all that it receives, over all its links. Absent: no limit. */
  uplinkMbps: z.number().min(1e-3).max(1e6).optional(),
  downlinkMbps: z.number().min(1e-3).max(1e6).optional(),
  /** Probability that a frame is lost. */
  loss: z.number().min(0).max(0.9).default(0),
  /** Mean length of a run of lost frames. Absent: losses are independent. */
  lossBurst: z.number().min(1).max(10_000).optional(),
  /** What is sent around each frame, and takes its time: nothing, or TCP, noise and yamux. Absent: nothing. */
  framing: z.enum(['none', 'tcp']).optional(),
  /** One-way delays from peer (row) to peer (column) in milliseconds, or the file that has them. Absent: latencyMs. */
  latencyMatrix: z.union([z.string().min(1), z.array(z.array(z.number()))]).optional(),
  /** What differs of an edge, 0-1:latency=100,bandwidth=1, or of a peer, 3:uplink=2 (simulation/link-spec.ts). */
  links: z.array(spec).max(100_000).optional(),
  /** Virtual duration of one local step in milliseconds: 3 is mnist-mlp on one core. */
  stepMs: z.number().min(0).max(3_600_000).default(3),
  /** Standard deviation of the logarithm of a round's training time, whose mean stays. Absent: 0. */
  stepJitter: z.number().min(0).max(3).optional(),
  /**
   * What happens to peers: kill:peer=2,at=1500, freeze:peer=3,at=1500,for=2000, slow:peer=3,factor=10,
   * stragglers:share=0.2,factor=5 or churn:up=60000,down=10000 (virtual milliseconds). A trace is a list of away:...
   */
  faults: z.array(spec).max(100_000).default([]),
});

export type RunConfigInput = z.input<typeof runConfigSchema>;
export type SimulationConfig = z.output<typeof simulationConfigSchema>;

/** A verified configuration: specs canonical, defaults filled in. JSON values only. */
export interface RunConfig {
  readonly peers: number;
  readonly topology: string;
  readonly algorithm: string;
  readonly compressor: string;
  readonly optimizer: string;
  readonly task: string;
  readonly partition: string;
  readonly rounds: number;
  readonly localSteps: number;
  /** Absent where all peers take all local steps: such runs hash as they did before there was a choice. */
  readonly stepping?: string;
  readonly batch: number;
  readonly learningRate: number;
  /** Absent in lockstep, so that hashes of configurations are what they were before there was a choice. */
  readonly pace?: 'asynchronous';
  /** Absent where the rate is constant: such runs hash as they did before there were schedules. */
  readonly schedule?: string;
  readonly seed: number;
  readonly evaluateEvery: number;
  readonly silenceMs: number;
  readonly roundDeadlineMs: number;
  /** Absent where all edges exchange in every round: such runs hash as they did before there was a choice. */
  readonly edgeActivity?: number;
}

/** The smallest of the ranks and bits tried that keeps up with exact gossip: docs/consensus.md has the table. */
export const DEFAULT_COMPRESSOR = 'low-rank:rank=8,bits=4';

/** Evaluations a run, unless evaluateEvery says otherwise: enough for a curve. */
export const EVALUATIONS_PER_RUN = 20;
