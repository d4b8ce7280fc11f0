/**
 * One bit a number: signs, scaled so that the error is least. Two forms with one body.
 *
 * unbiased=0 (the default), "scaled sign" (Bernstein et al. 2018, "signSGD"; with this scale Karimireddy, Rebjock,
 * Stich and Jaggi 2019, "Error feedback fixes SignSGD"):
 *
 *     C(x) = (||x||_1 / d) sign(x),   sign(0) = +1
 *     ||C(x) - x||^2 = (1 - omega) ||x||^2,   omega = ||x||_1^2 / (d ||x||_2^2) >= 1 / d
 *
 * omega is 1 for numbers of one size and 2 / pi for Gaussian ones. C(0) = 0, because the scale is 0.
 *
 * unbiased=1, "stochastic sign" (Jin et al. 2020, "Stochastic-sign SGD for federated learning", with
 * B = max|x|; Safaryan and Richtarik 2021 take B = ||x||_2, which is larger):
 *
 *     C(x)_i = B sign(x_i) with probability (1 + |x_i| / B) / 2, else -B sign(x_i)
 *     E C(x) = x,   E ||C(x) - x||^2 = d B^2 - ||x||^2 <= (d - 1) ||x||^2:   U = d - 1
 *
 * No contraction: for error feedback take the biased form.
 *
 * Body: the scale as float32, then ceil(d / 8) bytes of signs, 1 for negative, the first entry in the lowest bit;
 * zeros fill the last byte. d + 32 bits. bits = 1, parameter = 0.
 */

import type { Random } from '../base/random.js';
import { choiceField, type RegistryEntry } from '../base/registry.js';
import { normOf } from './buckets.js';
import {
  type BlockShape,
  type Operator,
  type OperatorDecoder,
  type OperatorFamily,
  type OperatorPlan,
  refuseParams,
  refuseValue,
  requireLength,
  viewOf,
} from './operator.js';
import { checkScale } from './quantizer.js';
import { happens, randomOf } from './random-rounding.js';
import { addSignsInto, packSignsInto } from './sign-bits.js';

const SIGN_CODE = 14;
const SIGN_BITS = 1;

export interface SignOptions {
  /** 1 for the stochastic form. */
  readonly unbiased: 0 | 1;
}

function bodyBytesOf({ rows, cols }: BlockShape): number {
  return 4 + Math.ceil((rows * cols) / 8);
}

/** Turns each sign of a value x over with probability (1 - |x| / bound) / 2; `bound` is above 0. */
function flipSigns(
  signs: Uint8Array,
  values: Float32Array,
  { bound, random }: { bound: number; random: Random },
): void {
  for (let i = 0; i < values.length; i++) {
    if (happens((1 - Math.abs(values[i]) / bound) / 2, random)) signs[i >> 3] ^= 1 << (i & 7);
  }
}

function createSignOperator(shape: BlockShape, { unbiased }: SignOptions): Operator {
  return {
    code: SIGN_CODE,
    bits: SIGN_BITS,
    parameter: 0,
    bodyBytes: bodyBytesOf(shape),
    createState: (random) => (unbiased === 1 ? { random } : {}),
    encodeInto(writer, { values }, state) {
      const signs = new Uint8Array(Math.ceil(values.length / 8));
      const mean = packSignsInto(signs, values) / values.length;
      const scale = unbiased === 1 ? normOf(values, 'max') : mean;
      if (unbiased === 1 && scale > 0) flipSigns(signs, values, { bound: scale, random: randomOf(state) });
      writer.f32(scale);
      writer.bytes(signs);
    },
  };
}

const decoder: OperatorDecoder = {
  code: SIGN_CODE,
  name: 'sign',
  check(body, block, { bits, parameter }) {
    if (bits !== SIGN_BITS || parameter !== 0) {
      refuseParams(decoder, block, `got bits ${bits} and parameter ${parameter}, wanted ${SIGN_BITS} and 0`);
    }
    requireLength(body, block, bodyBytesOf(block));
    checkScale(block, viewOf(body).getFloat32(0, true), 1);
    const used = (block.rows * block.cols) % 8;
    if (used > 0 && body[body.length - 1] >> used !== 0) {
      refuseValue(block, 'the padding after the last sign is not zero');
    }
  },
  decodeAddInto({ values }, body) {
    const scale = viewOf(body).getFloat32(0, true);
    addSignsInto(values, body.subarray(4), scale);
  },
};

const entry: RegistryEntry<SignOptions, OperatorPlan> = {
  name: 'sign',
  summary: 'one bit a number and their mean magnitude',
  fields: {
    unbiased: choiceField('1 draws the signs: unbiased, of high variance', 0, [0, 1]),
  },
  make: (options) => (shape) => createSignOperator(shape, options),
};

export const signFamily: OperatorFamily = { entry, decoder };
