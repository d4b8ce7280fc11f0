/**
 * Writes the events of a run to metrics.jsonl, one a line, in order. `record` never waits and never throws: a full or slow
 * disk must not slow down or end the training that it watches.
 *
 * - What cannot be written is kept and tried again: a disk that was full for a while leaves no gap. A line that was
 *   written in part is cut off first.
 * - Memory is bounded. Beyond MAX_BUFFERED_BYTES that wait, round, edge and notice events are counted
 *   instead of kept (their counters are cumulative, so the next one makes up for them), and a notice
 *   METRICS_DROPPED says how many. The few others (run, evaluation, peer-lost, end) are always kept.
 * - One promise, one owner: whoever created the recorder awaits `close`, which reports what could not be written.
 * - A crash can tear the last line. A recorder that appends to such a file first cuts the torn line off, so
 *   that a resumed run leaves no garbage in the middle.
 */
import {
  closeSync,
  fstatSync,
  ftruncate,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  write as writeTo,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GrapevineError, messageOf } from '../base/errors.js';
import type { MetricsEvent } from './events.js';

/** Name of the events' file in a run directory. */
export const METRICS_FILE = 'metrics.jsonl';

/** 16 MiB, some 50,000 round events of 315 bytes: minutes of a large swarm, and little beside one model. */
export const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

/** A file that has refused lines is tried again when this much more waits, and whenever somebody asks for a flush. */
const RETRY_BYTES = 16 * 1024;

export interface Recorder {
  /** Takes one event; returns at once. Does nothing after `close`. */
  record(event: MetricsEvent): void;
  /** Resolves when what was recorded so far has been handed to the system, or cannot be. */
  flush(): Promise<void>;
  /** Lines recorded. */
  readonly lines: number;
  /** Writes what is left and closes the file. @throws GrapevineError METRICS_WRITE_FAILED */
  close(): Promise<void>;
}

/** A file that only grows, as an argument: a test lets the disk be full. */
export interface AppendOnlyFile {
  /** Its length when it was opened. */
  readonly bytes: number;
  append(bytes: Uint8Array): Promise<void>;
  truncate(bytes: number): Promise<void>;
  /** False where the file has been removed meanwhile: what was appended since is nowhere. */
  isThere(): boolean;
  close(): void;
}

export interface RecorderOptions {
  /** @default MAX_BUFFERED_BYTES */
  readonly maxBufferedBytes?: number;
  /** Opens the file at `path`, made where it is missing. @default the machine's */
  readonly open?: (path: string) => AppendOnlyFile;
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

const writeSome = promisify(writeTo);
const cutTo = promisify(ftruncate);

function openToAppend(path: string): AppendOnlyFile {
  const file = openSync(path, 'a');
  return {
    bytes: fstatSync(file).size,
    async append(bytes) {
      for (let at = 0; at < bytes.length; )
        at += (await writeSome(file, bytes, at, bytes.length - at, null)).bytesWritten;
    },
    truncate: (bytes) => cutTo(file, bytes),
    isThere: () => fstatSync(file).nlink > 0,
    close: () => closeSync(file),
  };
}

function openMetrics(
  directory: string,
  path: string,
  open: (path: string) => AppendOnlyFile,
): AppendOnlyFile {
  try {
    mkdirSync(directory, { recursive: true });
    cutTornLine(path);
    return open(path);
  } catch (error) {
    throw writeFailed(path, error);
  }
}

/** Lines on their way to `file`, in order, those that it does not take at first among them. */
function createLineWriter(file: AppendOnlyFile) {
  let waiting: string[] = [];
  let waitingBytes = 0;
  let wholeBytes = file.bytes;
  let failure: unknown = null;
  let writing: Promise<void> | null = null;

  const writeWaiting = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      const bytes = new TextEncoder().encode(lines.join(''));
      try {
        if (failure !== null) await file.truncate(wholeBytes); // what it took of the last try
        await file.append(bytes);
      } catch (error) {
        failure = error;
        waiting = [...lines, ...waiting];
        return;
      }
      failure = null;
      wholeBytes += bytes.length;
      waitingBytes -= bytes.length;
    }
  };
  /** Resolves when all lines are written, or the file has refused them once more. */
  const attempt = (): Promise<void> => {
    writing ??= writeWaiting().finally(() => {
      writing = null;
    });
    return writing;
  };
  let nextTryBytes = 0;
  return {
    get waitingBytes() {
      return waitingBytes;
    },
    push(line: string): void {
      waiting.push(line);
      waitingBytes += Buffer.byteLength(line);
      if (failure === null) nextTryBytes = 0;
      if (waitingBytes < nextTryBytes) return;
      if (failure !== null) nextTryBytes = waitingBytes + RETRY_BYTES;
      void attempt();
    },
    /** What the file refuses to take, or null. */
    async flush(): Promise<unknown> {
      await attempt(); // perhaps one under way, which began before the last lines came
      if (waiting.length > 0) await attempt();
      return failure;
    },
    /** Leaves the file without half a line. */
    async end(): Promise<void> {
      if (failure !== null) await file.truncate(wholeBytes).catch(() => {}); // the cause is what the user must hear
      file.close();
    },
  };
}

function mayBeDropped(event: MetricsEvent): boolean {
  return event.event === 'round' || event.event === 'edge' || event.event === 'notice';
}

/**
 * A recorder on `directory`/metrics.jsonl; makes the directory, appends to a file that is there.
 * @throws GrapevineError METRICS_WRITE_FAILED: the directory cannot be made, or the file not read or opened
 */
export function createRecorder(directory: string, options: RecorderOptions = {}): Recorder {
  const path = join(directory, METRICS_FILE);
  const { maxBufferedBytes = MAX_BUFFERED_BYTES, open = openToAppend } = options;
  const file = openMetrics(directory, path, open);
  const writer = createLineWriter(file);
  let closing: Promise<void> | null = null;
  let dropped = 0;
  let droppedAtMs = 0;
  let lines = 0;

  const write = (event: MetricsEvent): void => {
    writer.push(`${JSON.stringify(event)}\n`);
    lines += 1;
  };
  const confessDropped = (): void => {
    if (dropped === 0) return;
    const message = `${dropped} events were not written: the disk was slower than the run`;
    dropped = 0;
    write({ event: 'notice', atMs: droppedAtMs, peer: null, code: 'METRICS_DROPPED', message });
  };
  const finish = async (): Promise<void> => {
    confessDropped();
    const failure = await writer.flush();
    const isThere = file.isThere();
    await writer.end();
    if (failure !== null) throw writeFailed(path, failure);
    if (!isThere) throw writeFailed(path, 'it has been removed');
  };

  return {
    record(event) {
      if (closing !== null) return;
      if (writer.waitingBytes >= maxBufferedBytes && mayBeDropped(event)) {
        dropped++;
        droppedAtMs = 'atMs' in event ? event.atMs : 0;
        return;
      }
      // The end stays the last line.
      if (writer.waitingBytes < maxBufferedBytes || event.event === 'end') confessDropped();
      write(event);
    },
    get lines() {
      return lines;
    },
    async flush() {
      if (closing === null) await writer.flush();
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
