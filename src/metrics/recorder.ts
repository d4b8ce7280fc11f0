/**
 * Writes the events of a run to metrics.jsonl, one a line, through one append stream. `record` never waits and
 * never throws: a full or slow disk must not slow down or end the training that it watches.
 *
 * - Memory is bounded. Beyond MAX_BUFFERED_BYTES in the stream, round, edge and notice events are counted
 *   instead of kept (their counters are cumulative, so the next one makes up for them), and a notice
 *   METRICS_DROPPED says how many. The few others (run, evaluation, peer-lost, end) are always kept.
 * - One promise, one owner: whoever created the recorder awaits `close`, which reports the first write error.
 * - A crash can tear the last line. A recorder that appends to such a file first cuts the torn line off, so
 *   that a resumed run leaves no garbage in the middle.
 */
import { createWriteStream, mkdirSync, readFileSync, truncateSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { GrapevineError, messageOf } from '../base/errors.js';
import type { MetricsEvent } from './events.js';

/** Name of the events' file in a run directory. */
export const METRICS_FILE = 'metrics.jsonl';

/** 16 MiB, some 50,000 round events of 315 bytes: minutes of a large swarm, and little beside one model. */
export const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

export interface Recorder {
  /** Takes one event; returns at once. Does nothing after `close` or after a failed write. */
  record(event: MetricsEvent): void;
  /** Resolves when what was recorded so far has been handed to the system, or cannot be. */
  flush(): Promise<void>;
  /** Lines recorded. */
  readonly lines: number;
  /** Writes what is left and closes the file. @throws GrapevineError METRICS_WRITE_FAILED */
  close(): Promise<void>;
}

export interface RecorderOptions {
  /** @default MAX_BUFFERED_BYTES */
  readonly maxBufferedBytes?: number;
}

function writeFailed(path: string, error: unknown): GrapevineError {
  return new GrapevineError(
    'METRICS_WRITE_FAILED',
    `cannot write ${path}: ${messageOf(error)}. Free space there or choose another directory with --out; the metrics after this point are lost.`,
    { path },
    error,
  );
}

/** Cuts off what follows the last newline; a missing file is left missing. */
function cutTornLine(path: string): void {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const whole = content.lastIndexOf(0x0a) + 1;
  if (whole < content.length) truncateSync(path, whole);
}

function openStream(directory: string, path: string): WriteStream {
  try {
    mkdirSync(directory, { recursive: true });
    cutTornLine(path);
    return createWriteStream(path, { flags: 'a' });
  } catch (error) {
    throw writeFailed(path, error);
  }
}

function mayBeDropped(event: MetricsEvent): boolean {
  return event.event === 'round' || event.event === 'edge' || event.event === 'notice';
}

/**
 * A recorder on `directory`/metrics.jsonl; makes the directory, appends to a file that is there.
 * @throws GrapevineError METRICS_WRITE_FAILED: the directory cannot be made or the file not read
 */
export function createRecorder(directory: string, options: RecorderOptions = {}): Recorder {
  const path = join(directory, METRICS_FILE);
  const maxBufferedBytes = options.maxBufferedBytes ?? MAX_BUFFERED_BYTES;
  const stream = openStream(directory, path);
  let failure: Error | null = null;
  let closing: Promise<void> | null = null;
  let dropped = 0;
  let droppedAtMs = 0;
  let lines = 0;
  stream.on('error', (error) => {
    failure ??= error;
  });

  const write = (event: MetricsEvent): void => {
    stream.write(`${JSON.stringify(event)}\n`);
    lines += 1;
  };
  const confessDropped = (): void => {
    if (dropped === 0) return;
    const message = `${dropped} events were not written: the disk was slower than the run`;
    dropped = 0;
    write({ event: 'notice', atMs: droppedAtMs, peer: null, code: 'METRICS_DROPPED', message });
  };
  const finish = async (): Promise<void> => {
    if (failure === null) {
      confessDropped();
      stream.end();
    }
    try {
      await finished(stream);
    } catch (error) {
      throw writeFailed(path, failure ?? error);
    }
  };

  return {
    record(event) {
      if (failure !== null || closing !== null) return;
      if (stream.writableLength >= maxBufferedBytes && mayBeDropped(event)) {
        dropped++;
        droppedAtMs = 'atMs' in event ? event.atMs : 0;
        return;
      }
      // The end stays the last line.
      if (stream.writableLength < maxBufferedBytes || event.event === 'end') confessDropped();
      write(event);
    },
    get lines() {
      return lines;
    },
    flush() {
      if (failure !== null || closing !== null) return Promise.resolve();
      return new Promise((resolve) => void stream.write('', () => resolve()));
    },
    close() {
      closing ??= finish();
      return closing;
    },
  };
}

/** A recorder that keeps its events: for tests and for runs that write no directory. */
export interface MemoryRecorder extends Recorder {
  readonly events: readonly MetricsEvent[];
}

export function createMemoryRecorder(): MemoryRecorder {
  const events: MetricsEvent[] = [];
  let closed = false;
  return {
    events,
    record(event) {
      if (!closed) events.push(event);
    },
    get lines() {
      return events.length;
    },
    async flush() {},
    async close() {
      closed = true;
    },
  };
}
