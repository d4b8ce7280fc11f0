/** Memory that is not as it was written: one bit of what one end of one edge holds, flipped from outside of the algorithm. */
import type { AnyAlgorithm, ReplicaPair } from '../../src/consensus/algorithm.js';

export interface Flip {
  readonly node: number;
  readonly neighbor: number;
  /** After which exchanges of the edge. */
  at(exchange: number): boolean;
  /** What of the pair: the replica of the neighbor (default), or one of the others. */
  readonly other?: number;
  /** Or a vector of the edge's memory. */
  readonly within?: (memory: unknown) => Float32Array;
}

/** An upper bit of the fraction of the largest number. */
function flipLargest(values: Float32Array): void {
  const largest = values.reduce((best, x, k) => (Math.abs(x) > Math.abs(values[best]!) ? k : best), 0);
  new Uint32Array(values.buffer, values.byteOffset, values.length)[largest]! ^= 1 << 20;
}

/** Of the others, which may be anything, the lowest bit of all. */
function flipIn({ theirs, others = [] }: ReplicaPair, { other, within }: Flip, memory: unknown): void {
  if (other === undefined) flipLargest(within === undefined ? theirs : within(memory));
  else {
    const { buffer, byteOffset } = others[other]!;
    new Uint8Array(buffer, byteOffset)[0]! ^= 1;
  }
}

export function withFlippedBit(algorithm: AnyAlgorithm, flip: Flip): AnyAlgorithm {
  return {
    ...algorithm,
    apply(context, node, exchange) {
      const replicas = algorithm.apply(context, node, exchange);
      const { edge, own } = exchange;
      const here = context.node === flip.node && edge.neighbor === flip.neighbor;
      if (here && flip.at(own.sequence) && replicas !== null) flipIn(replicas, flip, edge.memory);
      return replicas;
    },
  };
}
