/**
 * Unbiased sparsification with the best probabilities for its variance (Wangni, Wang, Liu and Zhang 2018, "Gradient
 * sparsification for communication-efficient distributed optimization", algorithms 2 and 3): entry g_i becomes
 * g_i / p_i with probability p_i and 0 otherwise, where
 *
 *     p_i = min(1, |g_i| / lambda)
 *
 * so that an entry sent with p_i < 1 arrives as +-lambda, and one number serves them all. lambda is chosen
 *
 * - by `epsilon`: the fewest entries for a second moment of (1 + epsilon) ||g||^2. With |g_(1)| >= |g_(2)| >= ... and
 *   the smallest k for which |g_(k+1)| <= lambda, lambda = (epsilon ||g||^2 + sum_{i>k} g_(i)^2) / sum_{i>k} |g_(i)|;
 * - by `density` kappa: p_i = min(1, kappa d |g_i| / ||g||_1), then twice scaled up towards sum p_i = kappa d.
 *
 * U = epsilon, and U <= 1 / kappa. The p_i used are those of lambda as float32, so that rounding makes no bias.
 *
 * Body: e as u32, lambda as float32; e indices (u32, ascending) and e values (float32) of entries sent exactly; then the
 * sampled ones: u32 each, ascending, the index with the sign in the highest bit (1 is negative). The length depends on
 * the values and the draws. bits = 32, parameter = 0.
 */
import { assert } from '../base/assert.js';
import { GrapevineError } from '../base/errors.js';
import type { Random } from '../base/random.js';
import { uniform } from '../base/random.js';
import { numberField, type RegistryEntry } from '../base/registry.js';
import {
  type BlockShape,
  type BlockSlice,
  type Operator,
  type OperatorDecoder,
  type OperatorFamily,
  type OperatorPlan,
  refuseValue,
  viewOf,
} from './operator.js';
import {
  checkFinite,
  checkIndices,
  ENTRY_BYTES,
  INDEX_BYTES,
  requireCount,
  requireParams,
  writeEntries,
} from './sparse-body.js';

const WANGNI_CODE = 22;
const WANGNI_BITS = 32;
const HEAD_BYTES = 8;
/** The sign of a sampled entry; indices have the bits below, as no Float32Array has 2^31 entries. */
const SIGN = 0x80000000;
const INDEX_MASK = 0x7fffffff;
/** "In practice two iterations suffice" (section 3). */
const GREEDY_ITERATIONS = 2;
const DEFAULT_EPSILON = 0.5;

export interface WangniOptions {
  /** Added variance, as a share of ||g||^2; 0.5 when neither option is given. */
  readonly epsilon?: number;
  /** Wanted share of entries; wins over `epsilon`. */
  readonly density?: number;
}

/** lambda of the closed form for `values`; 0 when every entry that is not zero goes exactly. */
export function lambdaForVariance(values: Float32Array, epsilon: number): number {
  const ascending = values.map(Math.abs).sort();
  const size = values.length;
  // Sums over the entries not yet exact, smallest first, so that the tail's sums are exact where it matters.
  const sums = new Float64Array(size + 1);
  const squares = new Float64Array(size + 1);
  for (let i = 0; i < size; i++) {
    sums[i + 1] = sums[i] + ascending[i];
    squares[i + 1] = squares[i] + ascending[i] * ascending[i];
  }
  const budget = epsilon * squares[size];
  for (let left = size; left > 0 && sums[left] > 0; left--) {
    const lambda = (budget + squares[left]) / sums[left];
    if (ascending[left - 1] <= lambda) return lambda;
  }
  return 0;
}

/** lambda of the greedy form: about density * d entries. */
export function lambdaForDensity(values: Float32Array, density: number): number {
  const size = values.length;
  const total = values.reduce((sum, value) => sum + Math.abs(value), 0);
  let lambda = total / (density * size);
  for (let iteration = 0; iteration < GREEDY_ITERATIONS && lambda > 0; iteration++) {
    let active = 0;
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const probability = Math.abs(values[i]) / lambda;
      if (probability >= 1) continue;
      active++;
      sum += probability;
    }
    const factor = (density * size - size + active) / sum;
    if (!(factor > 1 && Number.isFinite(factor))) break;
    lambda /= factor;
  }
  return lambda;
}

function lambdaFor(slice: BlockSlice, { epsilon = DEFAULT_EPSILON, density }: WangniOptions): number {
  const { values } = slice;
  const lambda = Math.fround(
    density === undefined ? lambdaForVariance(values, epsilon) : lambdaForDensity(values, density),
  );
  if (!Number.isFinite(lambda))
    refuseValue(
      slice,
      'its values are too large for what stands for those not sent. Lower the learning rate.',
    );
  return lambda;
}

/** Indices of the entries sent exactly, and sampled ones with their sign. */
function sample(values: Float32Array, lambda: number, random: Random) {
  const exact: number[] = [];
  const sampled: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]);
    if (magnitude === 0) continue;
    if (magnitude >= lambda) exact.push(i);
    else if (uniform(random) * lambda < magnitude) sampled.push(values[i] < 0 ? i + SIGN : i);
  }
  return { exact, sampled };
}

function createWangniOperator({ rows, cols }: BlockShape, options: WangniOptions): Operator {
  assert(rows * cols < SIGN, 'a block has fewer than 2^31 entries');
  return {
    code: WANGNI_CODE,
    bits: WANGNI_BITS,
    parameter: 0,
    bodyBytes: HEAD_BYTES + ENTRY_BYTES * rows * cols,
    variableLength: true,
    createState: (random) => ({ random }),
    encodeInto(writer, slice, { random }) {
      assert(random instanceof Uint32Array, 'a wangni state holds its generator');
      const lambda = lambdaFor(slice, options);
      const { exact, sampled } = sample(slice.values, lambda, random);
      writer.u32(exact.length);
      writer.f32(lambda);
      writeEntries(writer, exact, slice.values);
      for (const word of sampled) writer.u32(word);
    },
  };
}

/** The sections of a body whose lengths are right. */
function openBody(body: Uint8Array) {
  const view = viewOf(body);
  const exact = view.getUint32(0, true);
  const indices = body.subarray(HEAD_BYTES, HEAD_BYTES + INDEX_BYTES * exact);
  const values = body.subarray(HEAD_BYTES + INDEX_BYTES * exact, HEAD_BYTES + ENTRY_BYTES * exact);
  return {
    lambda: view.getFloat32(4, true),
    indices,
    values,
    sampled: body.subarray(HEAD_BYTES + ENTRY_BYTES * exact),
  };
}

/** Refuses a body whose head promises more entries than it holds, or than the block has. */
function checkLengths(body: Uint8Array, block: BlockShape): void {
  const exact = body.length < HEAD_BYTES ? 0 : viewOf(body).getUint32(0, true);
  if (body.length < HEAD_BYTES + ENTRY_BYTES * exact) {
    throw new GrapevineError(
      'PAYLOAD_BAD_LENGTH',
      `block "${block.name}": got a body of ${body.length} bytes, wanted ${HEAD_BYTES + ENTRY_BYTES * exact} or more for ${exact} exact entries. Drop the message.`,
      { block: block.name, got: body.length },
    );
  }
  requireCount(ENTRY_BYTES * exact, block, { entryBytes: ENTRY_BYTES, least: 0 });
  const rest = body.length - HEAD_BYTES - ENTRY_BYTES * exact;
  requireCount(rest, block, { entryBytes: INDEX_BYTES, least: 0 });
}

/** Refuses an entry that is sent both ways; both lists are ascending. */
function checkDisjoint(exact: Uint8Array, sampled: Uint8Array, block: BlockShape): void {
  const [exactView, sampledView] = [viewOf(exact), viewOf(sampled)];
  let at = 0;
  for (let e = 0; e < exact.length; e += INDEX_BYTES) {
    const index = exactView.getUint32(e, true);
    while (at < sampled.length && (sampledView.getUint32(at, true) & INDEX_MASK) < index) at += INDEX_BYTES;
    if (at < sampled.length && (sampledView.getUint32(at, true) & INDEX_MASK) === index)
      refuseValue(block, `got entry ${index} both exactly and sampled`);
  }
}

const decoder: OperatorDecoder = {
  code: WANGNI_CODE,
  name: 'wangni',
  check(body, block, got) {
    requireParams(decoder, block, { got, bits: WANGNI_BITS });
    checkLengths(body, block);
    const { lambda, indices, values, sampled } = openBody(body);
    if (!(lambda >= 0 && Number.isFinite(lambda)))
      refuseValue(block, `got the magnitude ${lambda}, wanted a finite number from 0`);
    checkIndices(indices, block);
    checkFinite(values, block);
    checkIndices(sampled, block, INDEX_MASK);
    checkDisjoint(indices, sampled, block);
  },
  decodeAddInto(out, body) {
    const { lambda, indices, values, sampled } = openBody(body);
    const [indexView, valueView, sampledView] = [viewOf(indices), viewOf(values), viewOf(sampled)];
    for (let at = 0; at < indices.length; at += 4)
      out.values[indexView.getUint32(at, true)] += valueView.getFloat32(at, true);
    for (let at = 0; at < sampled.length; at += 4) {
      const word = sampledView.getUint32(at, true);
      out.values[word & INDEX_MASK] += word >= SIGN ? -lambda : lambda;
    }
  },
};

const entry: RegistryEntry<WangniOptions, OperatorPlan> = {
  name: 'wangni',
  summary: 'unbiased sampling of entries with the best probabilities for its variance',
  fields: {
    epsilon: numberField('added variance, a share of the energy; 0.5 without density', undefined, 0, 1e6),
    density: numberField('wanted share of entries; wins over epsilon', undefined, 1e-9, 1),
  },
  complete: (options) =>
    options.epsilon === undefined && options.density === undefined ? { epsilon: DEFAULT_EPSILON } : options,
  make: (options) => (shape) => createWangniOperator(shape, options),
};

export const wangniFamily: OperatorFamily = { entry, decoder };
