import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isGrapevineError } from '../../../src/base/errors.js';
import type { MetricsEvent } from '../../../src/metrics/events.js';
import { parseMetrics, readMetrics } from '../../../src/metrics/read-metrics.js';
import { createMemoryRecorder, createRecorder, METRICS_FILE } from '../../../src/metrics/recorder.js';
import { fakeRun } from '../../reference/fake-run.js';

const endAt = (atMs: number): MetricsEvent => ({ event: 'end', atMs, outcome: 'done' });

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
    const recorder = createRecorder(directory);
    rmSync(directory, { recursive: true }); // before the stream has opened its file
    recorder.record(endAt(1));
    await expect(recorder.close()).rejects.toSatisfy((error) =>
      isGrapevineError(error, 'METRICS_WRITE_FAILED'),
    );
    await expect(recorder.close()).rejects.toSatisfy((error) =>
      isGrapevineError(error, 'METRICS_WRITE_FAILED'),
    );
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
