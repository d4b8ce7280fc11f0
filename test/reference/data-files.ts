/**
 * Small data files in published formats, written byte by byte as the formats say and by none of the code that reads
 * them; and what to write: pictures of striped classes, a text with rules, a table with an answer.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode as encodeJpeg } from 'jpeg-js';
import { PNG } from 'pngjs';
import { createRandom, gaussian, uniform, uniformInt } from '../../src/base/random.js';

/** IDX of unsigned bytes (LeCun). */
export function idxBytes(shape: readonly number[], values: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = 0x08;
  header[3] = shape.length;
  shape.forEach((side, axis) => header.writeUInt32BE(side, 4 + 4 * axis));
  return Buffer.concat([header, values]);
}

/** A .npy file of version 1 or 2; `type` such as "<f4", `entries` their bytes. */
export function npyBytes(type: string, shape: readonly number[], entries: Uint8Array, version = 1): Buffer {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const lengthBytes = version === 1 ? 2 : 4;
  const padded = text.padEnd(Math.ceil((8 + lengthBytes + text.length + 1) / 64) * 64 - 9 - lengthBytes);
  const head = Buffer.alloc(8 + lengthBytes);
  head.write('\x93NUMPY', 'latin1');
  head[6] = version;
  head.writeUIntLE(padded.length + 1, 8, lengthBytes);
  return Buffer.concat([head, Buffer.from(`${padded}\n`, 'latin1'), entries]);
}

export interface Pictures {
  /** [count, side, side, channels] */
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly side: number;
  readonly channels: 1 | 3;
}

export interface PictureOptions {
  readonly count: number;
  readonly side: number;
  readonly channels: 1 | 3;
  readonly seed: number;
}

/** Ten classes of stripes, each of its own angle and width, at any place, with noise. */
export function stripedPictures({ count, side, channels, seed }: PictureOptions): Pictures {
  const random = createRandom('striped pictures', seed);
  const images = new Uint8Array(count * side * side * channels);
  const labels = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    const label = n % 10;
    labels[n] = label;
    const angle = (Math.PI * (label % 5)) / 5;
    const pace = (2 * Math.PI) / (label < 5 ? 5 : 9);
    const phase = 2 * Math.PI * uniform(random);
    for (let p = 0; p < side * side; p++) {
      const along = (p % side) * Math.cos(angle) + Math.floor(p / side) * Math.sin(angle);
      for (let c = 0; c < channels; c++) {
        const value = 128 + 70 * Math.sin(pace * along + phase) + 25 * gaussian(random);
        images[(n * side * side + p) * channels + c] = Math.max(0, Math.min(255, value));
      }
    }
  }
  return { images, labels, side, channels };
}

/** The four files of MNIST and Fashion-MNIST; images of the first `train` to train. */
export async function writeIdxFiles(directory: string, pictures: Pictures, train: number): Promise<void> {
  const { images, labels, side } = pictures;
  await mkdir(directory, { recursive: true });
  const parts = [
    ['train', 0, train],
    ['t10k', train, labels.length],
  ] as const;
  for (const [part, from, to] of parts) {
    const pixels = idxBytes([to - from, side, side], images.subarray(from * side * side, to * side * side));
    await writeFile(join(directory, `${part}-images-idx3-ubyte.gz`), gzipSync(pixels));
    await writeFile(
      join(directory, `${part}-labels-idx1-ubyte`),
      idxBytes([to - from], labels.subarray(from, to)),
    );
  }
}

/** Records of CIFAR-10's binary version: label, red plane, green plane, blue plane. */
export function cifarBytes({ images, labels, side }: Pictures, from = 0, to = labels.length): Buffer {
  const plane = side * side;
  const records = Buffer.alloc((to - from) * (1 + 3 * plane));
  let at = 0;
  for (let n = from; n < to; n++) {
    records[at++] = labels[n]!;
    for (let c = 0; c < 3; c++)
      for (let p = 0; p < plane; p++) records[at++] = images[(n * plane + p) * 3 + c]!;
  }
  return records;
}

/** One picture as a file: PNG is exact, JPEG is not. */
export function pictureFile({ images, side, channels }: Pictures, n: number, kind: 'png' | 'jpeg'): Buffer {
  const data = Buffer.alloc(side * side * 4, 255);
  for (let p = 0; p < side * side; p++) {
    for (let c = 0; c < 3; c++)
      data[4 * p + c] = images[(n * side * side + p) * channels + (channels === 1 ? 0 : c)]!;
  }
  if (kind === 'jpeg') return encodeJpeg({ width: side, height: side, data }, 95).data;
  const png = new PNG({ width: side, height: side });
  data.copy(png.data);
  return PNG.sync.write(png);
}

/** Sentences of a small grammar: what follows is often certain, never quite. */
export function grammarText(sentences: number, seed = 1): string {
  const random = createRandom('grammar text', seed);
  const pick = (words: readonly string[]) => words[uniformInt(random, words.length)]!;
  const sentence = () =>
    `The ${pick(['vine', 'leaf', 'peer', 'grape'])} ${pick(['grows', 'waits', 'listens'])} ` +
    `${pick(['under', 'over', 'beside'])} the ${pick(['hill', 'wall', 'river'])}.`;
  return Array.from({ length: sentences }, sentence).join(' ');
}

/** Houses: area and city make the price (in thousands) and the class; a column of each kind, and a region. */
export function houseTable(rows: number, seed = 1): string {
  const random = createRandom('house table', seed);
  const cities = ['Aston', 'Byfield', 'Corby'];
  const lines = Array.from({ length: rows }, (_, id) => {
    const area = 40 + Math.round(160 * uniform(random));
    const city = uniformInt(random, cities.length);
    const garden = uniform(random) < 0.5 ? 'yes' : 'no';
    const price = 2 * area + 60 * city + (garden === 'yes' ? 30 : 0) + 5 * gaussian(random);
    const region = `R${uniformInt(random, 4)}`;
    return [id, area, cities[city], garden, region, price.toFixed(1), price > 300 ? 'dear' : 'cheap'].join(
      ',',
    );
  });
  return ['id,area,city,garden,region,price,class', ...lines, ''].join('\n');
}
