/**
 * What the low-rank operator remembers between messages: the right factor of the last one, from which the next
 * power iteration starts. Differences of successive rounds resemble each other, so one iteration a message tracks
 * their leading subspace (Vogels, Karimireddy and Jaggi 2019, "PowerSGD", section 3, "warm start").
 *
 * A start that has lost touch is seeded anew from N(0, 1). Three named rules:
 *
 * - vanished:  ||Q||_F < 1e-20; nothing was captured, all of Q is seeded and the next message counts as cold.
 * - empty:     a vector of Q is zero, because the block had fewer dimensions than r; this vector is seeded.
 * - poor:      ||Q||_F^2 < r / (2 min(m, n)) ||Z||_F^2, half of what a random subspace captures on average; the
 *              weakest vector is seeded. Without it a start orthogonal to Z could stay so for ever and the
 *              operator would not contract.
 *
 * State: `q` holds r vectors of n as float32; `warm` is 1 after a message that captured something; `random` is
 * the generator of this block.
 */
import { assert } from '../base/assert.js';
import { gaussian, type Random } from '../base/random.js';
import type { Factor } from '../linalg/skinny-products.js';
import type { BlockState } from './operator.js';

/** Below this norm a float32 difference is far under the resolution of any model parameter. */
const VANISHED_NORM = 1e-20;
/** Half of the share r / min(m, n) that r random directions capture on average. */
const POOR_SHARE = 0.5;

/** A fresh Gaussian start spends its first iteration on finding the row space. */
const COLD_ITERATIONS = 2;

/** The operator's view of its BlockState. */
export interface WarmStart {
  readonly q: Float32Array;
  readonly warm: Uint32Array;
  readonly random: Random;
}

function seedInto(vector: Float32Array, random: Random): void {
  for (let i = 0; i < vector.length; i++) vector[i] = gaussian(random);
}

/** A cold start for a right factor of `size` entries. */
export function createWarmStart(size: number, random: Random): BlockState {
  const q = new Float32Array(size);
  seedInto(q, random);
  return { q, warm: new Uint32Array(1), random };
}

/** The typed fields of a state that createWarmStart made. */
export function warmStartOf(state: BlockState): WarmStart {
  const { q, warm, random } = state;
  assert(
    q instanceof Float32Array && warm instanceof Uint32Array && random instanceof Uint32Array,
    'a low-rank state holds q, warm and random',
  );
  return { q, warm, random };
}

/** Power iterations of the message that begins at `start`: as many as were asked for, and from a cold one at least two. */
export function sweepsFrom({ warm }: WarmStart, iterations: number): number {
  return warm[0] === 0 ? Math.max(iterations, COLD_ITERATIONS) : iterations;
}

/** Sums of squares of the vectors of `factor`. */
function squaredNorms({ values, length, rank }: Factor): Float64Array {
  const norms = new Float64Array(rank);
  for (let c = 0; c < rank; c++) {
    let sum = 0;
    for (let i = c * length; i < (c + 1) * length; i++) sum += values[i] * values[i];
    norms[c] = sum;
  }
  return norms;
}

/** Stores Q / ||Q||_F as the next start, after the three rules above. `right` is Q, `block.energy` is ||Z||_F^2. */
export function storeWarmStart(
  start: WarmStart,
  right: Factor,
  block: { readonly energy: number; readonly rows: number; readonly cols: number },
): void {
  const { values, length, rank } = right;
  const norms = squaredNorms(right);
  let captured = 0;
  for (let c = 0; c < rank; c++) captured += norms[c];
  const norm = Math.sqrt(captured);
  if (norm < VANISHED_NORM) {
    seedInto(start.q, start.random);
    start.warm[0] = 0;
    return;
  }
  const { q } = start;
  for (let i = 0; i < values.length; i++) q[i] = values[i] / norm;
  const poor = captured < ((POOR_SHARE * rank) / Math.min(block.rows, block.cols)) * block.energy;
  const weakest = poor ? norms.indexOf(Math.min(...norms)) : -1;
  for (let c = 0; c < rank; c++) {
    if (c === weakest || isZero(q, c * length, (c + 1) * length))
      seedInto(q.subarray(c * length, (c + 1) * length), start.random);
  }
  start.warm[0] = 1;
}

/** Whether entries start .. end are all zero. */
function isZero(values: Float32Array, start: number, end: number): boolean {
  let i = start;
  while (i < end && values[i] === 0) i++;
  return i === end;
}
