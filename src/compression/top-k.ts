/**
 * Top-k sparsification: the k entries of largest magnitude of each block, exactly, ties to the lowest index
 * (Stich, Cordonnier and Jaggi 2018, "Sparsified SGD with memory"). Deterministic and a contraction:
 *
 *     ||C(x) - x||^2 <= (1 - k / d) ||x||^2     for a block of d entries
 *
 * k = min(d, count) when a count is given, else max(1, round(fraction * d)).
 * Body: k indices as u32, strictly ascending, then k values as float32: 8 k bytes. bits = 32, parameter = 0; the
 * receiver learns k from the length of the body.
 */
import { GrapevineError } from '../base/errors.js';
import { integerField, numberField, type RegistryEntry } from '../base/registry.js';
import {
  type BlockShape,
  type Operator,
  type OperatorDecoder,
  type OperatorFamily,
  type OperatorPlan,
  refuseParams,
  refuseValue,
  viewOf,
} from './operator.js';
import { selectTop } from './select-top.js';

const TOP_K_CODE = 4;
const TOP_K_BITS = 32;
/** A u32 index and a float32 value. */
const ENTRY_BYTES = 8;
/** More entries than any block has: the bound of the u32 index. */
const MAX_COUNT = 2 ** 32 - 1;
/** Below this share even a block of the largest size would keep its one entry: smaller is a typing error. */
const MIN_FRACTION = 1e-9;

export interface TopKOptions {
  /** Share of each block's entries, from 1e-9 to 1. Not used when `count` is given. */
  readonly fraction: number;
  /** Entries of each block; wins over `fraction`. */
  readonly count?: number;
}

/** k for a block of `shape`. */
export function topKCount({ rows, cols }: BlockShape, { fraction, count }: TopKOptions): number {
  const size = rows * cols;
  return count === undefined ? Math.max(1, Math.round(fraction * size)) : Math.min(size, count);
}

function createTopKOperator(shape: BlockShape, options: TopKOptions): Operator {
  const count = topKCount(shape, options);
  return {
    code: TOP_K_CODE,
    bits: TOP_K_BITS,
    parameter: 0,
    bodyBytes: ENTRY_BYTES * count,
    createState: () => ({}),
    encodeInto(writer, { values }) {
      const indices = selectTop(values, count);
      for (const index of indices) writer.u32(index);
      for (const index of indices) writer.f32(values[index]);
    },
  };
}

/** Entries in `body`, whose length is a multiple of 8 and fits the block. */
function requireCount(body: Uint8Array, { name, rows, cols }: BlockShape): number {
  const count = body.length / ENTRY_BYTES;
  if (Number.isInteger(count) && count >= 1 && count <= rows * cols) return count;
  throw new GrapevineError(
    'PAYLOAD_BAD_LENGTH',
    `block "${name}" (${rows} x ${cols}): got a body of ${body.length} bytes, wanted 8 for each of 1 to ${rows * cols} entries. Drop the message.`,
    { block: name, got: body.length },
  );
}

const decoder: OperatorDecoder = {
  code: TOP_K_CODE,
  name: 'top-k',
  check(body, block, { bits, parameter }) {
    if (bits !== TOP_K_BITS || parameter !== 0) {
      refuseParams(decoder, block, `got bits ${bits} and parameter ${parameter}, wanted ${TOP_K_BITS} and 0`);
    }
    const count = requireCount(body, block);
    const view = viewOf(body);
    let least = 0;
    for (let e = 0; e < count; e++) {
      const index = view.getUint32(4 * e, true);
      if (index < least || index >= block.rows * block.cols) {
        refuseValue(
          block,
          `got index ${index} as entry ${e}, wanted ${least} to ${block.rows * block.cols - 1}`,
        );
      }
      const value = view.getFloat32(4 * (count + e), true);
      if (!Number.isFinite(value)) refuseValue(block, `entry ${e} is ${value}, wanted a finite number`);
      least = index + 1;
    }
  },
  decodeAddInto({ values }, body) {
    const view = viewOf(body);
    const count = body.length / ENTRY_BYTES;
    for (let e = 0; e < count; e++)
      values[view.getUint32(4 * e, true)] += view.getFloat32(4 * (count + e), true);
  },
};

const entry: RegistryEntry<TopKOptions, OperatorPlan> = {
  name: 'top-k',
  summary: 'the k entries of largest magnitude of each block, as float32',
  fields: {
    fraction: numberField('share of each block to keep', 0.01, MIN_FRACTION, 1),
    count: integerField('entries of each block; wins over fraction', undefined, 1, MAX_COUNT),
  },
  make: (options) => (shape) => createTopKOperator(shape, options),
};

export const topKFamily: OperatorFamily = { entry, decoder };
