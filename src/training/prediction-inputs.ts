/**
 * Files of a user's as inputs of a saved model, read as its training data were: rows of a table with the same means and
 * categories, images with the same scale, NumPy arrays, and lists of numbers in JSON.
 */
import { extname } from 'node:path';
import { GrapevineError, messageOf } from '../base/errors.js';
import { encodeFeatures } from './data/csv-encoding.js';
import { readCsvTable } from './data/csv-table.js';
import { readImageFile } from './data/image-folder.js';
import { readNpy } from './data/npy.js';
import { badData, readDataFile } from './data/read-data-file.js';
import { sizeOf } from './network/shapes.js';
import type { SavedModel } from './saved-model.js';

export interface PredictionInputs {
  readonly count: number;
  /** [count, ...inputShape] */
  readonly values: Float32Array;
  /** What each is called: "new.csv:2". */
  readonly names: readonly string[];
}

type ImagesOf = Extract<SavedModel['encoding'], { kind: 'images' }>;

/** Bytes to [0, 1], then each channel standardized, as in training. */
function scaled(stored: ArrayLike<number>, encoding: ImagesOf | null): Float32Array {
  const scale = encoding !== null && stored instanceof Uint8Array ? 1 / 255 : 1;
  const values = Float32Array.from(stored, (value) => value * scale);
  const statistics = encoding?.channels;
  if (statistics === undefined) return values;
  const { means, deviations } = statistics;
  return values.map((value, k) => (value - means[k % means.length]!) / deviations[k % means.length]!);
}

/** As many samples as the numbers are; `shape` is that of the file, for the message. */
function samplesOf(
  file: string,
  values: Float32Array,
  shape: readonly number[],
  inputShape: readonly number[],
) {
  const size = sizeOf(inputShape);
  const rest = sizeOf(shape.slice(1));
  const count = rest === size ? shape[0]! : values.length === size ? 1 : 0;
  if (count === 0)
    throw badData(
      file,
      `numbers of shape [${shape.join(', ')}]`,
      `[samples, ${inputShape.join(', ')}], or one sample`,
    );
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw badData(file, `${values[bad]} in sample ${Math.floor(bad / size)}`, 'finite numbers');
  const names = Array.from({ length: count }, (_, k) => (count === 1 ? file : `${file}:${k}`));
  return { count, values, names };
}

async function fromTable(file: string, { encoding }: SavedModel): Promise<PredictionInputs> {
  if (encoding?.kind !== 'table')
    throw badData(file, 'a table', 'what the model was trained on: .npy, .json, or images');
  const table = await readCsvTable([file]);
  const values = encodeFeatures(table, encoding.encoding);
  return { count: table.rows.length, values, names: table.rows.map(({ line }) => `${file}:${line}`) };
}

async function fromImage(file: string, { encoding, network }: SavedModel): Promise<PredictionInputs> {
  const shape = encoding?.kind === 'images' ? encoding.shape : network.inputShape;
  const [height, width, channels] = shape;
  if (shape.length !== 3 || (channels !== 1 && channels !== 3))
    throw badData(file, 'an image', `inputs of shape [${shape.join(', ')}]: .csv, .npy or .json`);
  const image = await readImageFile(file, channels);
  if (image.shape[0] !== height || image.shape[1] !== width)
    throw badData(
      file,
      `${image.shape[1]} x ${image.shape[0]} pixels`,
      `${width} x ${height}: scale it first`,
    );
  const own: ImagesOf = encoding?.kind === 'images' ? encoding : { kind: 'images', shape };
  return { count: 1, values: scaled(image.images, own), names: [file] };
}

async function fromNpy(file: string, { encoding, network }: SavedModel): Promise<PredictionInputs> {
  const { shape, values } = readNpy(await readDataFile(file), file);
  const numbers = scaled(values, encoding?.kind === 'images' ? encoding : null);
  return samplesOf(file, numbers, shape, network.inputShape);
}

async function fromJson(file: string, { network }: SavedModel): Promise<PredictionInputs> {
  let lists: unknown;
  try {
    lists = JSON.parse(Buffer.from(await readDataFile(file)).toString('utf8'));
  } catch (error) {
    throw badData(
      file,
      `JSON that does not parse (${messageOf(error)})`,
      'a list of samples: [[1, 2], [3, 4]]',
    );
  }
  const numbers = Array.isArray(lists) ? (lists.flat(Number.POSITIVE_INFINITY) as unknown[]) : [];
  const strange = numbers.findIndex((value) => typeof value !== 'number');
  if (strange >= 0 || numbers.length === 0)
    throw badData(
      file,
      JSON.stringify(numbers[strange] ?? lists).slice(0, 60),
      'a list of samples: [[1, 2], [3, 4]]',
    );
  const count = (lists as unknown[]).length;
  return samplesOf(
    file,
    Float32Array.from(numbers as number[]),
    [count, numbers.length / count],
    network.inputShape,
  );
}

type Reader = (file: string, model: SavedModel) => Promise<PredictionInputs>;

const readers: Readonly<Record<string, Reader>> = {
  '.csv': fromTable,
  '.npy': fromNpy,
  '.png': fromImage,
  '.jpg': fromImage,
  '.jpeg': fromImage,
  '.json': fromJson,
};

/** @throws GrapevineError DATA_UNAVAILABLE naming file and place, BAD_USAGE for other kinds of files */
export async function readInputs(files: readonly string[], model: SavedModel): Promise<PredictionInputs> {
  const parts: PredictionInputs[] = [];
  for (const file of files) {
    const reader = readers[extname(file).toLowerCase()];
    if (reader === undefined) {
      const known = Object.keys(readers).join(', ');
      throw new GrapevineError(
        'BAD_USAGE',
        `--input ${file}: wanted a file that ends in ${known}; or --prompt for a text model.`,
      );
    }
    parts.push(await reader(file, model));
  }
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.values.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  return {
    count: parts.reduce((sum, part) => sum + part.count, 0),
    values,
    names: parts.flatMap(({ names }) => names),
  };
}
