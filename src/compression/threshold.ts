/**
 * Threshold sparsification: every entry of at least a given magnitude, exactly (Strom 2015, "Scalable distributed DNN
 * training using commodity GPU cloud computing", without its one-bit values).
 *
 *     keep x_i when |x_i| >= value and |x_i| >= relative max |x|,   and x_i is not 0
 *
 * `relative` alone contracts: the largest entry is always kept, ||C(x) - x||^2 <= (1 - 1 / d) ||x||^2, and commonly
 * by far more. `value` alone does not: what is small everywhere is never sent, and error feedback (`ef+threshold`,
 * or a replica) waits until it has grown. When neither is given, relative = 0.5.
 *
 * Body: k indices and k values (sparse-body.ts), k from 0 to d: the length depends on the values. bits = 32, parameter = 0.
 */
import { numberField, type RegistryEntry } from '../base/registry.js';
import type { BlockShape, Operator, OperatorDecoder, OperatorFamily, OperatorPlan } from './operator.js';
import { MAX_FLOAT32 } from './operator.js';
import { addEntries, checkEntries, ENTRY_BYTES, requireParams, writeEntries } from './sparse-body.js';

const THRESHOLD_CODE = 21;
const THRESHOLD_BITS = 32;
/** Of a thousand Gaussian numbers, the largest near 3.2 standard deviations, half of it leaves about a tenth. */
const DEFAULT_RELATIVE = 0.5;

export interface ThresholdOptions {
  /** Least magnitude. */
  readonly value?: number;
  /** Least share of the largest magnitude of the block. */
  readonly relative?: number;
}

/** Indices of the entries to keep, ascending. */
function selectAbove(values: Float32Array, { value, relative }: ThresholdOptions): number[] {
  let max = 0;
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]));
  const share = relative ?? 0;
  const least = Math.max(value ?? 0, share * max);
  const kept: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]);
    if (magnitude >= least && magnitude > 0) kept.push(i);
  }
  return kept;
}

function createThresholdOperator({ rows, cols }: BlockShape, options: ThresholdOptions): Operator {
  return {
    code: THRESHOLD_CODE,
    bits: THRESHOLD_BITS,
    parameter: 0,
    bodyBytes: ENTRY_BYTES * rows * cols,
    variableLength: true,
    createState: () => ({}),
    encodeInto: (writer, { values }) => writeEntries(writer, selectAbove(values, options), values),
  };
}

const decoder: OperatorDecoder = {
  code: THRESHOLD_CODE,
  name: 'threshold',
  check(body, block, got) {
    requireParams(decoder, block, { got, bits: THRESHOLD_BITS });
    checkEntries(body, block, 0);
  },
  decodeAddInto: ({ values }, body) => addEntries(values, body),
};

const entry: RegistryEntry<ThresholdOptions, OperatorPlan> = {
  name: 'threshold',
  summary: 'the entries of at least a magnitude, or a share of the largest, as float32',
  fields: {
    value: numberField('least magnitude', undefined, 0, MAX_FLOAT32),
    relative: numberField(
      'least share of the largest magnitude of the block; 0.5 without value',
      undefined,
      0,
      1,
    ),
  },
  complete: (options) =>
    options.value === undefined && options.relative === undefined ? { relative: DEFAULT_RELATIVE } : options,
  make: (options) => (shape) => createThresholdOperator(shape, options),
};

export const thresholdFamily: OperatorFamily = { entry, decoder };
