/**
 * A directory of images, in whichever of these forms it holds them:
 *
 *     IDX        train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte [.gz]
 *     CIFAR-10   data_batch_1.bin ... data_batch_5.bin, test_batch.bin, or cifar-10-binary.tar.gz
 *     CIFAR-100  train.bin, test.bin, or cifar-100-binary.tar.gz
 *     NumPy      x_train.npy, y_train.npy, x_test.npy, y_test.npy
 *     folders    train/CLASS/*.png and test/CLASS/*.png, or CLASS/*.png without a test part (image-folder.ts)
 *
 * The test part may be absent in each of them.
 */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GrapevineError, messageOf } from '../../base/errors.js';
import { readCifar } from './cifar.js';
import { readIdx } from './idx.js';
import { readImageFolder } from './image-folder.js';
import { type ImageForm, type ImageParts, type ImageSet, joinImages } from './image-set.js';
import { readNpy } from './npy.js';
import { badData, readDataFile } from './read-data-file.js';

/** Named files of a directory or an archive. */
interface Files {
  readonly place: string;
  readonly names: readonly string[];
  read(name: string): Promise<Uint8Array>;
}

async function filesOf(directory: string): Promise<Files> {
  try {
    const names = await readdir(directory);
    return { place: directory, names, read: (name) => readDataFile(join(directory, name)) };
  } catch (error) {
    throw new GrapevineError(
      'DATA_UNAVAILABLE',
      `${directory} could not be read (${messageOf(error)}); wanted a directory of images. Check the path; it is read ` +
        'from the directory in which grapevine was started.',
      { directory },
      error,
    );
  }
}

async function filesOfArchive(directory: string, name: string): Promise<Files> {
  const place = join(directory, name);
  const { parseTar } = await import('nanotar');
  const entries = parseTar(await readDataFile(place));
  const byName = new Map(entries.map((entry) => [basename(entry.name), entry.data]));
  return {
    place,
    names: [...byName.keys()],
    async read(wanted) {
      const bytes = byName.get(wanted);
      if (bytes === undefined) throw badData(place, `no ${wanted}`, 'a whole archive: fetch it again');
      return bytes;
    },
  };
}

const within = ({ place }: Files, name: string): string => join(place, name);

async function readIdxPart(files: Files, part: string): Promise<ImageSet | null> {
  const find = (kind: string) =>
    files.names.find((name) => new RegExp(`^${part}-${kind}-ubyte(\\.gz)?$`).test(name));
  const [images, labels] = [find('images[-.]idx3'), find('labels[-.]idx1')];
  if (images === undefined) return null;
  if (labels === undefined)
    throw badData(within(files, images), 'no labels beside it', `${part}-labels-idx1-ubyte`);
  const pixels = readIdx(await files.read(images), within(files, images), 3);
  const classes = readIdx(await files.read(labels), within(files, labels), 1);
  return { images: pixels.values, shape: [...pixels.shape.slice(1), 1], labels: classes.values };
}

async function readCifarPart(
  files: Files,
  names: readonly string[],
  classes: 10 | 100,
): Promise<ImageSet | null> {
  const found = names.filter((name) => files.names.includes(name));
  if (found.length === 0) return null;
  const sets: ImageSet[] = [];
  for (const name of found) {
    const set = readCifar(await files.read(name), within(files, name), classes);
    sets.push({ ...set, shape: [32, 32, 3] });
  }
  return joinImages(sets);
}

const CIFAR_10_BATCHES = [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`);

async function readCifarFiles(files: Files): Promise<ImageParts | null> {
  const archive = files.names.find((name) => /^cifar-100?-binary\.tar(\.gz)?$/.test(name));
  if (archive !== undefined) return readCifarFiles(await filesOfArchive(files.place, archive));
  const ten = await readCifarPart(files, CIFAR_10_BATCHES, 10);
  if (ten !== null) return { train: ten, test: await readCifarPart(files, ['test_batch.bin'], 10) };
  const hundred = await readCifarPart(files, ['train.bin'], 100);
  return hundred && { train: hundred, test: await readCifarPart(files, ['test.bin'], 100) };
}

async function readNpyPart(files: Files, part: string): Promise<ImageSet | null> {
  const [x, y] = [`x_${part}.npy`, `y_${part}.npy`];
  if (!files.names.includes(x)) return null;
  const images = readNpy(await files.read(x), within(files, x));
  const labels = readNpy(await files.read(y), within(files, y));
  const [, ...sides] = images.shape;
  if (sides.length < 2 || sides.length > 3)
    throw badData(
      within(files, x),
      `shape (${images.shape.join(', ')})`,
      '(count, height, width[, channels])',
    );
  const strange = labels.values.find((label) => !Number.isInteger(label) || label < 0 || label > 255);
  if (strange !== undefined)
    throw badData(within(files, y), `label ${strange}`, 'whole numbers from 0 to 255, a class each');
  return {
    images: images.values instanceof Uint8Array ? images.values : Float32Array.from(images.values),
    shape: sides.length === 2 ? [...sides, 1] : sides,
    labels: Uint8Array.from(labels.values),
  };
}

async function readFolders(directory: string, files: Files, form: FolderForm): Promise<ImageParts | null> {
  const options = { names: form.names, channels: form.channels };
  if (!files.names.includes('train')) {
    const train = await readImageFolder(directory, options);
    return { train, test: null };
  }
  const train = await readImageFolder(join(directory, 'train'), options);
  if (!files.names.includes('test')) return { train, test: null };
  return { train, test: await readImageFolder(join(directory, 'test'), { ...options, names: train.names }) };
}

/** What folders need to know before they are read. */
export interface FolderForm {
  readonly names?: ImageForm['names'] | undefined;
  readonly channels: number;
}

/**
 * The images of `directory`.
 * @throws GrapevineError DATA_UNAVAILABLE where it holds none of the forms above, or a file is damaged
 */
export async function readImageDirectory(directory: string, form: FolderForm): Promise<ImageParts> {
  const files = await filesOf(directory);
  const idx = await readIdxPart(files, 'train');
  if (idx !== null) return { train: idx, test: await readIdxPart(files, 't10k') };
  const cifar = await readCifarFiles(files);
  if (cifar !== null) return cifar;
  const npy = await readNpyPart(files, 'train');
  if (npy !== null) return { train: npy, test: await readNpyPart(files, 'test') };
  const folders = await readFolders(directory, files, form);
  if (folders !== null) return folders;
  throw badData(
    directory,
    'no images',
    'IDX, CIFAR or .npy files, or a folder of PNG or JPEG files for each class',
  );
}
