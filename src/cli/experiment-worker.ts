/** A process that runs cells of an experiment, one after the other (experiment/process-pool.ts). */
import { serveTasks } from '../experiment/process-pool.js';
import type { CellAnswer, CellTask } from '../experiment/run-cells.js';
import { runCell } from './cell-run.js';

/** What a worker is told on its command line, as JSON. */
export interface WorkerSetup {
  readonly directory: string;
  readonly cacheDirectory: string;
  readonly debug: boolean;
}

const { directory, cacheDirectory, debug } = JSON.parse(process.argv[2]!) as WorkerSetup;
const { stdout, stderr } = process;
const output = { json: false, quiet: true, stdout, stderr, colorAllowed: false };

serveTasks<CellTask, CellAnswer>((task) => runCell(task, { output, cacheDirectory, debug }, directory));
