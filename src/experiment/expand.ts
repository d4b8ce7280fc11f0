/**
 * From axes to cells, with `exclude` and `include` as a matrix of GitHub Actions has them:
 *
 *   1. the cross product of the axes in the file's order, the last one changing fastest;
 *   2. cells that have all values of an `exclude` entry go;
 *   3. an `include` entry gives its other keys to every cell of step 2 that has all its values of axes; an entry that
 *      fits no cell is a cell of its own.
 *
 * Values are compared as written.
 */
import { GrapevineError } from '../base/errors.js';
import type { Axis, Keys, Sweep } from './sweep-file.js';

/** One cell before anybody has verified it. */
export interface WrittenCell {
  readonly keys: Keys;
  /** The chosen names of named sets of keys, by axis. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A manifest of this many cells has some 100 MB; a sweep of more is meant to be several. */
export const MAX_CELLS = 100_000;

function crossProduct(axes: readonly Axis[], settings: Keys): WrittenCell[] {
  const total = axes.reduce((product, { values }) => product * values.length, 1);
  if (total > MAX_CELLS)
    throw new GrapevineError(
      'BAD_CONFIG',
      `the axes make ${total} cells (${axes.map(({ name, values }) => `${name} ${values.length}`).join(' x ')}), ` +
        `wanted at most ${MAX_CELLS}: split the experiment.`,
    );
  let cells: WrittenCell[] = [{ keys: settings, labels: {} }];
  for (const { name, values } of axes) {
    cells = cells.flatMap(({ keys, labels }) =>
      values.map((value) => ({
        keys: { ...keys, ...value.keys },
        labels: value.label === null ? labels : { ...labels, [name]: value.label },
      })),
    );
  }
  return cells;
}

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Whether `cell` has all of `entry`. */
function matches({ keys, labels }: WrittenCell, entry: Keys): boolean {
  return Object.entries(entry).every(([key, value]) =>
    key in labels ? labels[key] === String(value) : equal(keys[key], value),
  );
}

/** The keys of the sets that `entry` names, and its labels. */
function resolveLabels(entry: Keys, axes: readonly Axis[]): WrittenCell {
  const keys: Record<string, unknown> = { ...entry };
  const labels: Record<string, string> = {};
  for (const { name, values } of axes) {
    const set = values.find(({ label }) => label !== null && label === String(entry[name]));
    if (set === undefined) continue;
    delete keys[name];
    Object.assign(keys, set.keys);
    labels[name] = set.label!;
  }
  return { keys, labels };
}

function includeInto(cells: WrittenCell[], entry: Keys, { axes, settings }: Sweep, original: number): void {
  const varied = new Set(axes.flatMap(({ name, values }) => [name, ...Object.keys(values[0]?.keys ?? {})]));
  const fixed = Object.fromEntries(Object.entries(entry).filter(([key]) => varied.has(key)));
  const further = Object.fromEntries(Object.entries(entry).filter(([key]) => !varied.has(key)));
  let fits = false;
  for (let i = 0; i < original; i++) {
    if (!matches(cells[i]!, fixed)) continue;
    fits = true;
    cells[i] = { ...cells[i]!, keys: { ...cells[i]!.keys, ...further } };
  }
  if (fits) return;
  const { keys, labels } = resolveLabels(entry, axes);
  cells.push({ keys: { ...settings, ...keys }, labels });
}

/** What came of the axes, and entries of `exclude` that fit nothing: probably misspelled. */
export interface Expansion {
  readonly cells: readonly WrittenCell[];
  /** Indices in `sweep.exclude`. */
  readonly idleExcludes: readonly number[];
}

/** @throws GrapevineError BAD_CONFIG: more than MAX_CELLS */
export function expandSweep(sweep: Sweep): Expansion {
  const all = crossProduct(sweep.axes, sweep.settings);
  const used = new Set<number>();
  const cells = all.filter((cell) => {
    const hits = [...sweep.exclude.keys()].filter((index) => matches(cell, sweep.exclude[index]!));
    for (const index of hits) used.add(index);
    return hits.length === 0;
  });
  // Without axes the product is one cell that nobody asked for, where entries of include stand for themselves.
  const kept = sweep.axes.length === 0 && sweep.include.length > 0 ? [] : cells;
  const original = kept.length;
  for (const entry of sweep.include) includeInto(kept, entry, sweep, original);
  return { cells: kept, idleExcludes: [...sweep.exclude.keys()].filter((index) => !used.has(index)) };
}

/** Every key that an axis or an `include` entry sets, in the file's order; named sets stand under their axis' name. */
export function variedKeys({ axes, include }: Sweep): string[] {
  const ofAxes = axes.flatMap(({ name, values }) =>
    values.every(({ label }) => label !== null) ? [name] : values.flatMap(({ keys }) => Object.keys(keys)),
  );
  return [...new Set([...ofAxes, ...include.flatMap((entry) => Object.keys(entry))])];
}
