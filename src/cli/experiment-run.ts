/** `grapevine experiment run FILE`: runs the cells that have not been run, on every core. */
import { randomUUID } from 'node:crypto';
import { cpus, hostname, platform, release } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../base/clock.js';
import { GrapevineError } from '../base/errors.js';
import { type CellFile, openCellFiles, settleManifest } from '../experiment/cell-files.js';
import { openClaims } from '../experiment/claims.js';
import { estimateSeconds, type TimedCell } from '../experiment/estimate.js';
import { cellTitle, type ManifestCell } from '../experiment/manifest.js';
import type { ProcessPool } from '../experiment/process-pool.js';
import { type PendingCell, pendingCells, runCells } from '../experiment/run-cells.js';
import { cellsOfShard, type Shard } from '../experiment/shard.js';
import { quoteShell } from '../report/escape.js';
import { formatDuration, formatPercent, formatReal } from '../report/format.js';
import type { CommandContext } from './command-context.js';
import { launchKeysOf } from './experiment-keys.js';
import { type Experiment, failedText, openExperiment } from './experiment-plan.js';
import type { WorkerSetup } from './experiment-worker.js';
import { currentCommit, packageVersion } from './package-facts.js';
import { processCount, thisMachine } from './process-count.js';
import { createTaskProgress, type TaskProgress } from './task-progress.js';

const WORKER_PATH = fileURLToPath(new URL('./experiment-worker.js', import.meta.url));

export interface RunFlags {
  readonly file: string;
  readonly out: string | undefined;
  /** undefined: one a core, as far as memory goes; of real swarms, which have processes of their own, one. */
  readonly workers: number | undefined;
  readonly shard: Shard | undefined;
  /** The beginning of a cell's id: run this one, also if it is done. */
  readonly cell: string | undefined;
  readonly timeoutSeconds: number | undefined;
  readonly update: boolean;
}

function hostFacts(): CellFile['host'] {
  return {
    name: hostname(),
    platform: `${platform()} ${release()} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    node: process.versions.node,
    version: packageVersion,
    commit: currentCommit(),
  };
}

/** @throws GrapevineError BAD_USAGE: none, or several */
function cellNamed(cells: readonly ManifestCell[], prefix: string): ManifestCell {
  const found = cells.filter(({ cell }) => cell.startsWith(prefix));
  if (found.length === 1 && found[0]!.refused === null) return found[0]!;
  const why = found.length === 0 ? 'no cell' : found.length > 1 ? `${found.length} cells` : 'a refused cell';
  throw new GrapevineError(
    'BAD_USAGE',
    `--cell ${prefix}: got ${why}; wanted the beginning of one cell's id. grapevine experiment plan lists them.`,
  );
}

function cellsToRun({ manifest }: Experiment, { shard, cell }: RunFlags): readonly ManifestCell[] {
  if (cell !== undefined) return [cellNamed(manifest.cells, cell)];
  const runnable = manifest.cells.filter(({ refused }) => refused === null);
  return shard === undefined ? runnable : cellsOfShard(runnable, shard);
}

/** "topology=ring seed=1  done in 1.2 s, accuracy 93.1%, consensus distance 0.012". */
function lineOf(cell: ManifestCell, { result, timing }: CellFile): string {
  const title = `${result.cell}  ${cellTitle(cell)}`;
  const time = formatDuration(timing.seconds);
  if (result.error !== null)
    return `${title}  FAILED after ${time}: ${result.error.message} [${result.error.code}]`;
  const { accuracy, loss, consensusDistance } = result.summary!;
  const quality =
    accuracy.meanModel === null
      ? `loss ${formatReal(loss.meanModel)}`
      : `accuracy ${formatPercent(accuracy.meanModel)}`;
  return `${title}  done in ${time}, ${quality}, consensus distance ${formatReal(consensusDistance)}`;
}

/** First Ctrl+C: finish what runs. Second, or a polite kill (the machine is wanted back): leave it, to be run again. */
function onInterrupt(pool: ProcessPool, progress: TaskProgress) {
  const state = { interrupted: false, remove: () => {} };
  const abandon = (): void => {
    state.interrupted = true;
    pool.abandon();
  };
  const onSigint = (): void => {
    if (state.interrupted) {
      abandon();
      return;
    }
    state.interrupted = true;
    progress.say(
      'Finishing the running cells; press Ctrl+C again to leave at once. The same command goes on later.',
    );
    pool.drain();
  };
  process.on('SIGINT', onSigint).on('SIGTERM', abandon).on('exit', pool.abandon);
  state.remove = () => void process.off('SIGINT', onSigint).off('SIGTERM', abandon).off('exit', pool.abandon);
  return state;
}

interface Tally {
  readonly done: ManifestCell[];
  readonly failed: CellFile[];
}

/** Runs `pending`, telling the person; what ended goes to `tally`. Whether it was interrupted. */
async function runPending(
  experiment: Experiment,
  flags: RunFlags,
  context: CommandContext,
  work: {
    readonly pending: readonly PendingCell[];
    readonly ended: TimedCell[];
    readonly tally: Tally;
    readonly files: ReturnType<typeof openCellFiles>;
    readonly claims: ReturnType<typeof openClaims>;
  },
): Promise<boolean> {
  const { sweep, manifest, directory } = experiment;
  const { pending, ended, tally, files, claims } = work;
  const workers = Math.min(flags.workers ?? defaultWorkers(experiment), pending.length);
  const left = new Map(pending.map(({ cell }) => [cell.cell, cell.settings]));
  const { output, cacheDirectory, debug } = context;
  const progress = createTaskProgress(
    {
      stream: output.stderr,
      total: pending.length + ended.length,
      ended: ended.length,
      secondsLeft: () => estimateSeconds(ended, [...left.values()], workers),
    },
    output,
  );
  const tell = (cell: ManifestCell, file: CellFile): void => {
    left.delete(cell.cell);
    if (file.result.status === 'done') {
      tally.done.push(cell);
      ended.push({ settings: cell.settings, seconds: file.timing.seconds });
    } else tally.failed.push(file);
    progress.end(cellTitle(cell), lineOf(cell, file));
  };
  let saidWaiting = false;
  const setup: WorkerSetup = { directory, cacheDirectory, debug };
  const timeoutSeconds = flags.timeoutSeconds ?? sweep.timeoutSeconds;
  const pool = runCells({
    driver: manifest.driver,
    pending,
    launch: launchKeysOf(sweep.settings),
    files,
    claims,
    workers,
    program: {
      path: WORKER_PATH,
      args: [JSON.stringify(setup)],
      onErrorOutput: (text) => {
        if (debug) progress.say(text.trimEnd());
      },
    },
    clock: systemClock,
    timeoutMs: timeoutSeconds === null ? null : timeoutSeconds * 1000,
    host: hostFacts(),
    today: () => new Date().toISOString(),
    observer: {
      begun: (cell) => progress.begin(cellTitle(cell)),
      ended: tell,
      endedElsewhere: tell,
      waiting(cells) {
        if (saidWaiting) return;
        saidWaiting = true;
        progress.say(`Waiting for ${cells} cells that another process is running in ${directory}.`);
      },
    },
  });
  const interrupt = onInterrupt(pool, progress);
  try {
    await pool.finished;
  } finally {
    interrupt.remove();
    progress.stop();
  }
  return interrupt.interrupted;
}

function defaultWorkers({ manifest }: Experiment): number {
  if (manifest.driver === 'swarm') return 1;
  const machine = thisMachine();
  return Math.min(machine.cores, processCount(manifest.cells.length, machine));
}

function sayResult(experiment: Experiment, flags: RunFlags, context: CommandContext, tally: Tally): void {
  const { stdout, stderr, json, quiet } = context.output;
  const { manifest, directory } = experiment;
  const refused = manifest.cells.filter((cell) => cell.refused !== null);
  const replay = ({ result }: CellFile): string =>
    `grapevine experiment run ${quoteShell(flags.file)} --cell ${result.cell} --out ${quoteShell(directory)}`;
  if (json) {
    const failed = tally.failed.map((file) => ({
      cell: file.result.cell,
      axes: file.result.axes,
      error: file.result.error,
      replay: replay(file),
    }));
    const refusals = refused.map(({ cell, axes, refused: error }) => ({ cell, axes, error }));
    stdout.write(`${JSON.stringify({ directory, done: tally.done.length, failed, refused: refusals })}\n`);
  }
  // Failures are errors: --quiet does not hide them.
  if (tally.failed.length > 0) stderr.write(failedText(tally.failed, replay));
  if (!quiet) {
    const counts = [
      `${tally.done.length} done`,
      ...(tally.failed.length > 0 ? [`${tally.failed.length} failed`] : []),
      ...(refused.length > 0 ? [`${refused.length} refused (grapevine experiment plan says why)`] : []),
    ];
    stderr.write(`${counts.join(', ')}. Results: ${directory}\n`);
  }
}

/** The exit code. @throws GrapevineError */
export async function runExperiment(flags: RunFlags, context: CommandContext): Promise<number> {
  const experiment = await openExperiment(flags.file, flags.out);
  const { manifest } = experiment;
  const directory = resolve(experiment.directory);
  const cells = cellsToRun(experiment, flags);
  const runner = { host: hostname(), pid: process.pid, token: randomUUID().slice(0, 8) };
  const claims = openClaims(directory, runner, systemClock);
  const tally: Tally = { done: [], failed: [] };
  try {
    settleManifest(directory, manifest, { update: flags.update, runner: claims.runner });
    const files = openCellFiles(directory, claims);
    const pending = pendingCells(cells, files, flags.cell !== undefined);
    const open = new Set(pending.map(({ cell }) => cell.cell));
    const ended: TimedCell[] = [];
    for (const cell of cells) {
      if (open.has(cell.cell)) continue;
      ended.push({ settings: cell.settings, seconds: files.read(cell.cell)!.timing.seconds });
      tally.done.push(cell);
    }
    for (const notice of manifest.notices) context.output.stderr.write(`${notice}\n`);
    const work = { pending, ended, tally, files, claims };
    const interrupted = pending.length > 0 && (await runPending(experiment, flags, context, work));
    sayResult(experiment, flags, context, tally);
    if (interrupted) return 130;
    return tally.failed.length > 0 ? 1 : 0;
  } finally {
    claims.stop();
  }
}
