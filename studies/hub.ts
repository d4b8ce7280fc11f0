/**
 * `npm run study -- hub [SPEC...] [--loss ridge|logistic] [--workers N] [--condition K] [--batch B] [--seed S]`: the
 * server-worker algorithms on convex problems with a known optimum, with the step sizes of their papers. Prints Markdown.
 *
 * Rates are factors by which ||x - x*||^2 falls a round: the theorem's, and the slope measured between 1e-2 and 1e-10
 * of the start. In the direction of the smallest eigenvalue the mean of x moves as gradient descent does, by the factor
 * (1 - gamma mu)^2, which is what a theorem that says 1 - gamma mu leaves to be found. A floor is the mean of ||x - x*||^2 over the last half of the rounds, beside the one that the theorem
 * allows; without a floor the run goes on to 1e-24. Bytes are those of one worker until ||x - x*||^2 is 1e-10 of the
 * start, of a run with a floor those of all its rounds.
 */
import { parseArgs } from 'node:util';
import { GrapevineError } from '../src/base/errors.js';
import { createRandom, gaussian } from '../src/base/random.js';
import { hubAlgorithms } from '../src/consensus/hub/registry.js';
import { type HubRecord, type HubRun, measuredRate, runHub } from '../src/consensus/hub/run-hub.js';
import {
  type ConvexOptions,
  createConvexProblem,
  distributedObjective,
} from '../src/training/convex-model.js';

const randK = '"rand-k:fraction=0.25,scaled=1"';

/** What the table of docs/consensus.md shows; the first is gradient descent. */
const SPECS = [
  'ef21:up=exact,down=exact',
  'ef21:up="top-k:fraction=0.5"',
  `diana:up=${randK}`,
  `artemis:up=${randK},down=natural`,
  `artemis:up=${randK},down=natural,p=0.5`,
  `marina:up=${randK}`,
  `olga:up=${randK}`,
  'ef-olga:up="top-k:fraction=0.5"',
];
/** With batches: down to a floor. */
const NOISY_SPECS = [`artemis:up=${randK},down=natural`, `artemis:up=${randK},down=natural,p=0.5`];

/** ||x - x*||^2 at which a run without a floor ends: float64 has little left to say below. */
const ENOUGH = 1e-24;
const ROUNDS = 100_000;
const NOISY_ROUNDS = 10_000;
/** Share of the first ||x - x*||^2 up to which bytes are counted. */
const GOAL = 1e-10;

interface Setting {
  readonly loss: ConvexOptions['loss'];
  readonly workers: number;
  readonly condition: number;
  readonly batch: number;
  readonly seed: number;
}

function problemOf({ loss, workers, condition, seed }: Setting) {
  const shape = { loss, groups: 6, categories: 5, samples: 60, condition, skew: 0.2 };
  const problem = createConvexProblem(shape, workers, seed);
  const random = createRandom(seed, 'hub study start');
  const start = problem.optimum.map(() => gaussian(random)); // in every direction: the slowest is met
  return { problem, hub: distributedObjective(problem, start) };
}

type Problem = ReturnType<typeof problemOf>;

const short = (value: number): string => (Number.isFinite(value) ? value.toExponential(1) : '');
const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1);

function rowOf(
  spec: string,
  cells: { run: HubRun; rate: number; floor: string; at: HubRecord },
  workers: number,
) {
  const { run, rate, floor, at } = cells;
  const theory = run.rate === null ? '' : run.rate.toFixed(5);
  const bytes = [at.upBytes / workers, at.downBytes / workers].map(kilobytes);
  const measured = Number.isFinite(rate) ? rate.toFixed(5) : '';
  return `| \`${spec}\` | ${theory} | ${measured} | ${floor} | ${at.round} | ${bytes.join(' | ')} |`;
}

/** Full gradients: linear to working precision. */
function exactRow(spec: string, { hub }: Problem, { workers, seed }: Setting): string {
  const algorithm = hubAlgorithms.resolve(spec);
  const run = runHub({ algorithm, problem: hub, rounds: ROUNDS, seed, every: 5, enough: ENOUGH });
  const last = run.records.at(-1)!;
  const goal = GOAL * run.records[0].squaredDistance;
  const at = run.records.find(({ squaredDistance: d }) => d <= goal) ?? last;
  const floor = last.squaredDistance <= ENOUGH ? 'none' : short(last.squaredDistance);
  return rowOf(spec, { run, rate: measuredRate(run.records), floor, at }, workers);
}

/** Batches: down to the noise floor gamma^2 (D_1 + M D_2) / (1 - rate). */
function noisyRow(spec: string, { hub, problem }: Problem, { workers, seed, batch }: Setting): string {
  const algorithm = hubAlgorithms.resolve(spec);
  const run = runHub({ algorithm, problem: hub, rounds: NOISY_ROUNDS, seed, batch, every: 10 });
  const tail = run.records.slice(run.records.length >> 1);
  const floor = tail.reduce((sum, { squaredDistance: d }) => sum + d, 0) / tail.length;
  const noise = (2 * problem.constants.noise) / batch;
  const { gamma, floorFactor } = run.settings;
  const bound = (gamma ** 2 * floorFactor * noise) / (1 - run.rate!);
  const start = run.records[0].squaredDistance;
  const rate = measuredRate(run.records, 0.5, (10 * floor) / start); // what comes before the floor
  const text = `${short(floor)} (at most ${short(bound)})`;
  return rowOf(`${spec}, batches of ${batch}`, { run, rate, floor: text, at: run.records.at(-1)! }, workers);
}

function printTable(specs: readonly string[], noisy: readonly string[], setting: Setting): void {
  const made = problemOf(setting);
  const { L, mu } = made.hub.constants;
  console.log(
    `${setting.loss} regression, ${setting.workers} workers, L = ${L.toFixed(3)}, mu = ${mu.toFixed(4)}\n`,
  );
  console.log('| algorithm | rate, theory | measured | floor | rounds | kB up | kB down |');
  console.log('|---|---:|---:|---:|---:|---:|---:|');
  for (const spec of specs) console.log(exactRow(spec, made, setting));
  for (const spec of noisy) console.log(noisyRow(spec, made, setting));
  console.log('');
}

function positive(text: string, flag: string, least: number): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= least) return value;
  throw new GrapevineError('BAD_CONFIG', `--${flag} ${text}: wanted a number of at least ${least}.`);
}

export function run(args: readonly string[]): void {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      loss: { type: 'string' },
      workers: { type: 'string', default: '10' },
      condition: { type: 'string', default: '20' },
      batch: { type: 'string', default: '4' },
      seed: { type: 'string', default: '1' },
    },
  });
  const losses = (['ridge', 'logistic'] as const).filter((loss) => (values.loss ?? loss) === loss);
  if (losses.length === 0) {
    throw new GrapevineError('BAD_CONFIG', `--loss ${values.loss}: wanted ridge or logistic.`);
  }
  const common = {
    workers: positive(values.workers, 'workers', 2),
    condition: positive(values.condition, 'condition', 1.1),
    batch: positive(values.batch, 'batch', 1),
    seed: positive(values.seed, 'seed', 0),
  };
  const chosen = positionals.length > 0;
  for (const loss of losses)
    printTable(chosen ? positionals : SPECS, chosen ? [] : NOISY_SPECS, { ...common, loss });
}
