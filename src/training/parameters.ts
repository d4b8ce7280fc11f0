/**
 * A model's parameters as one flat float32 vector with a layout. The layout also says how the vector is cut
 * into matrices for compression. A dense layer's kernel [in, out] and its bias [out] lie next to each other,
 * so that together they are one matrix [in + 1, out]: the bias is folded in by position, nothing is copied.
 */
import { createHash } from 'node:crypto';
import type { MatrixBlock } from '../compression/compressor.js';

export interface ParameterTensor {
  /** Unique in the model: "dense1/kernel". */
  readonly name: string;
  readonly shape: readonly number[];
  /** Index of the first entry in the flat vector. */
  readonly offset: number;
  readonly size: number;
}

export interface ParameterLayout {
  /** Length of the flat vector. */
  readonly size: number;
  /** In order of offset, without gaps. */
  readonly tensors: readonly ParameterTensor[];
  /** Covers the vector exactly once, in order of offset. */
  readonly blocks: readonly MatrixBlock[];
}

/** Lays `tensors` out one after another. */
export function layOut(
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
  blocks: readonly MatrixBlock[],
): ParameterLayout {
  let offset = 0;
  const placed = tensors.map(({ name, shape }) => {
    const size = shape.reduce((product, side) => product * side, 1);
    const tensor = { name, shape, offset, size };
    offset += size;
    return tensor;
  });
  return { size: offset, tensors: placed, blocks };
}

/** Peers compare this to be sure that they train the same shapes. */
export function layoutHash(layout: ParameterLayout): string {
  const facts = JSON.stringify([layout.size, layout.tensors, layout.blocks]);
  return createHash('sha256').update(facts).digest('hex').slice(0, 16);
}
