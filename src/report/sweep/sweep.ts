/**
 * The rows of an experiment as a report sees them. Cells that differ in nothing but the seed are a group, whose spread
 * is the noise. Of the axes one is the choice that the report compares, compressors before all; the others are the
 * contexts it is made in, such as topologies.
 */
import { assert } from '../../base/assert.js';
import { GrapevineError } from '../../base/errors.js';
import type { CellResult } from '../../metrics/cell-results.js';
import { labelsOf } from './labels.js';
import { hasDiverged, type Quality, qualityOf } from './quality.js';
import { type Spread, spreadOfMeasured } from './statistics.js';

const SEED = 'seed';

/** Axes that people choose among, the first that varies is compared. */
const CHOICES = [
  'compressor',
  'algorithm',
  'optimizer',
  'schedule',
  'localSteps',
  'stepping',
  'learningRate',
  'pace',
];

/** Axes that are given rather than chosen; they are compared if nothing else varies. */
const CONTEXTS = ['topology', 'peers', 'partition', 'task', 'link'];

export type Standing = 'done' | 'diverged' | 'failed' | 'refused';

/** Cells of equal settings but for the seed. */
export interface Group {
  /** Place among the groups, in the manifest's order. */
  readonly index: number;
  /** Short names of its values by axis, without the seed. */
  readonly labels: Readonly<Record<string, string>>;
  /** What is compared; '' where nothing but the seed varies. */
  readonly choice: string;
  /** What it is compared in; '' where nothing else varies. */
  readonly context: string;
  /** All of its cells, in the manifest's order. */
  readonly cells: readonly CellResult[];
  /** Those that ended with numbers and did not diverge. */
  readonly sound: readonly CellResult[];
  /** The worst of its cells: a choice that fails with some seeds is no choice. */
  readonly standing: Standing;
  /** Over sound cells; null where none was evaluated. */
  readonly final: Spread | null;
  readonly payloadBytes: Spread | null;
  readonly simulatedSeconds: Spread | null;
  /** Mean over seeds, for a random graph differs with them; null where it was not computed. */
  readonly spectralGap: number | null;
}

export interface SweepAxis {
  readonly name: string;
  /** Short names by the JSON of each value, in the manifest's order. */
  readonly labels: ReadonlyMap<string, string>;
}

export interface Sweep {
  readonly quality: Quality;
  /** Without the seed. */
  readonly axes: readonly SweepAxis[];
  /** The axis that is compared; null where nothing but the seed varies. */
  readonly choiceAxis: string | null;
  readonly contextAxes: readonly string[];
  readonly groups: readonly Group[];
  /** Distinct, in reading order: topologies by their spectral gap, all else as in the manifest. */
  readonly choices: readonly string[];
  readonly contexts: readonly string[];
  readonly cells: readonly CellResult[];
}

function axesOf(cells: readonly CellResult[]): SweepAxis[] {
  const names = Object.keys(cells[0]!.axes).filter((name) => name !== SEED);
  return names.map((name) => {
    const distinct = new Map(
      cells.map(({ axes }) => [JSON.stringify(axes[name] ?? null), axes[name] ?? null]),
    );
    return { name, labels: labelsOf(name, [...distinct.values()]) };
  });
}

function choiceAmong(names: readonly string[], wanted: string | null): string | null {
  if (wanted !== null && !names.includes(wanted))
    throw new GrapevineError(
      'BAD_USAGE',
      `--choose ${wanted}: no axis that varies. Wanted one of ${names.join(', ') || 'none: only the seed varies'}.`,
    );
  const own = names.find((name) => !CHOICES.includes(name) && !CONTEXTS.includes(name));
  return wanted ?? CHOICES.find((name) => names.includes(name)) ?? own ?? names[0] ?? null;
}

function standingOf(cells: readonly CellResult[], quality: Quality): Standing {
  const statuses = new Set(cells.map(({ status }) => status));
  if (statuses.has('refused')) return 'refused';
  if (statuses.has('failed')) return 'failed';
  return cells.some((cell) => hasDiverged(cell, quality)) ? 'diverged' : 'done';
}

interface Naming {
  readonly quality: Quality;
  readonly axes: readonly SweepAxis[];
  readonly choiceAxis: string | null;
}

function groupOf(cells: readonly CellResult[], index: number, { quality, axes, choiceAxis }: Naming): Group {
  const own = cells[0]!.axes;
  const labels = Object.fromEntries(
    axes.map((axis) => [axis.name, axis.labels.get(JSON.stringify(own[axis.name] ?? null))!]),
  );
  const context = axes.filter(({ name }) => name !== choiceAxis).map(({ name }) => labels[name]);
  const sound = cells.filter((cell) => cell.status === 'done' && !hasDiverged(cell, quality));
  return {
    index,
    labels,
    choice: choiceAxis === null ? '' : labels[choiceAxis]!,
    context: context.join(', '),
    cells,
    sound,
    standing: standingOf(cells, quality),
    final: spreadOfMeasured(sound.map(({ summary }) => quality.final(summary!))),
    payloadBytes: spreadOfMeasured(sound.map(({ summary }) => summary!.payloadBytesPerPeer)),
    simulatedSeconds: spreadOfMeasured(sound.map(({ summary }) => summary!.simulatedSeconds)),
    spectralGap: spreadOfMeasured(cells.map(({ topology }) => topology?.spectralGap))?.mean ?? null,
  };
}

/** Contexts by their spectral gap where it is the topology that tells them apart. */
function contextsOf(groups: readonly Group[], contextAxes: readonly string[]): string[] {
  const names = [...new Set(groups.map(({ context }) => context))];
  if (!contextAxes.includes('topology')) return names;
  const gapOf = (name: string): number =>
    groups.find(({ context, spectralGap }) => context === name && spectralGap !== null)?.spectralGap ?? 2; // above all gaps
  return names.sort((a, b) => gapOf(a) - gapOf(b));
}

/**
 * @param choose the axis to compare; null: the report decides
 * @throws GrapevineError BAD_USAGE: no such axis
 */
export function readSweep(cells: readonly CellResult[], choose: string | null = null): Sweep {
  assert(cells.length > 0, 'a sweep has cells');
  const quality = qualityOf(cells);
  const axes = axesOf(cells);
  const names = axes.map(({ name }) => name);
  const choiceAxis = choiceAmong(names, choose);
  const byAxes = new Map<string, CellResult[]>();
  for (const cell of cells) {
    const key = JSON.stringify(names.map((name) => cell.axes[name] ?? null));
    byAxes.set(key, [...(byAxes.get(key) ?? []), cell]);
  }
  const groups = [...byAxes.values()].map((own, index) => groupOf(own, index, { quality, axes, choiceAxis }));
  const contextAxes = names.filter((name) => name !== choiceAxis);
  return {
    quality,
    axes,
    choiceAxis,
    contextAxes,
    groups,
    choices: [...new Set(groups.map(({ choice }) => choice))],
    contexts: contextsOf(groups, contextAxes),
    cells,
  };
}

/** Below this share of difference, a cost is the same for all groups and orders nothing. */
const SAME_COST = 0.01;

/** Whether groups differ in what they spend by the end. */
export function differsIn(
  cost: 'payloadBytes' | 'simulatedSeconds',
  { groups }: Pick<Sweep, 'groups'>,
): boolean {
  const means = groups.flatMap((group) => group[cost]?.mean ?? []);
  return means.length > 1 && Math.max(...means) > Math.min(...means) * (1 + SAME_COST);
}
