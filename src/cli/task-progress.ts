/**
 * How far a list of long tasks has come, for a person: on a terminal a bar and the running tasks, which are written
 * over; in a pipe a line for each task that ends. Experiments and studies use it alike.
 */
import type { Writable } from 'node:stream';
import { createLogUpdate } from 'log-update';
import { formatDuration } from '../report/format.js';

/** The screen is redrawn this often, so that the clock of running tasks goes on. */
const REDRAW_MS = 500;
const BAR_CELLS = 30;
/** Running tasks that are named. */
const MAX_NAMED = 8;

export interface TaskProgress {
  begin(name: string): void;
  /** `line`: what became of it; shown for good. */
  end(name: string, line: string): void;
  say(sentence: string): void;
  stop(): void;
}

export interface ProgressInit {
  readonly stream: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly total: number;
  /** Ended before. */
  readonly ended: number;
  /** Seconds until all have ended; null where nobody knows. */
  secondsLeft(): number | null;
}

function countsOf(ended: number, { total, secondsLeft }: ProgressInit): string {
  const seconds = secondsLeft();
  const left = ended >= total || seconds === null ? '' : `, about ${formatDuration(seconds)} left`;
  return `${ended} of ${total}${left}`;
}

function createLines(init: ProgressInit): TaskProgress {
  let ended = init.ended;
  return {
    begin() {},
    end(_name, line) {
      ended += 1;
      init.stream.write(`${countsOf(ended, init)}: ${line}\n`);
    },
    say: (sentence) => void init.stream.write(`${sentence}\n`),
    stop() {},
  };
}

function createScreen(init: ProgressInit): TaskProgress {
  const { stream, total } = init;
  const draw = createLogUpdate(stream as NodeJS.WriteStream, { showCursor: true });
  const running = new Map<string, number>();
  let ended = init.ended;
  const redraw = (): void => {
    const full = total === 0 ? BAR_CELLS : Math.floor((BAR_CELLS * ended) / total);
    const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`;
    const width = stream.columns ?? 80;
    const names = [...running].slice(0, MAX_NAMED).map(([name, sinceMs]) => {
      const time = formatDuration((performance.now() - sinceMs) / 1000);
      return `  ${time.padStart(8)}  ${name}`.slice(0, width - 1);
    });
    const more = running.size > MAX_NAMED ? [`            and ${running.size - MAX_NAMED} more`] : [];
    draw([`  ${bar}  ${countsOf(ended, init)}`, ...names, ...more].join('\n'));
  };
  const timer = setInterval(redraw, REDRAW_MS);
  const say = (sentence: string): void => {
    draw.clear();
    stream.write(`${sentence}\n`);
    redraw();
  };
  return {
    begin(name) {
      running.set(name, performance.now());
      redraw();
    },
    end(name, line) {
      running.delete(name);
      ended += 1;
      say(line);
    },
    say,
    stop() {
      clearInterval(timer);
      redraw();
      draw.done();
    },
  };
}

const silent: TaskProgress = { begin() {}, end() {}, say() {}, stop() {} };

/** `quiet`: nothing at all. */
export function createTaskProgress(init: ProgressInit, { quiet }: { readonly quiet: boolean }): TaskProgress {
  if (quiet) return silent;
  return init.stream.isTTY === true ? createScreen(init) : createLines(init);
}
