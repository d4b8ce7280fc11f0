/**
 * Eight bits a number, with one float32 scale for each run of 256 numbers: for biases, norms and matrices too
 * small for factors. Beside matrices at four bits a number of factors, float32 vectors would dominate the message.
 *
 *     s = max|x| / 127 over the run;   x -> s round(x / s),   |error| <= s / 2 and |error| <= |x|
 *
 * so C(0) = 0 and the operator contracts: ||C(x) - x||^2 <= 256 (s / 2)^2 <= (256 / 254^2) ||x||^2 for every run,
 * because its largest entry alone adds (127 s)^2 to ||x||^2. That is omega >= 0.996.
 *
 * Body: ceil(d / 256) scales as float32, then d signed bytes from -127 to 127. bits = 8, parameter = 0.
 */
import type { RegistryEntry } from '../base/registry.js';
import {
  type BlockShape,
  type Operator,
  type OperatorDecoder,
  type OperatorFamily,
  type OperatorPlan,
  refuseParams,
  requireLength,
  viewOf,
} from './operator.js';
import { checkCodes, checkScale, levelsOf } from './quantizer.js';
import { addRunsInto, quantizeRunsInto, runBytes } from './run-codes.js';

const INT8_CODE = 2;
const INT8_BITS = 8;
const LEVELS = levelsOf(INT8_BITS);

function bodyBytesOf({ rows, cols }: BlockShape): number {
  return runBytes(rows * cols);
}

/** The operator that sends `shape` at eight bits a number. */
export function createVectorOperator(shape: BlockShape): Operator {
  return {
    code: INT8_CODE,
    bits: INT8_BITS,
    parameter: 0,
    bodyBytes: bodyBytesOf(shape),
    createState: () => ({}),
    encodeInto(writer, { values }) {
      quantizeRunsInto(writer.space(runBytes(values.length)), values);
    },
  };
}

const decoder: OperatorDecoder = {
  code: INT8_CODE,
  name: 'int8',
  check(body, block, { bits, parameter }) {
    if (bits !== INT8_BITS || parameter !== 0) {
      refuseParams(decoder, block, `got bits ${bits} and parameter ${parameter}, wanted ${INT8_BITS} and 0`);
    }
    requireLength(body, block, bodyBytesOf(block));
    const view = viewOf(body);
    const size = block.rows * block.cols;
    for (let at = 0; at < body.length - size; at += 4) checkScale(block, view.getFloat32(at, true), LEVELS);
    checkCodes(block, body.subarray(body.length - size), { bits: INT8_BITS, count: size });
  },
  decodeAddInto({ values }, body) {
    addRunsInto(values, body);
  },
};

const entry: RegistryEntry<Record<never, never>, OperatorPlan> = {
  name: 'int8',
  summary: 'eight bits a number, one scale for each 256',
  fields: {},
  make: () => createVectorOperator,
};

export const vectorFamily: OperatorFamily = { entry, decoder };
