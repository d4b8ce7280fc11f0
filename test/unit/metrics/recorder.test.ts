import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isGrapevineError } from '../../../src/base/errors.js';
import type { MetricsEvent } from '../../../src/metrics/events.js';
import { parseMetrics, readMetrics } from '../../../src/metrics/read-metrics.js';
import {
  type AppendOnlyFile,
  createMemoryRecorder,
  createRecorder,
  METRICS_FILE,
} from '../../../src/metrics/recorder.js';
import { fakeRun } from '../../reference/fake-run.js';

const endAt = (atMs: number): MetricsEvent => ({ event: 'end', atMs, outcome: 'done' });

const ROOM_BYTES = 100;

/** A file on a disk that takes ROOM_BYTES of each write and then is full, until there is room. */
function fullDisk(path: string) {
  let isFull = true;
  const file: AppendOnlyFile = {
    bytes: 0,
    async append(bytes) {
      appendFileSync(path, isFull ? bytes.subarray(0, ROOM_BYTES) : bytes);
      if (isFull) throw new Error('ENOSPC: no space left on device, write');
    },
    truncate: async (bytes) => truncateSync(path, bytes),
    isThere: () => true,
    close() {},
  };
  const setFull = (now: boolean) => () => {
    isFull = now;
  };
  return { file, makeRoom: setFull(false), fill: setFull(true) };
}

describe('createRecorder', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'grapevine-recorder-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('writes a run that reads back equal, into a directory that it makes', async () => {
    const events = fakeRun({ peers: 4, rounds: 10 });
    const inner = join(directory, 'a', 'b');
    const recorder = createRecorder(inner);
    for (const event of events) recorder.record(event);
    await recorder.close();
    expect(await readMetrics(join(inner, METRICS_FILE))).toEqual(events);
  });

  it('cuts a torn last line off before it appends, so a resumed run has no garbage in the middle', async () => {
    const [run] = fakeRun({ peers: 4, rounds: 1 });
    const path = join(directory, METRICS_FILE);
    writeFileSync(path, `${JSON.stringify(run)}\n{"event":"round","atM`);
    const recorder = createRecorder(directory);
    recorder.record(endAt(7));
    await recorder.close();
    expect(parseMetrics(readFileSync(path, 'utf8'))).toEqual([run, endAt(7)]);
  });

  it('drops rounds but never the end when the disk is behind, and says how many', async () => {
    const events = fakeRun({ peers: 4, rounds: 1, lostPeer: null });
    const rounds = events.filter((event) => event.event === 'round');
    const recorder = createRecorder(directory, { maxBufferedBytes: 1 });
    for (const event of events) recorder.record(event); // in one tick: nothing reaches the disk in between
    await recorder.close();
    const written = await readMetrics(join(directory, METRICS_FILE));
    expect(rounds).toHaveLength(4);
    expect(written.map((event) => event.event)).toEqual(['run', 'notice', 'end']);
    expect(written[1]).toMatchObject({
      code: 'METRICS_DROPPED',
      message: '4 events were not written: the disk was slower than the run',
    });
  });

  it('reports a write that failed from close, and from every close', async () => {
    const recorder = createRecorder(directory, { open: (path) => fullDisk(path).file });
    recorder.record(endAt(1));
    for (let k = 0; k < 2; k++)
      await expect(recorder.close()).rejects.toSatisfy((error) =>
        isGrapevineError(error, 'METRICS_WRITE_FAILED'),
      );
  });

  it('leaves no gap and no half a line where the disk was full for a while', async () => {
    const events = fakeRun({ peers: 4, rounds: 10 });
    const disk = fullDisk(join(directory, METRICS_FILE));
    const recorder = createRecorder(directory, { open: () => disk.file });
    for (const event of events.slice(0, 20)) recorder.record(event);
    await recorder.flush();
    expect(readFileSync(join(directory, METRICS_FILE)).length).toBe(ROOM_BYTES);
    disk.makeRoom();
    for (const event of events.slice(20)) recorder.record(event);
    await recorder.close();
    expect(await readMetrics(join(directory, METRICS_FILE))).toEqual(events);
  });

  it('leaves no half a line where the disk stays full', async () => {
    const [run, ...rest] = fakeRun({ peers: 4, rounds: 10 });
    const disk = fullDisk(join(directory, METRICS_FILE));
    disk.makeRoom();
    const recorder = createRecorder(directory, { open: () => disk.file });
    recorder.record(run!);
    await recorder.flush();
    disk.fill();
    for (const event of rest) recorder.record(event);
    await expect(recorder.close()).rejects.toThrow('ENOSPC');
    expect(readFileSync(join(directory, METRICS_FILE), 'utf8')).toBe(`${JSON.stringify(run)}\n`);
  });

  it('says so where its file was removed meanwhile', async () => {
    const recorder = createRecorder(directory);
    rmSync(directory, { recursive: true });
    recorder.record(endAt(1));
    await expect(recorder.close()).rejects.toThrow('has been removed');
  });

  it('refuses a directory that is a file, at once', () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    expect(() => createRecorder(file)).toThrow(expect.objectContaining({ code: 'METRICS_WRITE_FAILED' }));
  });

  it('ignores what comes after close', async () => {
    const recorder = createRecorder(directory);
    recorder.record(endAt(1));
    const closed = recorder.close();
    recorder.record(endAt(2));
    await closed;
    recorder.record(endAt(3));
    expect(readFileSync(join(directory, METRICS_FILE), 'utf8')).toBe(`${JSON.stringify(endAt(1))}\n`);
  });
});

describe('createMemoryRecorder', () => {
  it('keeps events in order until it is closed', async () => {
    const recorder = createMemoryRecorder();
    recorder.record(endAt(1));
    recorder.record(endAt(2));
    await recorder.close();
    recorder.record(endAt(3));
    expect(recorder.events).toEqual([endAt(1), endAt(2)]);
  });
});
