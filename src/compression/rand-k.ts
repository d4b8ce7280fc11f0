/**
 * Random sparsification: k entries of each block, every subset of k equally likely (Wangni et al. 2018; Stich,
 * Cordonnier and Jaggi 2018, section 2). The subset is not sent but drawn again by the receiver from a seed of 64 bits
 * in the message. Two forms:
 *
 *     scaled=0:  x_i                 a contraction:  E ||C(x) - x||^2 = (1 - k / d) ||x||^2
 *     scaled=1:  x_i d / k           unbiased:       E ||C(x) - x||^2 = (d / k - 1) ||x||^2
 *
 * Drawing is part of the wire format, in integers only. Floyd's algorithm (Bentley and Floyd 1987, "A sample of
 * brilliance"): for j = d - k, ..., d - 1 draw t from 0 .. j and choose t, or j when t was chosen before. The value of
 * the e-th choice is the e-th of the body. t comes from xoshiro128** (base/random.ts) by rejection: draws of 32 bits
 * from 2^32 - (2^32 mod (j + 1)) on are dropped, and of the others the remainder by j + 1 is taken. The state of the
 * generator is (seed 0, seed 1, 0x9e3779b9, 0x7f4a7c15), and its first 8 draws are dropped. Memory: 4 k bytes and d bits.
 *
 * Body: seed 0 and seed 1 as u32, then k values as float32: 8 + 4 k bytes, 32 k + 64 bits. bits = 32, parameter = 0.
 * With `rand-k+B` the frame is the seeds and k as u32, and the numbers are a row of k values.
 */

import { assert } from '../base/assert.js';
import { nextUint32, type Random, uniformInt } from '../base/random.js';
import { choiceField, integerField, numberField, type RegistryEntry } from '../base/registry.js';
import {
  type BlockShape,
  type BlockSlice,
  type BlockState,
  type FrameDecoder,
  type FramedOperator,
  type Operator,
  type OperatorDecoder,
  type OperatorFamily,
  type OperatorPlan,
  refuseValue,
  requireLength,
  viewOf,
} from './operator.js';
import {
  type CountOptions,
  checkFinite,
  countFor,
  MAX_COUNT,
  MIN_FRACTION,
  requireCount,
  requireParams,
} from './sparse-body.js';

const RAND_K_CODE = 20;
const RAND_K_BITS = 32;
const SEED_BYTES = 8;
const FRAME_BYTES = SEED_BYTES + 4;
/** The golden ratio in 64 bits: half of the generator's state that is never zero. */
const STATE_TAIL = [0x9e3779b9, 0x7f4a7c15] as const;
/** Draws until two seeds that differ in a bit have nothing in common. */
const DROPPED_DRAWS = 8;

export interface RandKOptions extends CountOptions {
  /** 1: values times d / k, unbiased; 0: values as they are, a contraction. */
  readonly scaled: 0 | 1;
}

interface Seed {
  readonly seed0: number;
  readonly seed1: number;
}

/** The subset of `count` among `size` entries that a seed stands for, in the order drawn. */
export function drawSubset({ seed0, seed1 }: Seed, size: number, count: number): Uint32Array {
  const random = Uint32Array.of(seed0, seed1, ...STATE_TAIL);
  for (let i = 0; i < DROPPED_DRAWS; i++) nextUint32(random);
  const chosen = new Uint32Array(count);
  const taken = new Uint32Array(Math.ceil(size / 32));
  for (let e = 0; e < count; e++) {
    const j = size - count + e;
    const drawn = uniformInt(random, j + 1);
    const index = (taken[drawn >>> 5] >>> (drawn & 31)) & 1 ? j : drawn;
    taken[index >>> 5] |= 1 << (index & 31);
    chosen[e] = index;
  }
  return chosen;
}

function drawSeed({ random }: BlockState): Seed {
  assert(random instanceof Uint32Array, 'a rand-k state holds its generator');
  return { seed0: nextUint32(random), seed1: nextUint32(random) };
}

/** The seed of the next message, and the numbers to send. */
function sample(slice: BlockSlice, state: BlockState, { count, scaled }: { count: number; scaled: 0 | 1 }) {
  const seed = drawSeed(state);
  const size = slice.values.length;
  const factor = scaled === 1 ? size / count : 1;
  const numbers = Float32Array.from(drawSubset(seed, size, count), (index) => factor * slice.values[index]);
  const bad = numbers.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) refuseValue(slice, `its values times ${factor} leave float32. Lower the learning rate.`);
  return { seed, numbers };
}

const createState = (random: Random): BlockState => ({ random });

function createRandKOperator(shape: BlockShape, options: RandKOptions): Operator {
  const count = countFor(shape, options);
  return {
    code: RAND_K_CODE,
    bits: RAND_K_BITS,
    parameter: 0,
    bodyBytes: SEED_BYTES + 4 * count,
    createState,
    encodeInto(writer, slice, state) {
      const { seed, numbers } = sample(slice, state, { count, scaled: options.scaled });
      writer.u32(seed.seed0);
      writer.u32(seed.seed1);
      writer.f32Array(numbers);
    },
  };
}

function createRandKFrame(shape: BlockShape, options: RandKOptions): FramedOperator {
  const count = countFor(shape, options);
  return {
    code: RAND_K_CODE,
    bits: 0,
    parameter: 0,
    frameBytes: FRAME_BYTES,
    parts: [{ rows: 1, cols: count }],
    createState,
    encode(slice, state, send) {
      const { seed, numbers } = sample(slice, state, { count, scaled: options.scaled });
      send(numbers);
      const frame = new Uint8Array(FRAME_BYTES);
      const view = viewOf(frame);
      [seed.seed0, seed.seed1, count].forEach((word, k) => {
        view.setUint32(4 * k, word, true);
      });
      return frame;
    },
  };
}

function readSeed(bytes: Uint8Array): Seed {
  const view = viewOf(bytes);
  return { seed0: view.getUint32(0, true), seed1: view.getUint32(4, true) };
}

const decoder: OperatorDecoder = {
  code: RAND_K_CODE,
  name: 'rand-k',
  check(body, block, got) {
    requireParams(decoder, block, { got, bits: RAND_K_BITS });
    requireCount(body.length - SEED_BYTES, block, { entryBytes: 4, least: 1 });
    checkFinite(body.subarray(SEED_BYTES), block);
  },
  decodeAddInto({ values }, body) {
    const view = viewOf(body);
    const subset = drawSubset(readSeed(body), values.length, (body.length - SEED_BYTES) / 4);
    for (let e = 0; e < subset.length; e++) values[subset[e]] += view.getFloat32(SEED_BYTES + 4 * e, true);
  },
};

const frameDecoder: FrameDecoder = {
  code: RAND_K_CODE,
  name: 'rand-k',
  checkFrame(frame, block, got) {
    requireParams(frameDecoder, block, { got, bits: 0 });
    requireLength(frame, block, FRAME_BYTES);
    const bytes = 4 * viewOf(frame).getUint32(SEED_BYTES, true);
    return [{ rows: 1, cols: requireCount(bytes, block, { entryBytes: 4, least: 1 }) }];
  },
  checkNumbers() {},
  addInto({ values }, { frame, parts: [numbers] }) {
    const subset = drawSubset(readSeed(frame), values.length, numbers.length);
    for (let e = 0; e < subset.length; e++) values[subset[e]] += numbers[e];
  },
};

const entry: RegistryEntry<RandKOptions, OperatorPlan> = {
  name: 'rand-k',
  summary: 'k random entries of each block, drawn again by the receiver from a seed',
  fields: {
    fraction: numberField('share of each block to keep', 0.01, MIN_FRACTION, 1),
    count: integerField('entries of each block; wins over fraction', undefined, 1, MAX_COUNT),
    scaled: choiceField('1: times d / k, unbiased; 0: as they are, a contraction', 0, [0, 1]),
  },
  make: (options) =>
    Object.assign((shape: BlockShape) => createRandKOperator(shape, options), {
      carrier: (shape: BlockShape) => createRandKFrame(shape, options),
    }),
};

export const randKFamily: OperatorFamily = { entry, decoder, frameDecoder };
