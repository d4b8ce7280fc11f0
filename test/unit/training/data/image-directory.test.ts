import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset, Samples } from '../../../../src/training/data/dataset.js';
import { readImageDirectory } from '../../../../src/training/data/image-directory.js';
import { loadImageFiles } from '../../../../src/training/data/image-source.js';
import { cifar10, loadLocalImages, mnist } from '../../../../src/training/data/published-images.js';
import {
  cifarBytes,
  npyBytes,
  type Pictures,
  pictureFile,
  stripedPictures,
  writeIdxFiles,
} from '../../../reference/data-files.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'grapevine-images-'));
});
afterAll(() => rm(root, { recursive: true }));

const gray = stripedPictures({ count: 30, side: 28, channels: 1, seed: 1 });
const color = stripedPictures({ count: 24, side: 32, channels: 3, seed: 2 });

/** Inputs of sample `index`. */
function inputOf(samples: Samples, index: number, size: number): Float32Array {
  const out = new Float32Array(size);
  samples.inputsInto(out, Uint32Array.of(index));
  return out;
}

const counts = ({ train, test }: Dataset) => [train.count, test.count];

async function directory(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  for (const [file, bytes] of Object.entries(files)) {
    await mkdir(join(root, name, file, '..'), { recursive: true });
    await writeFile(join(root, name, file), bytes);
  }
  return join(root, name);
}

/** Files CLASS/N.png of pictures `from` to `to`. */
function folders(pictures: Pictures, from: number, to: number, kind: 'png' | 'jpeg' = 'png') {
  const files: Record<string, Uint8Array> = {};
  for (let n = from; n < to; n++)
    files[`${pictures.labels[n]}/${n}.${kind}`] = pictureFile(pictures, n, kind);
  return files;
}

describe('a directory of images', () => {
  it('may hold the four IDX files, packed or not', async () => {
    await writeIdxFiles(join(root, 'idx'), gray, 20);
    const data = await loadLocalImages(mnist, join(root, 'idx'));
    expect(counts(data)).toEqual([20, 10]);
    expect([...data.test.labels!]).toEqual([...gray.labels.subarray(20)]);
    expect(inputOf(data.test, 3, 784)[100]).toBeCloseTo(gray.images[23 * 784 + 100]! / 255, 6);
  });

  it('may hold the batches of CIFAR-10, each an origin, or its archive; channels are standardized', async () => {
    const batches = {
      'data_batch_1.bin': cifarBytes(color, 0, 10),
      'data_batch_2.bin': cifarBytes(color, 10, 20),
      'test_batch.bin': cifarBytes(color, 20, 24),
    };
    const loose = await loadLocalImages(cifar10, await directory('cifar', batches));
    expect(counts(loose)).toEqual([20, 4]);
    expect([...loose.train.origins!]).toEqual([...new Array(10).fill(0), ...new Array(10).fill(1)]);
    const value = color.images[11 * 3072 + 4]! / 255;
    expect(inputOf(loose.train, 11, 3072)[4]).toBeCloseTo((value - 0.4822) / 0.2435, 5);
    const entries = Object.entries(batches).map(([file, data]) => ({
      name: `cifar-10-batches-bin/${file}`,
      data,
    }));
    const archive = gzipSync(createTar(entries, { attrs: { mtime: 0 } }));
    const packed = await loadLocalImages(
      cifar10,
      await directory('archive', { 'cifar-10-binary.tar.gz': archive }),
    );
    expect(counts(packed)).toEqual([20, 4]);
    expect(inputOf(packed.train, 11, 3072)).toEqual(inputOf(loose.train, 11, 3072));
  });

  it('may hold NumPy arrays, and without a test part is tested on a tenth', async () => {
    const data = await loadLocalImages(
      mnist,
      await directory('npy', {
        'x_train.npy': npyBytes('|u1', [30, 28, 28], gray.images),
        'y_train.npy': npyBytes('<i8', [30], new Uint8Array(BigInt64Array.from(gray.labels, BigInt).buffer)),
      }),
    );
    expect(counts(data)).toEqual([27, 3]);
  });

  it('may hold a folder of PNG files for each class, with the same pixels', async () => {
    const train = folders(gray, 0, 20);
    const test = folders(gray, 20, 30);
    const files = Object.fromEntries([
      ...Object.entries(train).map(([file, bytes]) => [`train/${file}`, bytes]),
      ...Object.entries(test).map(([file, bytes]) => [`test/${file}`, bytes]),
    ]);
    const data = await loadLocalImages(mnist, await directory('png', files));
    expect(counts(data)).toEqual([20, 10]);
    expect([...data.test.labels!]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(inputOf(data.test, 7, 784)).toEqual(
      Float32Array.from(gray.images.subarray(27 * 784, 28 * 784), (byte) => byte * (1 / 255)),
    );
  });

  it('may hold JPEG files, close to the pixels they were made of', async () => {
    const place = await directory('jpeg', folders(gray, 0, 3, 'jpeg'));
    const { train } = await readImageDirectory(place, { channels: 1 });
    expect([...train.labels]).toEqual([0, 1, 2]);
    const distance =
      [...train.images].reduce((sum, byte, k) => sum + Math.abs(byte - gray.images[k]!), 0) / 3;
    expect(distance / 784).toBeLessThan(4);
  });
});

describe('images of the user', () => {
  it('name their own classes, and hold a device to them', async () => {
    const pictures = stripedPictures({ count: 20, side: 8, channels: 3, seed: 3 });
    const named = (names: readonly string[], from: number) =>
      Object.fromEntries(
        names.map((name, n) => [`${name}/${n}.png`, pictureFile(pictures, from + n, 'png')]),
      );
    const shared = await directory('own/shared', {
      ...named(['cat', 'dog'], 0),
      'cat/b.png': pictureFile(pictures, 2, 'png'),
    });
    const device = await directory('own/device', named(['dog'], 5));
    const files = { directory: shared, channels: 3 };
    const data = await loadImageFiles(files, { cacheDirectory: root });
    expect(data.inputShape).toEqual([8, 8, 3]);
    expect(data.targets).toMatchObject({ classes: 2, names: ['cat', 'dog'] });
    const own = await loadImageFiles(files, { cacheDirectory: root, dataDirectory: device });
    expect([...own.train.labels!]).toEqual([1]);
    expect(own.test.count).toBe(data.test.count);
    const stranger = await directory('own/stranger', named(['bird'], 5));
    await expect(loadImageFiles(files, { cacheDirectory: root, dataDirectory: stranger })).rejects.toThrow(
      /no class is called "bird"; wanted folders named cat, dog/,
    );
  });
});

describe('what is wrong with a directory is said', () => {
  const load = async (name: string, files: Readonly<Record<string, Uint8Array>>) =>
    loadLocalImages(mnist, await directory(name, files));

  it('where it does not exist or holds no images', async () => {
    await expect(loadLocalImages(mnist, join(root, 'nowhere'))).rejects.toThrow(
      /nowhere could not be read.*Check the path/,
    );
    await expect(load('empty', { 'readme.txt': Buffer.from('x') })).rejects.toThrow(
      /got no image; wanted PNG or JPEG/,
    );
  });

  it('where images have another size, or one differs from the rest', async () => {
    const small = stripedPictures({ count: 10, side: 14, channels: 1, seed: 4 });
    await expect(load('small', folders(small, 0, 10))).rejects.toThrow(
      /images of 14 x 14 x 1; wanted 28 x 28 x 1/,
    );
    const mixed = { ...folders(gray, 0, 10), '9/zz.png': pictureFile(small, 0, 'png') };
    await expect(load('mixed', mixed)).rejects.toThrow(
      /zz\.png: got 14 x 14 pixels; wanted images of one size, here 28 x 28/,
    );
  });

  it('where a file is damaged, labels are missing, or do not match', async () => {
    const broken = { ...folders(gray, 0, 3), '3/x.png': Buffer.from('no image') };
    await expect(load('broken', broken)).rejects.toThrow(/x\.png: got an image that does not decode/);
    await writeIdxFiles(join(root, 'unlabeled'), gray, 20);
    await rm(join(root, 'unlabeled', 'train-labels-idx1-ubyte'));
    await expect(loadLocalImages(mnist, join(root, 'unlabeled'))).rejects.toThrow(
      /no labels beside it; wanted train-labels/,
    );
    const arrays = {
      'x_train.npy': npyBytes('|u1', [30, 28, 28], gray.images),
      'y_train.npy': npyBytes('|u1', [29], gray.labels.subarray(1)),
    };
    await expect(load('uneven', arrays)).rejects.toThrow(/30 images and 29 labels/);
    const packed = gzipSync(Buffer.alloc(100)).subarray(0, 20);
    await expect(
      load('cut', { 'train-images-idx3-ubyte.gz': packed, 'train-labels-idx1-ubyte': packed }),
    ).rejects.toThrow(/gzip that does not unpack/);
  });
});
