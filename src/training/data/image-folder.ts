/**
 * Images in folders, one folder a class, as PNG or JPEG files of one size:
 *
 *     digits/0/a.png   digits/0/b.jpg   digits/1/c.png   ...
 *
 * A grayscale task takes the luma of a color image (ITU-R BT.601); transparency is ignored.
 */
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { GrapevineError, messageOf } from '../../base/errors.js';
import type { ImageSet } from './image-set.js';
import { badData, readDataFile } from './read-data-file.js';

/** Samples keep a label in one byte. */
export const MAX_CLASSES = 256;
/** Longest side; a larger photo is a mistake here, and its decoder would take gigabytes. */
const MAX_SIDE = 4096;
/** Memory that one JPEG may take: MAX_SIDE squared in four bytes, and the decoder's own planes. */
const MAX_JPEG_MEGABYTES = 512;

const IMAGE = /\.(png|jpe?g)$/i;

export interface ImageFolderOptions {
  /** Names of the classes in the order of their labels; absent: the folders', sorted. */
  readonly names?: readonly string[] | undefined;
  /** 1: gray, 3: color. */
  readonly channels: number;
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4] */
  readonly data: Uint8Array;
}

/** Folders in `directory` that may be classes, sorted: by number where all are numbers. */
export async function classFolders(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const visible = names.filter((name) => !name.startsWith('.'));
  const numbers = visible.every((name) => /^\d+$/.test(name));
  return visible.sort((a, b) => (numbers ? Number(a) - Number(b) : a < b ? -1 : 1));
}

/** Loads the decoder that it needs, so that those who read no images wait for none. */
async function decode(bytes: Uint8Array, file: string): Promise<Picture> {
  const isPng = extname(file).toLowerCase() === '.png';
  const readPng = isPng ? (await import('pngjs')).PNG.sync.read : null;
  const { decode: readJpeg } = await import('jpeg-js');
  try {
    if (readPng !== null) return readPng(Buffer.from(bytes));
    return readJpeg(bytes, { useTArray: true, maxMemoryUsageInMB: MAX_JPEG_MEGABYTES });
  } catch (error) {
    throw badData(file, `an image that does not decode (${messageOf(error)})`, 'a whole PNG or JPEG file');
  }
}

/** Writes the pixels of `picture` from `at`: one byte a pixel, or three. */
function putPixels(out: Uint8Array, at: number, { data }: Picture, channels: number): void {
  const pixels = data.length / 4;
  for (let p = 0; p < pixels; p++) {
    const [red, green, blue] = [data[4 * p]!, data[4 * p + 1]!, data[4 * p + 2]!];
    if (channels === 1) out[at + p] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    else out.set([red, green, blue], at + 3 * p);
  }
}

/** What a folder called `name` is the class of. */
function labelOf(directory: string, name: string, names: readonly string[]): number {
  const label = names.indexOf(name);
  if (label >= 0) return label;
  throw new GrapevineError(
    'DATA_UNAVAILABLE',
    `${join(directory, name)}: no class is called "${name}"; wanted folders named ${names.join(', ')}. ` +
      'Rename the folder, or move it away.',
    { directory },
  );
}

/** The pixels of one file, [height, width, channels]. @throws GrapevineError DATA_UNAVAILABLE */
export async function readImageFile(
  file: string,
  channels: number,
): Promise<Pick<ImageSet, 'images' | 'shape'>> {
  const picture = await decode(await readDataFile(file), file);
  const { width, height } = picture;
  const images = new Uint8Array(height * width * channels);
  putPixels(images, 0, picture, channels);
  return { images, shape: [height, width, channels] };
}

interface LabeledFile {
  readonly file: string;
  readonly label: number;
}

async function listImages(directory: string, names: readonly string[]): Promise<LabeledFile[]> {
  const listed: LabeledFile[] = [];
  for (const folder of await classFolders(directory)) {
    const label = labelOf(directory, folder, names);
    const files = (await readdir(join(directory, folder))).filter((file) => IMAGE.test(file)).sort();
    listed.push(...files.map((file) => ({ file: join(directory, folder, file), label })));
  }
  return listed;
}

/**
 * Reads all images of `directory`.
 * @throws GrapevineError DATA_UNAVAILABLE where there is none, one does not decode, sizes differ, or a folder is no class
 */
export async function readImageFolder(directory: string, options: ImageFolderOptions): Promise<ImageSet> {
  const { channels } = options;
  const names = options.names ?? (await classFolders(directory));
  if (names.length > MAX_CLASSES)
    throw badData(directory, `${names.length} folders`, `at most ${MAX_CLASSES}`);
  const files = await listImages(directory, names);
  const [first] = files;
  if (first === undefined)
    throw badData(directory, 'no image', 'PNG or JPEG files in a folder for each class');
  let shape: number[] = [];
  let images = new Uint8Array(0);
  for (const [index, { file }] of files.entries()) {
    const picture = await decode(await readDataFile(file), file);
    const { width, height } = picture;
    if (index === 0) {
      if (Math.max(width, height) > MAX_SIDE)
        throw badData(file, `${width} x ${height} pixels`, `sides up to ${MAX_SIDE}`);
      shape = [height, width, channels];
      images = new Uint8Array(files.length * height * width * channels);
    }
    if (height !== shape[0] || width !== shape[1]) {
      const wanted = `images of one size, here ${shape[1]} x ${shape[0]} as ${first.file}`;
      throw badData(file, `${width} x ${height} pixels`, wanted);
    }
    putPixels(images, index * height * width * channels, picture, channels);
  }
  return { images, shape, names, labels: Uint8Array.from(files, ({ label }) => label) };
}
