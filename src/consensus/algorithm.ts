/**
 * What an algorithm adds to the exchange of an edge. Rounds, sequence numbers, repair and failures are the
 * same for all algorithms (peer-state.ts, step.ts); an algorithm says what training's step becomes before gossip
 * (`beginRound`), what it sends (`compose`) and what an exchange does to the parameters once both ends' differences
 * are known (`apply`).
 *
 * The papers write x - eta g. Training hands over x_start and x_trained, and an algorithm takes
 *
 *     u = x_start - x_trained
 *
 * for eta g: the pseudo-gradient of the round, whatever the optimizer, the learning rate or the number of local steps.
 * Trackers hold eta times what the papers' hold, so no algorithm knows eta. With momentum in the optimizer, u is what
 * momentum made of g (gradient tracking is then momentum tracking: Takezawa et al. 2023).
 *
 * The law that keeps the mean: `apply` is a function of the two differences and of the edge's replicas, which
 * are equal to the bit at both ends, so the correction that one end adds is the one that the other subtracts,
 * whenever either end gets to it.
 */
import type { Random } from '../base/random.js';
import type { Compressor, MatrixBlock } from '../compression/compressor.js';
import type { Graph } from '../topology/graph.js';
import type { DirectedSchedule, Schedule, Topology } from '../topology/topology.js';
import type { Delta, DeltaPart } from '../wire/frame.js';

/** How rounds and exchanges go together: lockstep.ts, asynchronous.ts. */
export type Pace = 'lockstep' | 'asynchronous';

/** What is fixed for one peer during a run. */
export interface AlgorithmContext {
  readonly node: number;
  readonly pace: Pace;
  readonly blocks: readonly MatrixBlock[];
  readonly compressor: Compressor;
  /** beta = ||I - W||_2 of the topology, for the automatic step size. */
  readonly beta: number;
  /** Spectral gap 1 - max(|lambda_2|, |lambda_n|); null where the setup does not know it. */
  readonly gap: number | null;
  /** What every peer knows alike. Null where the setup does not know the graph. */
  readonly swarm: SwarmFacts | null;
  /** The public replica that all peers start from, which costs nothing to agree on. */
  readonly initialReplica: Float32Array;
  /**
   * Fresh generator for the sender state of this node or of one of its edges; 'both-ends' is the same generator at the
   * two ends of an edge.
   */
  randomFor(purpose: 'node' | 'edge' | 'both-ends', neighbor: number): Random;
  /** A copy of initialReplica, beside the peer's other vectors where kernels reach them (linalg/vectors.ts). */
  createReplica(): Float32Array;
  /** Work space of the parameters' length; holds nothing between calls. */
  readonly scratch: Float32Array;
}

/** For what all must agree on without a word: who talks to whom in which round. */
export interface SwarmFacts {
  readonly graph: Graph;
  /** Of the run. */
  readonly seed: number;
  /** Of a time-varying topology. */
  readonly schedule?: Schedule;
  /** Of a topology that has a one-way form. */
  readonly directed?: DirectedSchedule;
}

/** What all peers of a run have in common. */
export interface RunFacts {
  readonly peers: number;
  readonly seed: number;
  /** The family's name: star, ring, ...; empty where the setup does not know it. */
  readonly topology: string;
}

/** An edge as an algorithm sees it. */
export interface EdgeView<EdgeMemory> {
  readonly neighbor: number;
  /** w_ij of the mixing matrix; of a time-varying topology, of the round that is composed for or applied. */
  readonly weight: number;
  /** This end's difference of the exchange under way, not yet applied; null when none is. */
  readonly own: Delta | null;
  memory: EdgeMemory;
}

/** A round as `beginRound` finds it. */
export interface RoundStart<EdgeMemory> {
  /** The round's number, from 1. */
  readonly round: number;
  /** x as training got it; read only. */
  readonly start: Float32Array;
  /** x as training left it; the algorithm may move it, and corrections are added to what it leaves. */
  readonly parameters: Float32Array;
  readonly openEdges: readonly EdgeView<EdgeMemory>[];
}

export interface Contribution {
  readonly gamma: number;
  readonly parts: readonly DeltaPart[];
}

/** One exchange to apply: `own` and `theirs` have the same sequence number. */
export interface Exchange<EdgeMemory> {
  readonly edge: EdgeView<EdgeMemory>;
  readonly own: Delta;
  readonly theirs: Delta;
  /** x of this end before the exchange, read only: may decide a refusal, never the correction. */
  readonly parameters: Float32Array;
}

/** What both ends of an edge hold alike after an exchange, for the audit and the comparison of the ends. */
export interface ReplicaPair {
  /** This end's replica, and the neighbor's. */
  readonly own: Float32Array;
  readonly theirs: Float32Array;
  /** All else, in an order that is the same at both ends. @default none */
  readonly others?: readonly ArrayBufferView[];
}

/** An edge whose ends were seen to differ (replica-check.ts). */
export interface EdgeReset<EdgeMemory> {
  readonly edge: EdgeView<EdgeMemory>;
  /** The exchange at which it was seen, of which nothing is applied; 0 where the edge begins a new epoch. */
  readonly exchange: number;
  /** Resets of this edge, this one included. */
  readonly resets: number;
}

export interface Algorithm<NodeMemory, EdgeMemory> {
  readonly name: string;
  readonly spec: string;
  /** What of the run's compressor is used: on differences to replicas, on the parameters' values, or not at all. */
  readonly compresses: 'differences' | 'values' | 'nothing';
  /** Vectors sent side by side (DeltaPart.stream); the first is for the parameters. @default 1 */
  readonly streams?: number;
  /** Exchanges on each edge a round, one after another. @default 1 */
  readonly exchanges?: number;
  /**
   * True where exchanges may be made and applied at any time, one by one: each is a pair of opposite corrections of what
   * the ends are at that moment. False where the arithmetic belongs to a round. @default false
   */
  readonly asynchronous?: boolean;
  /** True where the guard's factor does something: gamma, or how messages are encoded. @default false */
  readonly guarded?: boolean;
  /**
   * True where a peer may be started again, or be new, while others go on (incarnation.ts): what one peer holds is of no
   * account to the sums of the others, and `resetEdge` makes new what an edge keeps. @default false
   */
  readonly toleratesChurn?: boolean;
  /**
   * True where a round is nothing without the answer of a neighbor, also of one that is rounds ahead: lockstep then waits for
   * every active edge. @default false: for those that are not ahead (lockstep.ts)
   */
  readonly awaitsAhead?: boolean;
  /** Families of topologies on which it runs. @default all */
  readonly topologies?: readonly string[];
  /** The form that it takes in a run, where that depends on the run. @throws GrapevineError BAD_CONFIG */
  forRun?(run: RunFacts): AnyAlgorithm;
  /** @throws GrapevineError BAD_CONFIG where the algorithm cannot run on this peer's neighborhood. */
  checkEdges?(edges: readonly { readonly neighbor: number; readonly weight: number }[]): void;
  /** How many times further apart than others its messages may become in a healthy run. @default 1 */
  readonly guardSlack?: number;
  /** True where a biased compressor makes it diverge. @default false */
  readonly needsUnbiased?: boolean;
  /** What is compressed with unless the user says otherwise. @default config/schema.ts's */
  readonly defaultCompressor?: string;
  /**
   * Why W must be the same in all rounds, with every edge in each: a sentence part behind "algorithm <name>", without a period at
   * its end. Absent where a round's exchanges are opposite corrections whatever W_t is.
   */
  readonly oneMatrix?: string;
  /** @throws GrapevineError BAD_CONFIG where the algorithm cannot run on this topology. */
  checkTopology?(topology: Topology): void;
  createNode(context: AlgorithmContext): NodeMemory;
  createEdge(context: AlgorithmContext, neighbor: number): EdgeMemory;
  /** This peer has no past: it goes on from `parameters`, the model of another. */
  adopt?(context: AlgorithmContext, node: NodeMemory, parameters: Float32Array): void;
  /** Once a round, after training and before the first `compose`. */
  beginRound(context: AlgorithmContext, node: NodeMemory, round: RoundStart<EdgeMemory>): void;
  /**
   * The neighbors that this peer begins an exchange with in `round`, after `beginRound`; it answers others all the same.
   * Absent: all of them. In lockstep the two ends must agree on the rounds, or one waits until the other is silent.
   * `busy`: a difference of its own is still under way.
   */
  partners?(
    context: AlgorithmContext,
    node: NodeMemory,
    at: {
      readonly round: number;
      readonly openEdges: readonly EdgeView<EdgeMemory>[];
      readonly busy: boolean;
    },
  ): readonly number[];
  /** Before each exchange of a round but the first; `exchange` counts from 1. May move the parameters. */
  beginExchange?(
    context: AlgorithmContext,
    node: NodeMemory,
    at: { readonly exchange: number; readonly parameters: Float32Array },
  ): void;
  /**
   * This end's contribution to the next exchange of `edge`. `busy`: a difference of this peer is under way on another
   * active edge. In the asynchronous pace `parameters` have moved since `beginRound`. Null: none in this exchange of the
   * round.
   */
  compose(
    context: AlgorithmContext,
    node: NodeMemory,
    from: {
      readonly parameters: Float32Array;
      readonly edge: EdgeView<EdgeMemory>;
      readonly busy: boolean;
    },
  ): Contribution | null;
  /**
   * omega-hat of each block in this end's latest difference on `edge`, which has not been applied yet: what the
   * compressor did to x - xHat. Absent where nothing is compressed.
   */
  contraction?(
    context: AlgorithmContext,
    node: NodeMemory,
    from: { readonly parameters: Float32Array; readonly edge: EdgeView<EdgeMemory> },
  ): readonly number[];
  /**
   * ||x - xHat||^2 of this end's latest difference on `edge`, for the guard: what was still to be sent when it was
   * made. Absent where nothing is kept back.
   */
  residual?(
    context: AlgorithmContext,
    node: NodeMemory,
    from: { readonly parameters: Float32Array; readonly edge: EdgeView<EdgeMemory> },
  ): number;
  /** The guard has backed off to `factor` < 1: gamma is scaled by the caller, anything else is done here. */
  backOff?(node: NodeMemory, factor: number): void;
  /**
   * After the last exchange of a round. May move the parameters, which then are what is trained and reported: push-sum's
   * z = x / w, or a mean of neighbors that is no sum over edges. Nothing here keeps the mean by itself. Returns the round
   * that the others are in, where this peer is behind them and goes on from there.
   * @throws GrapevineError PEER_LOST when the peer cannot go on without those who are missing
   */
  endRound?(
    context: AlgorithmContext,
    node: NodeMemory,
    at: { readonly round: number; readonly parameters: Float32Array },
  ): number | undefined;
  /** Undoes what `endRound` did, for an exchange that comes after the last round; `endRound` follows again. */
  reopen?(node: NodeMemory, parameters: Float32Array): void;
  /**
   * Computes the correction of one exchange into context.scratch, moves the replicas, and returns them (null
   * for an algorithm without). The caller adds the correction to the parameters.
   * @throws GrapevineError PAYLOAD_* when the neighbor's difference cannot be decoded.
   */
  apply(context: AlgorithmContext, node: NodeMemory, exchange: Exchange<EdgeMemory>): ReplicaPair | null;
  /**
   * Makes what the two ends keep for an edge alike again, from what both know without a message, or by sending it whole in
   * the next exchange. Moves no parameters. Absent where nothing is kept from one exchange to the next.
   */
  resetEdge?(context: AlgorithmContext, node: NodeMemory, reset: EdgeReset<EdgeMemory>): void;
}

/** An algorithm whose memories nobody but itself looks into. */
export type AnyAlgorithm = Algorithm<unknown, unknown>;
