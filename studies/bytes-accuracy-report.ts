/** Tables and verdicts of the study of bytes and accuracy. Accuracies are means over the seeds that are there. */
import {
  GRAPHS,
  METHODS,
  PARTITIONS,
  type TrainingCell,
  type TrainingOutcome,
} from './bytes-accuracy-cells.js';
import type { Finished } from './study.js';

export type TrainingResult = Finished<TrainingCell, TrainingOutcome>;

const EXACT = 'D-PSGD';
/** The claims: this many times fewer bytes than D-PSGD at this many points lost at most; and with inactive edges. */
const CLAIMED_RATIO = 40;
const CLAIMED_LOSS = 1;
const CLAIMED_INACTIVE_LOSS = 3;

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What the runs of one method in one place ended with; null where there are none. */
interface Ending {
  /** Percent. */
  readonly meanModel: number;
  readonly worst: number;
  readonly bytes: number;
  readonly runs: number;
}

function endingOf(
  results: readonly TrainingResult[],
  at: { method: string; topology: string; partition: string; activity: number },
): Ending | null {
  const runs = results.filter(({ cell }) => Object.entries(at).every(([key, value]) => cell[key] === value));
  if (runs.length === 0) return null;
  // Training that ended in NaN is worth a guess among ten digits.
  const last = runs.map(({ outcome }) => (outcome.diverged ? undefined : outcome.curve.at(-1)));
  return {
    meanModel: 100 * mean(last.map((point) => point?.meanModel ?? 0.1)),
    worst: 100 * mean(last.map((point) => point?.worstLocal ?? 0.1)),
    bytes: mean(last.map((point) => point?.bytes ?? 0)),
    runs: runs.length,
  };
}

const places = PARTITIONS.flatMap((partition) => GRAPHS.map((topology) => ({ topology, partition })));

/** Points of the mean model that `of` is below `than`, in each place where both were run. */
function losses(
  results: readonly TrainingResult[],
  of: { method: string; activity: number },
  than: { method: string; activity: number },
): { readonly lost: number; readonly ratio: number }[] {
  return places.flatMap((place) => {
    const [a, b] = [endingOf(results, { ...place, ...of }), endingOf(results, { ...place, ...than })];
    return a === null || b === null ? [] : [{ lost: b.meanModel - a.meanModel, ratio: b.bytes / a.bytes }];
  });
}

function accuracyTable(results: readonly TrainingResult[], activity: number): string[] {
  const short = (topology: string): string => topology.split(':')[0]!.replace('random-regular', '4-regular');
  const present = METHODS.filter(({ name }) =>
    results.some(({ cell }) => cell.method === name && cell.activity === activity),
  );
  const kilobytes = (method: string, topology: string): string => {
    const ending = PARTITIONS.map((partition) =>
      endingOf(results, { method, topology, partition, activity }),
    );
    const found = ending.find((one) => one !== null);
    return found === undefined || found === null ? '' : (found.bytes / 1000).toFixed(0);
  };
  const cell = (method: string, place: (typeof places)[number]): string => {
    const ending = endingOf(results, { method, ...place, activity });
    return ending === null ? '' : `${ending.meanModel.toFixed(1)}, ${ending.worst.toFixed(1)}`;
  };
  return [
    `| | kB: ${GRAPHS.map(short).join(', ')} | ${places.map(({ topology, partition }) => `${partition.split(':')[0]}, ${short(topology)}`).join(' | ')} |`,
    `|---|---:|${places.map(() => '---:|').join('')}`,
    ...present.map(
      ({ name }) =>
        `| ${name} | ${GRAPHS.map((graph) => kilobytes(name, graph)).join(', ')} | ${places.map((place) => cell(name, place)).join(' | ')} |`,
    ),
  ];
}

function verdict(holds: boolean): string {
  return holds ? 'holds' : 'does not hold';
}

function bytesVerdicts(results: readonly TrainingResult[]): string[] {
  return METHODS.filter(({ name }) => name !== EXACT).flatMap(({ name }) => {
    const all = losses(results, { method: name, activity: 1 }, { method: EXACT, activity: 1 });
    if (all.length === 0) return [];
    const kept = all.filter(({ lost }) => lost <= CLAIMED_LOSS).length;
    const least = Math.min(...all.map(({ ratio }) => ratio));
    const worst = Math.max(...all.map(({ lost }) => lost));
    const holds = kept === all.length && least > CLAIMED_RATIO;
    return [
      `| ${name} | ${least.toFixed(0)} | ${mean(all.map(({ lost }) => lost)).toFixed(2)} | ${worst.toFixed(2)} | ${kept} of ${all.length} | ${verdict(holds)} |`,
    ];
  });
}

function inactiveVerdicts(results: readonly TrainingResult[]): string[] {
  return METHODS.flatMap(({ name }) => {
    const all = losses(results, { method: name, activity: 0.5 }, { method: name, activity: 1 });
    if (all.length === 0) return [];
    const worst = Math.max(...all.map(({ lost }) => lost));
    const average = mean(all.map(({ lost }) => lost)).toFixed(2);
    return [
      `| ${name} | ${average} | ${worst.toFixed(2)} | ${all.length} | ${verdict(worst <= CLAIMED_INACTIVE_LOSS)} |`,
    ];
  });
}

export function reportOf(results: readonly TrainingResult[]): string[] {
  const seeds = new Set(results.map(({ cell }) => cell.seed)).size;
  const diverged = results.filter(({ outcome }) => outcome.diverged);
  return [
    `Test accuracy in percent after the last round, mean model, then worst peer; means over ${seeds} seeds.`,
    '',
    ...accuracyTable(results, 1),
    '',
    'Every edge inactive in half of the rounds:',
    '',
    ...accuracyTable(results, 0.5),
    '',
    `Fewer than 1/${CLAIMED_RATIO} of the bytes of D-PSGD at no more than ${CLAIMED_LOSS} point of the mean model lost:`,
    '',
    '| | times fewer bytes, at least | points lost, mean | most | within the claim | claim |',
    '|---|---:|---:|---:|---:|---|',
    ...bytesVerdicts(results),
    '',
    `Half of the edges inactive cost at most ${CLAIMED_INACTIVE_LOSS} points:`,
    '',
    '| | points lost, mean | most | places | claim |',
    '|---|---:|---:|---:|---|',
    ...inactiveVerdicts(results),
    '',
    diverged.length === 0
      ? 'No run diverged.'
      : `Diverged: ${diverged.map(({ cell }) => JSON.stringify(cell)).join('; ')}.`,
  ];
}

/** The best of the grid for each method, and all of it. */
export function tuningReport(results: readonly TrainingResult[]): string[] {
  const score = ({ outcome }: TrainingResult): number =>
    outcome.diverged ? 0 : 100 * (outcome.curve.at(-1)?.meanModel ?? 0);
  const rows = METHODS.flatMap(({ name }) => {
    const own = results.filter(({ cell }) => cell.method === name).sort((a, b) => score(b) - score(a));
    if (own.length === 0) return [];
    const described = own.map(
      (result) => `${result.cell.optimizer} ${result.cell.learningRate}: ${score(result).toFixed(1)}`,
    );
    return [`| ${name} | **${described[0]}** | ${described.slice(1).join('; ')} |`];
  });
  return ['| | chosen | the others |', '|---|---|---|', ...rows];
}
