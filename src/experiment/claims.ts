/**
 * Which process runs which cell, where several share one directory: runs started twice by mistake, or the shards of a
 * cluster on a network file system.
 *
 *     runners/HOST_PID_TOKEN.json    one a process; touched every HEARTBEAT_MS while it lives
 *     claims/CELL.0, CELL.1, ...     who has the cell, by the name of its runner; the highest number counts
 *
 * A claim is taken by creating its file, which the file system lets only one process do. That of a dead runner is not
 * removed, which two could do in turn, but outbid: who creates the next number has it. A runner is dead whose file is
 * gone, whose process on this machine is, or that has not been seen for RUNNER_SILENCE_MS by the file system's clock.
 *
 * A cell is a function of its settings and its result is renamed into place, so that even two processes that ran the
 * same cell would have wasted time and nothing else.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.js';

/** Touching a file this often costs nothing. */
export const HEARTBEAT_MS = 5_000;
/** Twelve heartbeats: a network file system may show times late, and a busy machine writes late. */
export const RUNNER_SILENCE_MS = 60_000;

export interface RunnerIdentity {
  readonly host: string;
  readonly pid: number;
  /** Tells processes apart that have the same number one after the other. */
  readonly token: string;
}

export interface Claims {
  /** The name of this runner: fit for file names, and used by no other. */
  readonly runner: string;
  /** False where a living process has the cell. */
  take(cell: string): boolean;
  /** The result is written, or nobody will write it. */
  release(cell: string): void;
  /** Whether drafts named after `runner` may be swept away. */
  isAlive(runner: string): boolean;
  /** Gives back all cells. */
  stop(): void;
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // there, and another user's
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function createExclusively(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Runners of one machine have one prefix. */
function runnerName({ host, pid, token }: RunnerIdentity): string {
  return `${host.replaceAll(/[^A-Za-z0-9.-]/g, '-')}_${pid}_${token}`;
}

/** Starts the heartbeat of this process in `directory`. */
export function openClaims(directory: string, me: RunnerIdentity, clock: Clock): Claims {
  const runners = join(directory, 'runners');
  const claims = join(directory, 'claims');
  for (const path of [runners, claims]) mkdirSync(path, { recursive: true });
  const runner = runnerName(me);
  const fileOf = (name: string): string => join(runners, `${name}.json`);
  const mine = `${JSON.stringify(me)}\n`;
  writeFileSync(fileOf(runner), mine);
  /** Writes the same bytes over: the file system's own clock dates it, and a full disk has room for it. */
  const touch = (): void => {
    const file = openSync(fileOf(runner), 'r+');
    writeSync(file, mine);
    closeSync(file);
  };
  let cancel = (): void => {};
  const beat = (): void => {
    try {
      touch();
    } catch {
      // Others may then take this process for dead, and run a cell twice, which harms nobody.
    }
    cancel = clock.after(HEARTBEAT_MS, beat);
  };
  beat();

  const silentFor = (path: string): number | null => {
    const seenMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (seenMs === undefined) return null;
    touch(); // dates it now by the clock that dated `path`
    return statSync(fileOf(runner)).mtimeMs - seenMs;
  };

  const isAlive = (name: string): boolean => {
    if (name === runner) return true;
    const [, host, pid] = /^(.*)_(\d+)_[^_]*$/.exec(name) ?? [];
    const here = host !== undefined && runner.startsWith(`${host}_${me.pid}_`);
    if (here && !processLives(Number(pid))) return false;
    const silentMs = silentFor(fileOf(name));
    return silentMs !== null && silentMs < RUNNER_SILENCE_MS;
  };

  const isHeld = (claim: string): boolean => {
    const owner = textOf(claim);
    if (owner === null) return true; // released this moment: whoever asks again will see why
    if (owner !== '') return isAlive(owner);
    return (silentFor(claim) ?? 0) < RUNNER_SILENCE_MS; // created, not yet written; or its owner died in between
  };

  const bidsOf = (cell: string): number[] =>
    readdirSync(claims)
      .filter((name) => name.startsWith(`${cell}.`))
      .map((name) => Number(name.slice(cell.length + 1)))
      .sort((a, b) => a - b);
  const claimOf = (cell: string, bid: number): string => join(claims, `${cell}.${bid}`);
  const held = new Set<string>();
  const release = (cell: string): void => {
    // From the highest down: as long as one is left, nobody takes number 0.
    for (const bid of bidsOf(cell).reverse()) rmSync(claimOf(cell, bid), { force: true });
    held.delete(cell);
  };

  return {
    runner,
    isAlive,
    take(cell) {
      const last = bidsOf(cell).at(-1) ?? -1;
      if (last >= 0 && isHeld(claimOf(cell, last))) return false;
      if (!createExclusively(claimOf(cell, last + 1), runner)) return false;
      held.add(cell);
      return true;
    },
    release,
    stop() {
      cancel();
      for (const cell of held) release(cell);
      rmSync(fileOf(runner), { force: true });
    },
  };
}
