/** What the conformance laws of compressors are tried on: blocks of all shapes, and vectors of all kinds. */
import { createRandom, gaussian, uniformInt } from '../../src/base/random.js';
import type { MatrixBlock } from '../../src/compression/compressor.js';

/** Blocks one after another, from [name, rows, cols]. */
export function layOutBlocks(shapes: readonly (readonly [string, number, number])[]): MatrixBlock[] {
  let offset = 0;
  return shapes.map(([name, rows, cols]) => {
    const block = { name, offset, rows, cols };
    offset += rows * cols;
    return block;
  });
}

/** Tall, wide, square, vectors both ways, a single number, odd sizes. */
export const conformanceBlocks = layOutBlocks([
  ['tall', 37, 12],
  ['bias', 1, 9],
  ['wide', 11, 50],
  ['column', 13, 1],
  ['square', 16, 16],
  ['single', 1, 1],
  ['small', 3, 2],
]);

/** Entries of a vector with these blocks. */
export function sizeOf(blocks: readonly MatrixBlock[]): number {
  return blocks.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
}

export type Kind =
  | 'gaussian'
  | 'sparse'
  | 'constant'
  | 'rank one'
  | 'spiky'
  | 'one entry'
  | 'huge'
  | 'small'
  | 'subnormal';
export const normalKinds: readonly Kind[] = [
  'gaussian',
  'sparse',
  'constant',
  'rank one',
  'spiky',
  'one entry',
];
export const extremeKinds: readonly Kind[] = ['huge', 'small', 'subnormal'];

/** A vector of one of the kinds that compressors meet, or fail on. */
export function sampleVector(
  kind: Kind,
  seed: number,
  size: number = sizeOf(conformanceBlocks),
): Float32Array {
  const random = createRandom('sample', kind, seed);
  const chosen = uniformInt(random, size);
  const draw = (i: number): number => {
    const z = gaussian(random);
    if (kind === 'sparse') return uniformInt(random, 10) === 0 ? z : 0;
    if (kind === 'constant') return 0.1 * (seed + 1);
    if (kind === 'rank one') return Math.sin(1 + (i % 50)) * Math.cos(1 + Math.floor(i / 50));
    if (kind === 'spiky') return z ** 5;
    if (kind === 'one entry') return i === chosen ? z : 0;
    if (kind === 'huge') return z * 1e30;
    if (kind === 'small') return z * 1e-30;
    if (kind === 'subnormal') return z * 1e-43;
    return z;
  };
  return Float32Array.from({ length: size }, (_, i) => draw(i));
}

/** Equal to the bit, signs of zeros included. */
export function sameBits(x: Float32Array, y: Float32Array): boolean {
  const bytesOf = (v: Float32Array) => Buffer.from(v.buffer, v.byteOffset, v.byteLength);
  return bytesOf(x).equals(bytesOf(y));
}
