import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isGrapevineError } from '../../../../src/base/errors.js';
import { fetchPublished, type PublishedFile } from '../../../../src/training/data/download.js';
import { type Fault, startFaultyFileServer } from '../../../reference/faulty-file-server.js';

let root: string;
let directories = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'grapevine-download-'));
});
afterAll(() => rm(root, { recursive: true }));

const content = Uint8Array.from({ length: 300_000 }, (_, k) => (k * k) % 251);
const sha256 = createHash('sha256').update(content).digest('hex');
/** No process has it: the largest that Linux gives is 2^22. */
const NOBODY = 99_999_999;

const newDirectory = () => join(root, `cache-${directories++}`);
/** An address at which nothing listens any more. */
async function deadUrl(): Promise<string> {
  const server = await startFaultyFileServer(content, []);
  await server.stop();
  return server.url;
}

const fileAt = (...urls: string[]): PublishedFile => ({
  name: 'file.bin',
  urls,
  bytes: content.length,
  sha256,
});

/** Fetches from a server with these faults. */
async function fetchWith(faults: readonly Fault[], directory = newDirectory()) {
  const server = await startFaultyFileServer(content, faults);
  const notices: string[] = [];
  const outcome = await fetchPublished(fileAt(server.url), {
    directory,
    onNotice: (sentence) => notices.push(sentence),
  }).catch((error: unknown) => error);
  await server.stop();
  return { outcome, directory, notices, ranges: server.ranges, url: server.url };
}

async function expectWhole(directory: string): Promise<void> {
  expect(Buffer.compare(await readFile(join(directory, 'file.bin')), content)).toBe(0);
  expect(await readdir(directory)).toEqual(['file.bin']);
}

describe('a published file', () => {
  it('is fetched once, announced with address and size, and then taken from its place', async () => {
    const first = await fetchWith([]);
    await expectWhole(first.directory);
    expect(first.notices).toEqual([`downloading ${first.url} (0.3 MB) into ${first.directory}`]);
    const again = await fetchWith([], first.directory);
    expect(again.outcome).toBe(join(first.directory, 'file.bin'));
    expect(again.ranges).toEqual([]);
    expect(again.notices).toEqual([]);
  });

  it('put there by hand is taken as it is, without a server', async () => {
    const directory = newDirectory();
    await fetchWith([], directory); // makes the directory
    await writeFile(join(directory, 'file.bin'), content);
    const file = fileAt(await deadUrl());
    await expect(fetchPublished(file, { directory })).resolves.toBe(join(directory, 'file.bin'));
  });

  it('that is damaged in its place is fetched again', async () => {
    const { directory } = await fetchWith([]);
    await writeFile(
      join(directory, 'file.bin'),
      content.map((byte, k) => (k === 7 ? byte ^ 1 : byte)),
    );
    await fetchWith([], directory);
    await expectWhole(directory);
  });

  it('goes on where the connection broke, wherever that was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 120_000 }), { maxLength: 3 }), async (cuts) => {
        const { directory, ranges } = await fetchWith(cuts.map((after) => ({ kind: 'cut', after })));
        await expectWhole(directory);
        expect(ranges).toHaveLength(cuts.length + 1);
        // What was held grows, never beyond what was sent.
        const held = ranges.map((range) => Number(/\d+/.exec(range ?? 'bytes=0-')![0]));
        expect(held[0]).toBe(0);
        cuts.forEach((after, k) => {
          expect(held[k + 1]).toBeGreaterThanOrEqual(held[k]!);
          expect(held[k + 1]).toBeLessThanOrEqual(held[k]! + after);
        });
      }),
      { seed: 20221, numRuns: 8 },
    );
  });

  it('begins again where a server does not know ranges', async () => {
    const { directory, ranges } = await fetchWith([{ kind: 'cut', after: 100_000 }, { kind: 'no-range' }]);
    await expectWhole(directory);
    expect(ranges).toHaveLength(2);
  });

  it('goes on in a later run, with what a process that is gone has left', async () => {
    const directory = newDirectory();
    await fetchWith([], directory);
    await rm(join(directory, 'file.bin'));
    await writeFile(join(directory, `file.bin.${NOBODY}.part`), content.subarray(0, 250_000));
    const { ranges } = await fetchWith([], directory);
    expect(ranges).toEqual(['bytes=250000-']);
    await expectWhole(directory);
  });

  it('leaves the part of a living process alone', async () => {
    const directory = newDirectory();
    await fetchWith([], directory);
    await rm(join(directory, 'file.bin'));
    const theirs = `file.bin.${process.ppid}.part`;
    await writeFile(join(directory, theirs), content.subarray(0, 10));
    const { ranges } = await fetchWith([], directory);
    expect(ranges).toEqual([null]);
    expect((await readdir(directory)).sort()).toEqual(['file.bin', theirs]);
  });

  it('is fetched once by callers at the same time', async () => {
    const server = await startFaultyFileServer(content, []);
    const directory = newDirectory();
    const file = fileAt(server.url);
    const places = await Promise.all([1, 2, 3].map(() => fetchPublished(file, { directory })));
    await server.stop();
    expect(new Set(places).size).toBe(1);
    expect(server.ranges).toHaveLength(1);
  });

  it('comes from the second address where the first does not answer', async () => {
    const server = await startFaultyFileServer(content, []);
    const directory = newDirectory();
    await fetchPublished(fileAt(await deadUrl(), server.url), { directory });
    await server.stop();
    await expectWhole(directory);
  });
});

describe('a file that cannot be had', () => {
  async function refusal(faults: readonly Fault[]) {
    const { outcome, directory, url } = await fetchWith(faults);
    expect(isGrapevineError(outcome, 'DATA_UNAVAILABLE')).toBe(true);
    return { message: String(outcome), directory, url };
  }

  const always = (fault: Fault) => new Array<Fault>(10).fill(fault);

  it('leads to a message with the address, the file, its hash, and where to put it by hand', async () => {
    const { message, directory, url } = await refusal(always({ kind: 'status', status: 404 }));
    expect(message).toContain(`${url}: the server answered 404`);
    expect(message).toContain(`300000 bytes with SHA-256 ${sha256}`);
    expect(message).toContain(`fetch ${url} by other means and put it into ${directory}`);
    expect(await readdir(directory)).toEqual([]);
  });

  it('says so as well without a connection', async () => {
    const file = fileAt(await deadUrl());
    await expect(fetchPublished(file, { directory: newDirectory() })).rejects.toThrow(
      /file\.bin could not be downloaded: http:\/\/127.0.0.1:\d+\/file.bin: fetch failed \(.*ECONNREFUSED.*\).*put it into/,
    );
  });

  it('keeps nothing of a file with another hash', async () => {
    const { message, directory } = await refusal(always({ kind: 'other-bytes' }));
    expect(message).toMatch(/the SHA-256 is [0-9a-f]{64}/);
    expect(await readdir(directory)).toEqual([]);
  });

  it('keeps the part of one that was cut off each time', async () => {
    const { message, directory } = await refusal(always({ kind: 'cut', after: 10_000 }));
    expect(message).toContain('Run again to continue');
    expect(await readdir(directory)).toEqual([`file.bin.${process.pid}.part`]);
  });

  it('says which directory cannot be made', async () => {
    await writeFile(join(root, 'a-file'), '');
    const { outcome } = await fetchWith([], join(root, 'a-file', 'cache'));
    expect(String(outcome)).toMatch(/ENOTDIR.*a-file/);
  });
});
