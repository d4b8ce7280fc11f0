/**
 * Runs the cells of a manifest that have not ended, each once, on child processes; whoever else works in the same
 * directory is left its cells. A cell ends with its file (cell-files.ts), also where it failed; a later run tries
 * failed cells again, for it may have been the machine.
 */
import type { Clock } from '../base/clock.js';
import {
  CELL_SCHEMA,
  type CellError,
  type CellPoint,
  type CellResult,
  type CellSummary,
  type CellTopology,
} from '../metrics/cell-results.js';
import type { CellFile, CellFiles } from './cell-files.js';
import type { Claims } from './claims.js';
import type { ManifestCell } from './manifest.js';
import { type ChildProgram, createProcessPool, type ProcessPool, type TaskEnd } from './process-pool.js';
import type { Driver, Keys } from './sweep-file.js';

/** Between two looks at cells that another process is running. */
const POLL_MS = 1_000;

/** What the process of a cell is asked. JSON. */
export interface CellTask {
  readonly cell: ManifestCell;
  readonly driver: Driver;
  readonly launch: Keys;
}

/** What it answers. JSON. */
export type CellAnswer =
  | {
      readonly kind: 'done';
      readonly topology: CellTopology;
      readonly summary: CellSummary;
      readonly series: readonly CellPoint[];
      readonly engine: string;
      readonly phases: Readonly<Record<string, number>> | null;
    }
  | { readonly kind: 'failed'; readonly error: CellError };

export interface RunObserver {
  begun(cell: ManifestCell): void;
  ended(cell: ManifestCell, file: CellFile): void;
  /** Another process has ended it. */
  endedElsewhere(cell: ManifestCell, file: CellFile): void;
  /** All that is left is being run by others. */
  waiting(cells: number): void;
}

export interface CellsInit {
  readonly driver: Driver;
  /** In the order in which they are begun. */
  readonly pending: readonly PendingCell[];
  /** How a swarm is launched; no part of a cell. */
  readonly launch: Keys;
  readonly files: CellFiles;
  readonly claims: Claims;
  readonly workers: number;
  readonly program: ChildProgram;
  readonly clock: Clock;
  readonly timeoutMs: number | null;
  readonly host: CellFile['host'];
  /** The time of day, for people. */
  today(): string;
  readonly observer: RunObserver;
}

function failureOf(end: TaskEnd<CellAnswer>, timeoutMs: number | null): CellError {
  if (end.kind === 'timeout')
    return {
      code: 'CELL_TIMEOUT',
      message: `it had not ended after ${timeoutMs! / 1000} s: give it longer with timeoutSeconds or --timeout-seconds.`,
    };
  if (end.kind === 'crash')
    return {
      code: 'CELL_CRASHED',
      message: `its process ended with ${end.how}: SIGKILL is mostly a lack of memory (try fewer --workers).`,
    };
  throw new TypeError('an answer is no failure');
}

/** A cell's row, whatever became of it. */
export function rowOf(
  cell: ManifestCell,
  outcome: CellAnswer | { readonly kind: 'failed' | 'refused'; readonly error: CellError },
): CellResult {
  const { index, cell: id, settings, axes, configHash } = cell;
  const head = { schema: CELL_SCHEMA, cell: id, index, settings, axes } as const;
  if (outcome.kind === 'done') {
    const { topology, summary, series } = outcome;
    return { ...head, status: 'done', error: null, configHash, topology, summary, series: [...series] };
  }
  const nothing = { configHash, topology: null, summary: null, series: [] };
  return { ...head, status: outcome.kind, error: outcome.error, ...nothing };
}

function fileOf(task: CellTask, end: TaskEnd<CellAnswer>, init: CellsInit, startedAt: string): CellFile {
  const outcome: CellAnswer =
    end.kind === 'answer' ? end.answer : { kind: 'failed', error: failureOf(end, init.timeoutMs) };
  const { seconds } = end;
  const machine = outcome.kind === 'done' ? outcome : { engine: null, phases: null };
  return {
    result: rowOf(task.cell, outcome),
    host: init.host,
    timing: {
      startedAt,
      seconds,
      engine: machine.engine,
      phases: machine.phases === null ? null : { ...machine.phases },
    },
    ...(end.kind === 'answer' ? {} : { log: end.log }),
  };
}

/** A cell to be run, and when the file that it has, if any, was begun: another file is another process' work. */
export interface PendingCell {
  readonly cell: ManifestCell;
  readonly before: string | null;
}

/** What is left to be run, in the order of `cells`; with `again` all of it. @throws GrapevineError METRICS_UNREADABLE */
export function pendingCells(
  cells: readonly ManifestCell[],
  files: Pick<CellFiles, 'read'>,
  again = false,
): PendingCell[] {
  return cells.flatMap((cell) => {
    const file = files.read(cell.cell);
    if (file?.result.status === 'done' && !again) return [];
    return [{ cell, before: file?.timing.startedAt ?? null }];
  });
}

/** Which cells are left, and who has them. */
class Queue {
  private readonly init: CellsInit;
  private waiting: PendingCell[];

  constructor(init: CellsInit) {
    this.init = init;
    this.waiting = [...init.pending];
  }

  get left(): number {
    return this.waiting.length;
  }

  /** The first cell that nobody has and nobody has ended. */
  take(): ManifestCell | undefined {
    const { claims } = this.init;
    const elsewhere: PendingCell[] = [];
    let taken: ManifestCell | undefined;
    while (taken === undefined && this.waiting.length > 0) {
      const item = this.waiting.shift()!;
      if (this.endedElsewhere(item)) continue;
      if (!claims.take(item.cell.cell)) elsewhere.push(item);
      // Between the look and the claim its owner may have ended it.
      else if (this.endedElsewhere(item)) claims.release(item.cell.cell);
      else taken = item.cell;
    }
    this.waiting.push(...elsewhere);
    return taken;
  }

  private endedElsewhere({ cell, before }: PendingCell): boolean {
    const file = this.init.files.read(cell.cell);
    if (file === null || file.timing.startedAt === before) return false;
    this.init.observer.endedElsewhere(cell, file);
    return true;
  }
}

/** Starts; the caller shows the observer the cells that had ended before. */
export function runCells(init: CellsInit): ProcessPool {
  const { clock, observer, claims, files, driver, launch } = init;
  const queue = new Queue(init);
  const started = new Map<string, string>();
  let draining = false;
  const pause = () => new Promise<void>((resolve) => void clock.after(POLL_MS, resolve));
  const pool = createProcessPool<CellTask, CellAnswer>({
    ...init,
    async next() {
      while (!draining) {
        const cell = queue.take();
        if (cell !== undefined) return { cell, driver, launch };
        if (queue.left === 0) return undefined;
        observer.waiting(queue.left);
        await pause();
      }
      return undefined;
    },
    begun({ cell }) {
      started.set(cell.cell, init.today());
      observer.begun(cell);
    },
    ended(task, end) {
      const { cell } = task;
      const file = fileOf(task, end, init, started.get(cell.cell)!);
      files.write(file);
      claims.release(cell.cell);
      observer.ended(cell, file);
    },
  });
  const stop = (): void => {
    draining = true;
  };
  return {
    finished: pool.finished,
    drain() {
      stop();
      pool.drain();
    },
    abandon() {
      stop();
      pool.abandon();
    },
  };
}
