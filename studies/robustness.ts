/**
 * `npm run study -- robustness [--short] [--json] [--out DIR] [--report]`: what two liars among sixteen peers do. Peers 3
 * and 11 of a random-regular graph of degree 6 claim, after every round, what an attack makes of the honest peers' models
 * (src/simulation/attacks.ts); the others learn MNIST's digits. Plain gossip and plain edge-CHOCO against those that
 * clip, and against nearest-neighbor averaging, all with byzantine=2: some honest peer may have both as neighbors.
 *
 * Scores are of the mean of the honest peers' models. A run of the same algorithm and seed without liars (where these two
 * are honest) says what it lost.
 */
import { isGrapevineError } from '../src/base/errors.js';
import { maxFrameBytesOf, planRun } from '../src/config/run-plan.js';
import { verifyRunConfig } from '../src/config/verify.js';
import { readFaults } from '../src/simulation/faults.js';
import { perfectLink } from '../src/simulation/link-model.js';
import { simulate } from '../src/simulation/simulate.js';
import type { Fault } from '../src/simulation/simulator.js';
import { defaultCacheDirectory } from '../src/training/data/mnist.js';
import { type Cell, type Finished, runStudy, type Study } from './study.js';

const PEERS = 16;
const LIARS = [3, 11] as const;
const TOPOLOGY = 'random-regular:degree=6';
/** What one may lose to liars and be called robust, in points of accuracy. */
const MOST_LOST = 3;

const ALGORITHMS = [
  'exact',
  'clipped-gossip:byzantine=2',
  'nearest-neighbor:byzantine=2',
  'edge-choco',
  'edge-choco:clip=auto,byzantine=2',
] as const;

/** As --fault names them. The third is as published; among sixteen peers two liars need more than a little. */
const ATTACKS = [
  'none',
  'sign-flip',
  'noise',
  'a-little-is-enough',
  'a-little-is-enough,strength=15',
] as const;

interface RobustnessCell extends Cell {
  readonly algorithm: string;
  readonly attack: string;
  readonly partition: string;
  readonly task: string;
  readonly rounds: number;
  readonly seed: number;
}

interface RobustnessOutcome {
  /** Of the honest peers' mean model; null where training ended in numbers that are not finite. */
  readonly accuracy: number | null;
  /** Of the worst honest peer's own model. */
  readonly worst: number | null;
}

/** Everything on one seed where peers' data are alike; the proof once more; and what clipping bears where data differ. */
function cellsOf(short: boolean): RobustnessCell[] {
  const same = { task: 'mnist-mlp:hidden=32', rounds: short ? 10 : 40 };
  const grid = (given: {
    partition: string;
    seeds: readonly number[];
    algorithms: readonly string[];
    attacks: readonly string[];
  }) =>
    given.seeds.flatMap((seed) =>
      given.algorithms.flatMap((algorithm) =>
        given.attacks.map((attack) => ({
          algorithm,
          attack,
          partition: given.partition,
          ...same,
          seed,
        })),
      ),
    );
  const [exact, clipped, nearest, , edgeClipped] = ALGORITHMS;
  const iid = { partition: 'iid', seeds: [1], algorithms: ALGORITHMS, attacks: ATTACKS };
  if (short) return grid({ ...iid, algorithms: [exact, clipped] });
  const skewed = {
    partition: 'dirichlet:alpha=0.1',
    seeds: [1],
    algorithms: [exact, clipped, edgeClipped],
    attacks: ['none', 'sign-flip', 'a-little-is-enough,strength=15'],
  };
  const again = { ...iid, seeds: [2], algorithms: [exact, clipped, nearest] };
  return [...grid(iid), ...grid(again), ...grid(skewed)];
}

function liesOf(attack: string): Fault[] {
  if (attack === 'none') return [];
  return readFaults(
    LIARS.map((peer) => `lie:peer=${peer},attack=${attack}`),
    { peers: PEERS, seed: 1 },
  );
}

async function measure(cell: RobustnessCell): Promise<RobustnessOutcome> {
  const { attack, ...choices } = cell;
  const config = verifyRunConfig({
    ...choices,
    topology: TOPOLOGY,
    peers: PEERS,
    evaluateEvery: cell.rounds,
  });
  const plan = planRun(config, { cacheDirectory: defaultCacheDirectory(process.env) });
  const nodes = Array.from({ length: PEERS }, (_, node) => node);
  const evaluator = await plan.createModel(null);
  const models = await Promise.all(nodes.map((node) => plan.createModel(node)));
  const trainers = nodes.map((node) => plan.createTrainer(node, models[node]!));
  let outcome: RobustnessOutcome = { accuracy: null, worst: null };
  try {
    await simulate({
      peers: nodes.map((node) => plan.createPeer(node, models[node]!, { retransmitMs: null, audit: false })),
      trainers,
      evaluator,
      evaluateEvery: config.evaluateEvery,
      link: perfectLink,
      faults: liesOf(attack),
      trainingMs: 1,
      seed: cell.seed,
      maxFrameBytes: maxFrameBytesOf(plan, evaluator.layout),
      horizonMs: Number.POSITIVE_INFINITY,
      record(event) {
        if (event.event === 'evaluation')
          outcome = { accuracy: event.meanModel.accuracy, worst: event.local.worst };
      },
    });
  } catch (error) {
    if (!isGrapevineError(error) || error.code !== 'TRAINER_NOT_FINITE') throw error;
  } finally {
    for (const trainer of trainers) trainer.stop();
    evaluator.dispose();
  }
  return outcome;
}

type Done = Finished<RobustnessCell, RobustnessOutcome>;

const percent = (share: number): string => (100 * share).toFixed(2);

/** Accuracy of the mean model, that of the worst peer; bold where more is lost than may be. */
function entryOf(done: Done | undefined, free: Done | undefined): string {
  if (done === undefined) return '';
  const { accuracy, worst } = done.outcome;
  if (accuracy === null || worst === null) return '**not finite**';
  const lost = 100 * ((free?.outcome.accuracy ?? accuracy) - accuracy);
  const text = `${percent(accuracy)}, ${percent(worst)}`;
  return lost > MOST_LOST ? `**${text}**` : text;
}

function tableOf(finished: readonly Done[]): string[] {
  const distinct = <T>(of: (cell: RobustnessCell) => T): T[] => [
    ...new Set(finished.map(({ cell }) => of(cell))),
  ];
  const [algorithms, attacks] = [distinct((cell) => cell.algorithm), distinct((cell) => cell.attack)];
  const { rounds, task, partition, seed } = finished[0]!.cell;
  const rows = algorithms.map((algorithm) => {
    const of = (attack: string) =>
      finished.find(({ cell }) => cell.algorithm === algorithm && cell.attack === attack);
    const entries = attacks.map((attack) => entryOf(of(attack), of('none')));
    return `| \`${algorithm}\` | ${entries.join(' | ')} |`;
  });
  return [
    `${PEERS} peers, ${TOPOLOGY}, ${task}, ${partition}, ${rounds} rounds, seed ${seed}:`,
    '',
    `| algorithm | ${attacks.join(' | ')} |`,
    `|---|${attacks.map(() => '---:|').join('')}`,
    ...rows,
    '',
  ];
}

function report(finished: readonly Done[]): string[] {
  const tables = new Map<string, Done[]>();
  for (const done of finished) {
    const key = `${done.cell.partition} ${done.cell.seed}`;
    tables.set(key, [...(tables.get(key) ?? []), done]);
  }
  return [
    `Peers ${LIARS.join(' and ')} lie. Percent of the test digits: mean model of the honest peers, worst honest peer's own.`,
    `Bold: the mean model lost more than ${MOST_LOST} points to the liars.`,
    '',
    ...[...tables.values()].flatMap(tableOf),
  ];
}

const study: Study<RobustnessCell, RobustnessOutcome> = {
  name: 'robustness',
  cells: ({ short }) => cellsOf(short),
  measure,
  report,
};

export const run = (args: readonly string[]): Promise<void> => runStudy(study, args);
