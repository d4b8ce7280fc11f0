/**
 * Top-k sparsification: the k entries of largest magnitude of each block, exactly, ties to the lowest index
 * (Stich, Cordonnier and Jaggi 2018, "Sparsified SGD with memory"). Deterministic and a contraction:
 *
 *     ||C(x) - x||^2 <= (1 - k / d) ||x||^2     for a block of d entries
 *
 * k = min(d, count) when a count is given, else max(1, round(fraction * d)).
 * Body: k indices and k values (sparse-body.ts): 8 k bytes. bits = 32, parameter = 0. With another operator for the
 * values, `top-k+B`: the frame is the k indices and the numbers a row of k values.
 */
import { integerField, numberField, type RegistryEntry } from '../base/registry.js';
import type {
  BlockShape,
  FrameDecoder,
  FramedOperator,
  Operator,
  OperatorDecoder,
  OperatorFamily,
  OperatorPlan,
} from './operator.js';
import { viewOf } from './operator.js';
import { selectTop } from './select-top.js';
import {
  addEntries,
  type CountOptions,
  checkEntries,
  checkIndices,
  countFor,
  ENTRY_BYTES,
  INDEX_BYTES,
  MAX_COUNT,
  MIN_FRACTION,
  requireCount,
  requireParams,
  writeEntries,
} from './sparse-body.js';

const TOP_K_CODE = 4;
const TOP_K_BITS = 32;

function createTopKOperator(shape: BlockShape, options: CountOptions): Operator {
  const count = countFor(shape, options);
  return {
    code: TOP_K_CODE,
    bits: TOP_K_BITS,
    parameter: 0,
    bodyBytes: ENTRY_BYTES * count,
    createState: () => ({}),
    encodeInto: (writer, { values }) => writeEntries(writer, selectTop(values, count), values),
  };
}

function createTopKFrame(shape: BlockShape, options: CountOptions): FramedOperator {
  const count = countFor(shape, options);
  return {
    code: TOP_K_CODE,
    bits: 0,
    parameter: 0,
    frameBytes: INDEX_BYTES * count,
    parts: [{ rows: 1, cols: count }],
    createState: () => ({}),
    encode({ values }, _, send) {
      const indices = selectTop(values, count);
      send(Float32Array.from(indices, (index) => values[index]));
      const frame = new Uint8Array(INDEX_BYTES * count);
      const view = viewOf(frame);
      indices.forEach((index, e) => {
        view.setUint32(INDEX_BYTES * e, index, true);
      });
      return frame;
    },
  };
}

const decoder: OperatorDecoder = {
  code: TOP_K_CODE,
  name: 'top-k',
  check(body, block, got) {
    requireParams(decoder, block, { got, bits: TOP_K_BITS });
    checkEntries(body, block, 1);
  },
  decodeAddInto: ({ values }, body) => addEntries(values, body),
};

const frameDecoder: FrameDecoder = {
  code: TOP_K_CODE,
  name: 'top-k',
  checkFrame(frame, block, got) {
    requireParams(frameDecoder, block, { got, bits: 0 });
    const count = requireCount(frame.length, block, { entryBytes: INDEX_BYTES, least: 1 });
    checkIndices(frame, block);
    return [{ rows: 1, cols: count }];
  },
  checkNumbers() {},
  addInto({ values }, { frame, parts }) {
    const view = viewOf(frame);
    parts[0].forEach((value, e) => {
      values[view.getUint32(INDEX_BYTES * e, true)] += value;
    });
  },
};

const entry: RegistryEntry<CountOptions, OperatorPlan> = {
  name: 'top-k',
  summary: 'the k entries of largest magnitude of each block, as float32',
  fields: {
    fraction: numberField('share of each block to keep', 0.01, MIN_FRACTION, 1),
    count: integerField('entries of each block; wins over fraction', undefined, 1, MAX_COUNT),
  },
  make: (options) =>
    Object.assign((shape: BlockShape) => createTopKOperator(shape, options), {
      carrier: (shape: BlockShape) => createTopKFrame(shape, options),
    }),
};

export const topKFamily: OperatorFamily = { entry, decoder, frameDecoder };
