/**
 * No compression: every entry as a little-endian float32. The baseline that all byte counts are compared with,
 * and the operator of blocks that must travel exactly.
 *
 * Body: rows * cols float32, row-major. bits = 32, parameter = 0.
 */
import type { RegistryEntry } from '../base/registry.js';
import { addBytesInto, largestInBytes } from '../linalg/difference.js';
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

const NONE_CODE = 1;
const NONE_BITS = 32;

/** The operator that sends `shape` as it is. */
export function createNoneOperator({ rows, cols }: BlockShape): Operator {
  return {
    code: NONE_CODE,
    bits: NONE_BITS,
    parameter: 0,
    bodyBytes: 4 * rows * cols,
    createState: () => ({}),
    encodeInto: (writer, block) => writer.f32Array(block.values),
  };
}

const decoder: OperatorDecoder = {
  code: NONE_CODE,
  name: 'none',
  check(body, block, { bits, parameter }) {
    if (bits !== NONE_BITS || parameter !== 0) {
      refuseParams(decoder, block, `got bits ${bits} and parameter ${parameter}, wanted ${NONE_BITS} and 0`);
    }
    requireLength(body, block, 4 * block.rows * block.cols);
    if (Number.isFinite(largestInBytes(body))) return;
    const view = viewOf(body);
    let at = 0;
    while (Number.isFinite(view.getFloat32(at, true))) at += 4;
    refuseValue(block, `entry ${at / 4} is ${view.getFloat32(at, true)}, wanted a finite number`);
  },
  decodeAddInto({ values }, body) {
    addBytesInto(values, body);
  },
};

const entry: RegistryEntry<Record<never, never>, OperatorPlan> = {
  name: 'none',
  summary: 'float32 numbers as they are',
  fields: {},
  make: () => createNoneOperator,
};

export const noneFamily: OperatorFamily = { entry, decoder };
