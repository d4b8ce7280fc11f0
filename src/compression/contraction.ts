/**
 * The contraction a compressor has shown on given values, measured:
 *
 *     omega-hat = 1 - ||z - C(z)||^2 / ||z||^2
 *
 * 1 is lossless, 0 no better than sending nothing; an unbiased compressor can be below 0.
 */
import type { MatrixBlock } from './compressor.js';

export interface Squares {
  /** ||z||^2 */
  energy: number;
  /** ||z - q||^2 */
  error: number;
}

/** Sums over the entries of one block, in float64; q(i) is C(z)_i. */
export function squaresOf(z: Float32Array, q: Float32Array, block: MatrixBlock): Squares {
  let energy = 0;
  let error = 0;
  const end = block.offset + block.rows * block.cols;
  for (let i = block.offset; i < end; i++) {
    const rest = z[i]! - q[i]!;
    energy += z[i]! * z[i]!;
    error += rest * rest;
  }
  return { energy, error };
}

/** omega-hat; 1 for z = 0, of which nothing is lost. */
export function contractionOf({ energy, error }: Squares): number {
  return energy === 0 ? 1 : 1 - error / energy;
}

/** omega-hat of each block. */
export function contractionByBlock(
  z: Float32Array,
  q: Float32Array,
  blocks: readonly MatrixBlock[],
): number[] {
  return blocks.map((block) => contractionOf(squaresOf(z, q, block)));
}

/** `{ omega: { layer: omega-hat } }` for a metrics event; nothing where nothing was measured. */
export function namedOmegas(
  blocks: readonly MatrixBlock[],
  omegas: readonly number[] | null,
): { readonly omega?: Readonly<Record<string, number>> } {
  if (omegas === null || omegas.length !== blocks.length) return {};
  return { omega: Object.fromEntries(blocks.map(({ name }, b) => [name, omegas[b]!])) };
}
