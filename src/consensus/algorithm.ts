/**
 * What an algorithm adds to the exchange of an edge. Rounds, sequence numbers, repair and failures are the
 * same for all algorithms (peer-state.ts, step.ts); an algorithm says what it sends (`compose`) and what an
 * exchange does to the parameters once both ends' differences are known (`apply`).
 *
 * The law that keeps the mean: `apply` is a function of the two differences and of the edge's replicas, which
 * are equal to the bit at both ends, so the correction that one end adds is the one that the other subtracts,
 * whenever either end gets to it.
 */
import type { Random } from '../base/random.js';
import type { Compressor, MatrixBlock } from '../compression/compressor.js';
import type { Delta, DeltaPart } from '../wire/frame.js';

/** What is fixed for one peer during a run. */
export interface AlgorithmContext {
  readonly node: number;
  readonly blocks: readonly MatrixBlock[];
  readonly compressor: Compressor;
  /** beta = ||I - W||_2 of the topology, for the automatic step size. */
  readonly beta: number;
  /** The public replica that all peers start from, which costs nothing to agree on. */
  readonly initialReplica: Float32Array;
  /** Fresh generator for the sender state of this node or of one of its edges. */
  randomFor(purpose: 'node' | 'edge', neighbor: number): Random;
  /** A copy of initialReplica, beside the peer's other vectors where kernels reach them (linalg/vectors.ts). */
  createReplica(): Float32Array;
  /** Work space of the parameters' length; holds nothing between calls. */
  readonly scratch: Float32Array;
}

/** An edge as an algorithm sees it. */
export interface EdgeView<EdgeMemory> {
  readonly neighbor: number;
  /** w_ij of the mixing matrix. */
  readonly weight: number;
  /** This end's difference of the exchange under way, not yet applied; null when none is. */
  readonly own: Delta | null;
  memory: EdgeMemory;
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
}

/** The replicas of an edge after an exchange, for the audit: this end's and the neighbor's. */
export interface ReplicaPair {
  readonly own: Float32Array;
  readonly theirs: Float32Array;
}

export interface Algorithm<NodeMemory, EdgeMemory> {
  readonly name: string;
  readonly spec: string;
  createNode(context: AlgorithmContext): NodeMemory;
  createEdge(context: AlgorithmContext, neighbor: number): EdgeMemory;
  /** Once a round, after training and before the first `compose`. */
  beginRound(
    context: AlgorithmContext,
    node: NodeMemory,
    round: { readonly parameters: Float32Array; readonly openEdges: readonly EdgeView<EdgeMemory>[] },
  ): void;
  /** This end's contribution to the next exchange of `edge`. */
  compose(
    context: AlgorithmContext,
    node: NodeMemory,
    from: { readonly parameters: Float32Array; readonly edge: EdgeView<EdgeMemory> },
  ): Contribution;
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
   * Computes the correction of one exchange into context.scratch, moves the replicas, and returns them (null
   * for an algorithm without). The caller adds the correction to the parameters.
   * @throws GrapevineError PAYLOAD_* when the neighbor's difference cannot be decoded.
   */
  apply(context: AlgorithmContext, node: NodeMemory, exchange: Exchange<EdgeMemory>): ReplicaPair | null;
}

/** An algorithm whose memories nobody but itself looks into. */
export type AnyAlgorithm = Algorithm<unknown, unknown>;
