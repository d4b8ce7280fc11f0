import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readDigitCache, writeDigitCache } from '../../../../src/training/data/digit-cache.js';

const digits = { images: Uint8Array.of(1, 2, 3, 4, 5, 6), labels: Uint8Array.of(7, 8) }; // 2 of 3 features
let directory: string;
let file: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'grapevine-cache-'));
  file = join(directory, 'digits.bin');
});
afterAll(() => rm(directory, { recursive: true }));

it('reads what it wrote, and leaves no draft behind', async () => {
  expect(await writeDigitCache(file, digits)).toBe(true);
  const read = await readDigitCache(file, 2, 3);
  expect([[...read!.images], [...read!.labels]]).toEqual([
    [1, 2, 3, 4, 5, 6],
    [7, 8],
  ]);
  expect(await readdir(directory)).toEqual(['digits.bin']);
});

it('answers null to every flipped byte and every cut', async () => {
  await writeDigitCache(file, digits);
  const sound = await readFile(file);
  const broken = join(directory, 'broken.bin');
  for (let at = 0; at < sound.length; at++) {
    const flipped = Buffer.from(sound);
    flipped[at]! ^= 0x10;
    await writeFile(broken, flipped);
    expect(await readDigitCache(broken, 2, 3), `byte ${at} flipped`).toBeNull();
    await writeFile(broken, sound.subarray(0, at));
    expect(await readDigitCache(broken, 2, 3), `cut at ${at}`).toBeNull();
  }
});

it('answers null to a file of other counts and to none, and false where it cannot write', async () => {
  await writeDigitCache(file, digits);
  expect(await readDigitCache(file, 3, 3)).toBeNull();
  expect(await readDigitCache(join(directory, 'absent.bin'), 2, 3)).toBeNull();
  expect(await writeDigitCache(join(file, 'below-a-file', 'digits.bin'), digits)).toBe(false);
});
