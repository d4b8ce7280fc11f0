/**
 * A compressor that adds more noise than it keeps drives replicas away from what they follow, whatever gamma is: for two
 * peers ||x - S||^2 is multiplied by 1 - omega each exchange, and where C is unbiased with variance U above 1 that is U.
 * No step size mends it, and the guard could only slow it down, so such a run is refused before it begins.
 *
 * omega is measured, on Gaussian numbers in the model's own blocks, because U of most operators depends on the length of
 * a block, and theorems bound it far from above (QSGD's 16 levels on 24 x 24: U <= 1.5, measured 0.5). So is bias, for
 * algorithms that do not bear it: <C(z), z> / ||z||^2 is 1 without, and omega for a projection.
 */
import { GrapevineError } from '../base/errors.js';
import { createRandom, gaussian } from '../base/random.js';
import type { Compressor, MatrixBlock } from '../compression/compressor.js';
import { decodeAddInto } from '../compression/message.js';
import type { AnyAlgorithm } from './algorithm.js';

/** Draws are summed until so many numbers have been seen: chance then moves the shares by a few hundredths. */
const ENOUGH_NUMBERS = 4096;
const MAX_DRAWS = 16;
/** Below this <C(z), z> / ||z||^2 is a bias: rounding to 2 bits has 0.84 and does no harm, sign has 0.64 and does. */
const LEAST_ALIGNMENT = 0.75;

/** Sums over draws of one block. */
interface Sums {
  energy: number;
  error: number;
  /** <C(z), z>. */
  product: number;
}

function addBlock(sums: Sums, block: MatrixBlock, z: Float32Array, message: Float32Array): void {
  const end = block.offset + block.rows * block.cols;
  for (let k = block.offset; k < end; k++) {
    sums.energy += z[k]! * z[k]!;
    sums.error += (z[k]! - message[k]!) ** 2;
    sums.product += z[k]! * message[k]!;
  }
}

function measured(compressor: Compressor, blocks: readonly MatrixBlock[]): Sums[] {
  const length = Math.max(0, ...blocks.map(({ offset, rows, cols }) => offset + rows * cols));
  const random = createRandom('check contraction');
  const state = compressor.createState(blocks, createRandom('check contraction', 'compressor'));
  const sums = blocks.map(() => ({ energy: 0, error: 0, product: 0 }));
  const draws = Math.min(MAX_DRAWS, Math.ceil(ENOUGH_NUMBERS / Math.max(1, length)));
  for (let draw = 0; draw < draws; draw++) {
    const z = Float32Array.from({ length }, () => gaussian(random));
    const message = new Float32Array(length);
    decodeAddInto(message, compressor.encode(z, blocks, state), blocks);
    blocks.forEach((block, b) => {
      addBlock(sums[b]!, block, z, message);
    });
  }
  return sums;
}

function refuse(compressor: Compressor, { name, rows, cols }: MatrixBlock, why: string): never {
  const message = `compressor "${compressor.spec}" on "${name}" (${rows} x ${cols}) ${why}`;
  throw new GrapevineError('BAD_CONFIG', message, { compressor: compressor.spec, block: name });
}

/** Peers of one process share a compressor, an algorithm and their shapes: one of them measures. */
const passed = new WeakMap<Compressor, string>();

/** @throws GrapevineError BAD_CONFIG where the compressor does not do for the algorithm on one of the blocks */
export function requireContraction({
  algorithm,
  compressor,
  blocks,
}: {
  readonly algorithm: AnyAlgorithm;
  readonly compressor: Compressor;
  readonly blocks: readonly MatrixBlock[];
}): void {
  if (algorithm.compresses === 'nothing') return;
  const subject = [algorithm.name, ...blocks.map(({ rows, cols }) => `${rows}x${cols}`)].join(' ');
  if (passed.get(compressor) === subject) return;
  measured(compressor, blocks).forEach(({ energy, error, product }, b) => {
    const omega = 1 - error / energy;
    if (omega < 0)
      refuse(
        compressor,
        blocks[b]!,
        `adds more noise than it keeps (omega ${omega.toFixed(2)}, wanted at least 0), so replicas would run away at any ` +
          'consensus step. Choose scaled=1 where it has that, more levels or bits, smaller buckets, or another compressor.',
      );
    const alignment = product / energy;
    if (algorithm.needsUnbiased === true && alignment < LEAST_ALIGNMENT)
      refuse(
        compressor,
        blocks[b]!,
        `is biased (it keeps ${alignment.toFixed(2)} of the length, wanted at least ${LEAST_ALIGNMENT}), and algorithm ` +
          `${algorithm.name} diverges with biased compressors. Choose quantize, qsgd or natural, or algorithm edge-choco.`,
      );
  });
  passed.set(compressor, subject);
}
