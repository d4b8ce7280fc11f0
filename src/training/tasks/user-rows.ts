/**
 * Data of a user's task module: lists of numbers become samples, and whatever is wrong in them (a short row, a text, not
 * a number, a label that is no class) is found before training and named by its place.
 */
import { GrapevineError } from '../../base/errors.js';
import type { Dataset, Samples } from '../data/dataset.js';
import { holdBack, subsetOf } from '../data/subset.js';

/** Numbers, nested as deep as a sample has axes. */
export type Numbers = number | ArrayLike<number> | readonly Numbers[];

export interface UserSamples {
  /** [samples, ...inputShape]: lists in lists, or all numbers in one typed array with `inputShape` in UserRows. */
  readonly inputs: Numbers;
  /** [samples] class numbers or values; [samples, places] where a sample has several. */
  readonly targets: Numbers;
}

export interface UserRows {
  /** Of one sample. @default what the nesting of the inputs says */
  readonly inputShape?: readonly number[];
  /** How many classes, or their names; absent: targets are values, for mean-squared-error. */
  readonly classes?: number | readonly string[];
  readonly train: UserSamples;
  /** @default a fifth of the training samples, which are then not trained on */
  readonly test?: UserSamples;
}

const TEST_SHARE = 0.2;
/** Labels of more classes do not fit into Samples.labels; partitions then do not see them. */
const MAX_LABELS = 256;

function refuse(place: string, problem: string): never {
  throw new GrapevineError('DATA_UNAVAILABLE', `${place}: ${problem}`);
}

interface Flat {
  readonly values: Float32Array;
  /** [samples, ...] */
  readonly shape: readonly number[];
}

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

/** Shape by the first entry of each axis. */
function shapeOf(value: unknown): number[] {
  return isList(value) ? [value.length, ...(value.length > 0 ? shapeOf(value[0]) : [])] : [];
}

function flatten(value: unknown, place: string): Flat {
  const shape = shapeOf(value);
  if (shape.length === 0)
    refuse(place, `got ${typeof value}; wanted a list of numbers, or of lists of numbers.`);
  const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
  let at = 0;
  const visit = (entry: unknown, axis: number, path: string): void => {
    if (axis === shape.length) {
      if (typeof entry !== 'number' || !Number.isFinite(entry))
        refuse(
          `${place}${path}`,
          `got ${typeof entry === 'number' ? entry : JSON.stringify(entry)}; wanted a finite number. Mend or drop the sample.`,
        );
      values[at++] = entry;
      return;
    }
    if (!isList(entry) || entry.length !== shape[axis]) {
      const got = isList(entry) ? `${entry.length} entries` : String(entry);
      refuse(`${place}${path}`, `got ${got}; wanted ${shape[axis]}, as the first has.`);
    }
    for (let k = 0; k < entry.length; k++) visit(entry[k], axis + 1, `${path}[${k}]`);
  };
  visit(value, 0, '');
  const bad = values.findIndex((number) => !Number.isFinite(number));
  if (bad >= 0) refuse(`${place}, number ${bad}`, `too large for float32; scale the data.`);
  return { values, shape };
}

interface Part {
  readonly inputs: Flat;
  readonly targets: Flat;
  readonly count: number;
  readonly perSample: number;
}

function readPart(samples: UserSamples, inputShape: readonly number[] | undefined, place: string): Part {
  if (
    typeof samples !== 'object' ||
    samples === null ||
    samples.inputs === undefined ||
    samples.targets === undefined
  )
    refuse(place, 'wanted { inputs, targets }.');
  const targets = flatten(samples.targets, `${place}.targets`);
  const inputs = flatten(samples.inputs, `${place}.inputs`);
  const count = targets.shape[0]!;
  if (count === 0) refuse(place, 'no samples; wanted at least one.');
  if (inputShape === undefined && inputs.shape[0] !== count)
    refuse(place, `${inputs.shape[0]} inputs and ${count} targets; wanted as many.`);
  const size = inputShape?.reduce((product, side) => product * side, 1) ?? inputs.values.length / count;
  if (inputs.values.length !== count * size) {
    refuse(
      place,
      `${inputs.values.length} numbers for ${count} samples; wanted ${count * size}, ${size} a sample ` +
        `(inputShape [${inputShape?.join(', ')}]), and as many targets as samples.`,
    );
  }
  return { inputs, targets, count, perSample: targets.values.length / count };
}

function checkLabels({ targets, perSample }: Part, classes: number, place: string): void {
  const bad = targets.values.findIndex((label) => !Number.isInteger(label) || label < 0 || label >= classes);
  if (bad < 0) return;
  refuse(
    `${place}.targets[${Math.floor(bad / perSample)}]`,
    `got class ${targets.values[bad]}; wanted whole numbers from 0 to ${classes - 1}, since classes is ${classes}. ` +
      'Number the classes from 0, or give classes more.',
  );
}

const copied = (from: Float32Array, width: number) => (out: Float32Array, indices: Uint32Array) => {
  for (let b = 0; b < indices.length; b++)
    out.set(from.subarray(indices[b]! * width, (indices[b]! + 1) * width), b * width);
};

function samplesOf({ inputs, targets, count, perSample }: Part, classes: number | null): Samples {
  const hasLabels = classes !== null && classes <= MAX_LABELS && perSample === 1;
  return {
    count,
    labels: hasLabels ? Uint8Array.from(targets.values) : null,
    origins: null,
    inputsInto: copied(inputs.values, inputs.values.length / count),
    targetsInto: copied(targets.values, perSample),
  };
}

function classCount(classes: unknown): number | null {
  if (classes === undefined) return null;
  const count = Array.isArray(classes) ? classes.length : classes;
  if (Number.isInteger(count) && (count as number) >= 2) return count as number;
  return refuse(
    'data.classes',
    `got ${JSON.stringify(classes)}; wanted a whole number of at least 2, or a list of names.`,
  );
}

/** @throws GrapevineError DATA_UNAVAILABLE naming the sample */
export function datasetOf(rows: UserRows, name: string): Dataset {
  if (typeof rows !== 'object' || rows === null || rows.train === undefined)
    refuse(
      'data',
      `got ${rows === null ? 'null' : typeof rows} without "train"; wanted { classes, train: { inputs, targets } }.`,
    );
  const classes = classCount(rows.classes);
  const parts = [readPart(rows.train, rows.inputShape, 'data.train')];
  if (rows.test !== undefined) parts.push(readPart(rows.test, rows.inputShape, 'data.test'));
  const [train, test] = parts as [Part, Part | undefined];
  const inputShape = rows.inputShape ?? train.inputs.shape.slice(1);
  if (inputShape.length === 0)
    refuse('data.train.inputs', 'one number a sample; wanted a list for each sample: [[1], [2]].');
  if (classes !== null)
    parts.forEach((part, index) => checkLabels(part, classes, index === 0 ? 'data.train' : 'data.test'));
  const sampleOf = (part: Part) => part.inputs.values.length / part.count;
  if (test !== undefined && (sampleOf(test) !== sampleOf(train) || test.perSample !== train.perSample))
    refuse('data.test', 'samples of another size than in data.train; wanted the same.');
  const all = samplesOf(train, classes);
  const { kept, held } = holdBack(train.count, TEST_SHARE);
  const names = Array.isArray(rows.classes) ? { names: rows.classes as readonly string[] } : {};
  return {
    name,
    inputShape,
    targets:
      classes === null
        ? { kind: 'values', perSample: train.perSample }
        : { kind: 'classes', classes, perSample: train.perSample, ...names },
    train: test === undefined ? subsetOf(all, kept) : all,
    test: test === undefined ? subsetOf(all, held) : samplesOf(test, classes),
  };
}
