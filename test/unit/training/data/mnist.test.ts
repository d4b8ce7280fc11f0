import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Samples } from '../../../../src/training/data/dataset.js';
import { readDigitCache, writeDigitCache } from '../../../../src/training/data/digit-cache.js';
import {
  defaultCacheDirectory,
  digitCacheFile,
  loadMnist,
  MNIST_FEATURES,
} from '../../../../src/training/data/mnist.js';
import { histogramOf } from '../../../../src/training/partition.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'grapevine-mnist-'));
});
afterAll(() => rm(directory, { recursive: true }));

function inputsOf(samples: Samples): Float32Array {
  const out = new Float32Array(samples.count * MNIST_FEATURES);
  samples.inputsInto(
    out,
    Uint32Array.from({ length: samples.count }, (_, k) => k),
  );
  return out;
}

describe('the embedded digits', () => {
  it('are 8,000 to train and 2,000 to test, of all classes, as bytes', async () => {
    const { train, test } = await loadMnist(directory);
    expect([train.count, test.count]).toEqual([8_000, 2_000]);
    expect(inputsOf(train).length).toBe(8_000 * MNIST_FEATURES);
    const both = [train, test].map(({ labels }) =>
      histogramOf(
        labels!,
        Uint32Array.from(labels!, (_, k) => k),
      ),
    );
    // The package's class counts, in all.
    expect(both[0]!.map((count, c) => count + both[1]![c]!)).toEqual([
      1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978,
    ]);
    for (const count of both[1]!) expect(count).toBeGreaterThan(140); // shuffled: about a fifth of each class
    expect(Math.max(...inputsOf(train).subarray(0, 784_00))).toBeGreaterThan(250 / 255);
  });

  it('begin with the same labels for ever', async () => {
    const { train, test } = await loadMnist(directory);
    expect(train.labels!.slice(0, 10).join('')).toMatchInlineSnapshot(`"3937127559"`);
    expect(test.labels!.slice(0, 10).join('')).toMatchInlineSnapshot(`"5109170814"`);
  });

  it('come from the cache the second time, and are the same', async () => {
    const first = await loadMnist(directory);
    const cached = await readDigitCache(digitCacheFile(directory), 10_000, MNIST_FEATURES);
    expect(Buffer.compare(cached!.labels.subarray(0, 8_000), first.train.labels!)).toBe(0);
    expect(await readdir(directory)).toEqual(['mnist-10k-v1.bin']); // no drafts left behind
  });

  it('are parsed again where the cache is damaged, which mends it', async () => {
    const sound = await loadMnist(directory);
    const file = digitCacheFile(directory);
    const bytes = await readFile(file);
    const damaged = Buffer.from(bytes);
    damaged[5_000]! ^= 1;
    await writeFile(file, damaged);
    const mended = inputsOf((await loadMnist(directory)).train);
    expect(Buffer.compare(Buffer.from(mended.buffer), Buffer.from(inputsOf(sound.train).buffer))).toBe(0);
    expect(Buffer.compare(await readFile(file), bytes)).toBe(0);
  });

  it('are not taken from a well-formed cache of other digits', async () => {
    const images = new Uint8Array(10_000 * MNIST_FEATURES);
    await writeDigitCache(digitCacheFile(directory), { images, labels: new Uint8Array(10_000) });
    expect(new Set((await loadMnist(directory)).test.labels!).size).toBe(10);
  });

  it('load at once in several callers of an empty directory', async () => {
    const fresh = join(directory, 'nested', 'cache');
    const [a, b] = await Promise.all([loadMnist(fresh), loadMnist(fresh)]);
    expect(Buffer.compare(a.train.labels!, b.train.labels!)).toBe(0);
    expect(await readdir(fresh)).toEqual(['mnist-10k-v1.bin']);
  });

  it('load without a cache where the directory cannot be made', async () => {
    const blocked = join(directory, 'a-file');
    await writeFile(blocked, '');
    const { train } = await loadMnist(join(blocked, 'cache'));
    expect(train.count).toBe(8_000);
  });
});

it('the default cache directory follows XDG_CACHE_HOME when that is absolute, else ~/.cache', () => {
  expect(defaultCacheDirectory({ XDG_CACHE_HOME: '/x', HOME: '/home/a' })).toBe('/x/grapevine');
  expect(defaultCacheDirectory({ XDG_CACHE_HOME: 'x', HOME: '/home/a' })).toBe('/home/a/.cache/grapevine');
  expect(defaultCacheDirectory({ HOME: '/home/a' })).toBe('/home/a/.cache/grapevine');
});
