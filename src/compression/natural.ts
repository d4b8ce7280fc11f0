/**
 * Natural compression (Horvath, Ho, Horvath, Sahu, Canini and Richtarik 2019, "Natural compression for distributed
 * deep learning"): each number becomes one of the two powers of two around it, at random and unbiased,
 *
 *     |t| = 2^a (1 + f), 0 <= f < 1:   C(t) = sign(t) 2^a with probability 1 - f, sign(t) 2^(a+1) with f;   C(0) = 0
 *
 * E C(t) = t and E (C(t) - t)^2 = f (1 - f) 4^a <= t^2 / 8, attained at f = 1/3: U = 1/8, as in the paper. So it contracts
 * on average as it is, omega = 7/8. f is the mantissa of the float32: the probability is exact, and rounding means
 * to drop the mantissa and to add one to the exponent or not.
 *
 * Exponents are those of float32. Below 2^-126 (subnormal numbers) a number becomes 0 or 2^-126, unbiased by the same
 * rule, with an error up to 2^-126 that U does not bound. Above 2^127 the upper power is no float32: refused.
 *
 * Body: ceil(d / 8) bytes of signs, 1 for negative, the first entry in the lowest bit; then d exponent bytes, e for
 * 2^(e - 127) and 0 for 0, whose sign is 0. That makes 9 d bits. bits = 9, parameter = 0.
 */
import { nextUint32 } from '../base/random.js';
import type { RegistryEntry } from '../base/registry.js';
import {
  type BlockShape,
  type BlockSlice,
  type Operator,
  type OperatorDecoder,
  type OperatorFamily,
  type OperatorPlan,
  refuseParams,
  refuseValue,
  requireLength,
} from './operator.js';
import { randomOf } from './random-rounding.js';

const NATURAL_CODE = 12;
const NATURAL_BITS = 9;
const MANTISSA_BITS = 23;
const MANTISSA_MASK = 2 ** MANTISSA_BITS - 1;
/** The exponent of infinities and NaN. */
const EXPONENT_LIMIT = 255;
/** 2^127, the largest power of two that is a float32. */
const LARGEST = 2 ** 127;

const signBytes = (size: number): number => Math.ceil(size / 8);

function requireBelowLargest(block: BlockSlice): void {
  for (const value of block.values) {
    if (Math.abs(value) > LARGEST) {
      refuseValue(block, `got the value ${value}, wanted up to 2^127 in size. Lower the learning rate.`);
    }
  }
}

function createNaturalOperator({ rows, cols }: BlockShape): Operator {
  const size = rows * cols;
  return {
    code: NATURAL_CODE,
    bits: NATURAL_BITS,
    parameter: 0,
    bodyBytes: signBytes(size) + size,
    createState: (random) => ({ random }),
    encodeInto(writer, block, state) {
      requireBelowLargest(block);
      const { values } = block;
      const random = randomOf(state);
      const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
      const signs = new Uint8Array(signBytes(size));
      const exponents = new Uint8Array(size);
      for (let i = 0; i < size; i++) {
        const mantissa = words[i] & MANTISSA_MASK;
        const exponent = (words[i] >>> MANTISSA_BITS) & EXPONENT_LIMIT;
        const up = mantissa > 0 && nextUint32(random) >>> (32 - MANTISSA_BITS) < mantissa;
        exponents[i] = up ? exponent + 1 : exponent;
        if (values[i] < 0 && exponents[i] > 0) signs[i >> 3] |= 1 << (i & 7);
      }
      writer.bytes(signs);
      writer.bytes(exponents);
    },
  };
}

const decoder: OperatorDecoder = {
  code: NATURAL_CODE,
  name: 'natural',
  check(body, block, { bits, parameter }) {
    if (bits !== NATURAL_BITS || parameter !== 0) {
      refuseParams(
        decoder,
        block,
        `got bits ${bits} and parameter ${parameter}, wanted ${NATURAL_BITS} and 0`,
      );
    }
    const size = block.rows * block.cols;
    const exponentsAt = signBytes(size);
    requireLength(body, block, exponentsAt + size);
    for (let i = 0; i < 8 * exponentsAt; i++) {
      const exponent = i < size ? body[exponentsAt + i] : 0;
      const negative = ((body[i >> 3] >> (i & 7)) & 1) === 1;
      if (exponent === EXPONENT_LIMIT) refuseValue(block, `entry ${i} has the exponent ${exponent}`);
      if (negative && exponent === 0)
        refuseValue(block, `entry ${i} is a negative zero, or padding with a sign`);
    }
  },
  decodeAddInto({ values }, body) {
    const exponentsAt = signBytes(values.length);
    const word = new Uint32Array(1);
    const power = new Float32Array(word.buffer);
    for (let i = 0; i < values.length; i++) {
      word[0] = body[exponentsAt + i] << MANTISSA_BITS;
      values[i] += ((body[i >> 3] >> (i & 7)) & 1) === 1 ? -power[0] : power[0];
    }
  },
};

const entry: RegistryEntry<Record<never, never>, OperatorPlan> = {
  name: 'natural',
  summary: 'random rounding to powers of two, unbiased, 9 bits a number (Horvath et al. 2019)',
  fields: {},
  make: () => createNaturalOperator,
};

export const naturalFamily: OperatorFamily = { entry, decoder };
