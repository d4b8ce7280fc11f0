/**
 * A study is a list of cells, each a run that its own description decides, and a report over what they gave. Here is
 * what all studies share: their flags and a file of finished cells. Processes and progress are those of
 * `grapevine experiment` (src/experiment/process-pool.ts, src/cli/task-progress.ts).
 *
 *     --short         a form of some seconds, for CI
 *     --json          what was measured, instead of the report
 *     --out DIR       keeps finished cells in DIR/NAME.jsonl; a cell that is there is not repeated
 *     --workers N     processes; all cores unless given
 *     --filter TEXT   only cells whose JSON contains TEXT
 *     --report        the report over what --out has, and no more runs
 *
 * Cells are handed out in order and reported in order, so a report is the same whatever the number of processes.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.js';
import { createTaskProgress } from '../src/cli/task-progress.js';
import { createProcessPool, serveTasks, type TaskEnd } from '../src/experiment/process-pool.js';

/** JSON values only: cells travel to processes and into files, and the text of a cell is its name. */
export type Cell = Readonly<Record<string, string | number | boolean>>;

export interface Finished<C extends Cell, Outcome> {
  readonly cell: C;
  readonly outcome: Outcome;
}

export interface StudyOptions {
  readonly short: boolean;
  /** Switches of the study's own that were given. */
  readonly switches: ReadonlySet<string>;
  /** Where --out points; the report may write pictures there. */
  readonly directory: string | undefined;
}

export interface Study<C extends Cell, Outcome> {
  readonly name: string;
  /** Names of switches beside those of all studies. */
  readonly switches?: readonly string[];
  cells(options: StudyOptions): readonly C[];
  /** A function of the cell: its seeds are in it. The outcome is JSON. */
  measure(cell: C): Promise<Outcome>;
  /** Markdown. */
  report(
    finished: readonly Finished<C, Outcome>[],
    options: StudyOptions,
  ): Promise<readonly string[]> | readonly string[];
}

interface Flags extends StudyOptions {
  readonly json: boolean;
  readonly reportOnly: boolean;
  readonly workers: number;
  readonly filter: string;
}

function readFlags(args: readonly string[], own: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      out: { type: 'string' },
      workers: { type: 'string', default: String(availableParallelism()) },
      filter: { type: 'string', default: '' },
      ...Object.fromEntries(own.map((name) => [name, { type: 'boolean', default: false } as const])),
    },
  });
  const given: Readonly<Record<string, unknown>> = values;
  return {
    short: values.short,
    json: values.json,
    reportOnly: values.report,
    directory: values.out,
    workers: Number(values.workers),
    filter: values.filter,
    switches: new Set(own.filter((name) => given[name] === true)),
  };
}

/** Outcomes by the text of their cell, and where new ones are written. */
interface Ledger<Outcome> {
  readonly outcomes: Map<string, Outcome>;
  keep(cell: Cell, outcome: Outcome, seconds: number): void;
}

function openLedger<Outcome>(name: string, directory: string | undefined): Ledger<Outcome> {
  const outcomes = new Map<string, Outcome>();
  if (directory === undefined)
    return { outcomes, keep: (cell, outcome) => outcomes.set(JSON.stringify(cell), outcome) };
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${name}.jsonl`);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  // A last line without its end was cut off: it goes, and its cell is measured again.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) writeFileSync(file, whole);
  for (const line of whole.split('\n').slice(0, -1)) {
    const { cell, outcome } = JSON.parse(line) as Finished<Cell, Outcome>;
    outcomes.set(JSON.stringify(cell), outcome);
  }
  return {
    outcomes,
    keep(cell, outcome, seconds) {
      outcomes.set(JSON.stringify(cell), outcome);
      appendFileSync(file, `${JSON.stringify({ cell, seconds: Number(seconds.toFixed(2)), outcome })}\n`);
    },
  };
}

/** What a child process says of a cell; where it threw, the stack. JSON. */
type Answer<Outcome> = { readonly outcome: Outcome } | { readonly error: string };

async function answer<C extends Cell, Outcome>(study: Study<C, Outcome>, cell: C): Promise<Answer<Outcome>> {
  try {
    return { outcome: await study.measure(cell) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** A study's cells are all of its own making: one that fails is a bug, and ends the study. */
function outcomeOf<Outcome>(cell: Cell, end: TaskEnd<Answer<Outcome>>): Outcome {
  if (end.kind === 'answer' && 'outcome' in end.answer) return end.answer.outcome;
  const why =
    end.kind === 'answer' && 'error' in end.answer
      ? end.answer.error
      : `its process ended${end.kind === 'crash' ? ` with ${end.how}\n${end.log}` : ''}`;
  throw new Error(`${JSON.stringify(cell)}: ${why}`);
}

/** Runs `cells` on processes of their own; rejects at the first that fails, and leaves no process behind. */
async function measureAll<C extends Cell, Outcome>(
  name: string,
  cells: readonly C[],
  how: { readonly workers: number; done(cell: C, outcome: Outcome, seconds: number): void },
): Promise<void> {
  const waiting = [...cells];
  let seconds = 0;
  let done = 0;
  const workers = Math.min(how.workers, cells.length);
  const progress = createTaskProgress(
    {
      stream: process.stderr,
      total: cells.length,
      ended: 0,
      secondsLeft: () => (done === 0 ? null : ((seconds / done) * (cells.length - done)) / workers),
    },
    { quiet: cells.length === 0 },
  );
  const pool = createProcessPool<C, Answer<Outcome>>({
    workers,
    program: { path: process.argv[1]!, args: [name, '--worker'] },
    clock: systemClock,
    timeoutMs: null,
    next: () => waiting.shift(),
    begun: (cell) => progress.begin(JSON.stringify(cell)),
    ended(cell, end) {
      how.done(cell, outcomeOf(cell, end), end.seconds);
      seconds += end.seconds;
      done += 1;
      progress.end(JSON.stringify(cell), `${JSON.stringify(cell)}  ${end.seconds.toFixed(1)} s`);
    },
  });
  process.on('exit', pool.abandon);
  try {
    await pool.finished;
  } finally {
    process.off('exit', pool.abandon);
    progress.stop();
  }
}

/** Runs a study with the words after its name. */
export async function runStudy<C extends Cell, Outcome>(
  study: Study<C, Outcome>,
  args: readonly string[],
): Promise<void> {
  if (args[0] === '--worker') {
    serveTasks((cell: C) => answer(study, cell));
    return;
  }
  const flags = readFlags(args, study.switches ?? []);
  const cells = study.cells(flags).filter((cell) => JSON.stringify(cell).includes(flags.filter));
  const ledger = openLedger<Outcome>(study.name, flags.directory);
  const missing = cells.filter((cell) => !ledger.outcomes.has(JSON.stringify(cell)));
  if (!flags.reportOnly) {
    await measureAll<C, Outcome>(study.name, missing, {
      workers: flags.workers,
      done(cell, outcome, seconds) {
        ledger.keep(cell, outcome, seconds);
      },
    });
  }
  const finished = cells.flatMap((cell): Finished<C, Outcome>[] => {
    const outcome = ledger.outcomes.get(JSON.stringify(cell));
    return outcome === undefined ? [] : [{ cell, outcome }];
  });
  if (flags.json) console.log(JSON.stringify(finished, null, 1));
  else {
    console.log((await study.report(finished, flags)).join('\n'));
    if (finished.length < cells.length)
      console.log(`\n${cells.length - finished.length} of ${cells.length} cells are missing.`);
  }
}
