/**
 * The file of an experiment: what all runs share, and axes whose cross product is what they differ in.
 *
 *     settings: { task: mnist-mlp, rounds: 50 }     keys as in a --config file
 *     axes:
 *       topology: [ring, torus]                     a key and its values
 *       seed: { from: 1, to: 3 }                    a range of whole numbers
 *       link:                                       keys that change together, each set with a name ...
 *         fast: { latencyMs: 0.1, bandwidthMbps: 1000 }
 *         slow: { latencyMs: 100, bandwidthMbps: 1 }
 *       tuned:                                      ... or without
 *         - { optimizer: sgd, learningRate: 0.1 }
 *     exclude: [{ topology: ring, link: slow }]     cells that have all of these values
 *     include: [{ topology: star, seed: 1 }]        further cells, or further keys of cells (expand.ts)
 *
 * Here the text becomes a Sweep, or an error that names every mistake by line and column. What keys there are is an
 * argument; what a value means is decided by whoever verifies the cells.
 */
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { GrapevineError } from '../base/errors.js';
import { unknownNameMessage } from '../base/registry.js';

/** Values of configuration keys, as written. */
export type Keys = Readonly<Record<string, unknown>>;

export interface AxisValue {
  /** The name of a set of keys; null for a plain value. */
  readonly label: string | null;
  readonly keys: Keys;
  /** Where in the file, for messages. */
  readonly path: readonly (string | number)[];
}

export interface Axis {
  readonly name: string;
  readonly values: readonly AxisValue[];
}

export const drivers = ['simulate', 'swarm'] as const;
export type Driver = (typeof drivers)[number];

export interface Sweep {
  /** null: named after its file. */
  readonly name: string | null;
  readonly driver: Driver;
  readonly settings: Keys;
  readonly axes: readonly Axis[];
  readonly include: readonly Keys[];
  readonly exclude: readonly Keys[];
  /** After which a cell is given up; null: never. */
  readonly timeoutSeconds: number | null;
  /** "sweep.yaml:3:5" of a place in the file. */
  at(path: readonly (string | number)[]): string;
}

/** The keys a file may use. */
export interface KnownKeys {
  /** Each with its schema. */
  readonly shape: Readonly<Record<string, z.ZodType>>;
  /** Keys that exist but cannot stand in an experiment with this driver, and why. */
  refusal(key: string, place: 'settings' | 'axes', driver: Driver): string | null;
}

/** A range of more numbers is a slip of the keyboard. */
export const MAX_RANGE = 10_000;

const rangeSchema = z.strictObject({
  from: z.int(),
  to: z.int(),
  step: z.int().positive().default(1),
});
const keysSchema = z.record(z.string(), z.unknown());
const axisSchema = z.union([z.array(z.unknown()).min(1), keysSchema], {
  error: 'wanted a list of values, a range such as { from: 1, to: 5 }, or named sets of keys',
});
const sweepSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
      'wanted letters, digits, ".", "-" and "_"; it names a directory',
    )
    .optional(),
  description: z.string().optional(),
  driver: z.enum(drivers).default('simulate'),
  settings: keysSchema.default({}),
  axes: z.record(z.string(), axisSchema).default({}),
  include: z.array(keysSchema).default([]),
  exclude: z.array(keysSchema).default([]),
  timeoutSeconds: z.number().positive().max(31_536_000).optional(),
});

type Path = readonly (string | number)[];

/** Collects what is wrong, each with its place. */
interface Complaints {
  add(path: Path, problem: string, options?: { readonly ofKey?: boolean }): void;
  /** @throws GrapevineError BAD_CONFIG if there are any */
  raise(): void;
}

/** "file:line:column" of the deepest part of `path` that is there; with `ofKey` of its key rather than its value. */
function placeIn(document: Document, lines: LineCounter, source: string) {
  return (path: Path, ofKey = false): string => {
    for (let length = path.length; length >= 0; length--) {
      const parent = length === 0 ? document.contents : document.getIn(path.slice(0, length - 1), true);
      const pair = isMap(parent)
        ? parent.items.find(({ key }) => isScalar(key) && key.value === path[length - 1])
        : undefined;
      const byKey = ofKey && length === path.length && isNode(pair?.key) ? pair.key : undefined;
      const node = byKey ?? (length === 0 ? document.contents : document.getIn(path.slice(0, length), true));
      if (!isNode(node) || node.range == null) continue;
      const { line, col } = lines.linePos(node.range[0]);
      return `${source}:${line}:${col}`;
    }
    return source;
  };
}

function createComplaints(place: (path: Path, ofKey?: boolean) => string): Complaints {
  const found: string[] = [];
  return {
    add(path, problem, { ofKey = false } = {}) {
      const name = path.join('.');
      found.push(`${place(path, ofKey)}: ${name === '' ? '' : `${name}: `}${problem}`);
    },
    raise() {
      if (found.length > 0) throw new GrapevineError('BAD_CONFIG', found.join('\n'));
    },
  };
}

function addIssues(issues: readonly z.core.$ZodIssue[], complaints: Complaints, base: Path = []): void {
  for (const issue of issues) {
    const path = [...base, ...(issue.path as (string | number)[])];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        complaints.add([...path, key], unknownNameMessage('key', key, Object.keys(sweepSchema.shape)), {
          ofKey: true,
        });
      continue;
    }
    const own = issue.code === 'custom'; // says itself what was got
    const got =
      !own && 'input' in issue && issue.input !== undefined ? `, got ${JSON.stringify(issue.input)}` : '';
    complaints.add(path, `${issue.message}${got}`);
  }
}

/** Whoever checks keys and values needs to know of what driver. */
interface Checker {
  readonly known: KnownKeys;
  readonly driver: Driver;
  readonly complaints: Complaints;
}

function checkKeys(keys: Keys, path: Path, place: 'settings' | 'axes', checker: Checker): void {
  const { known, driver, complaints } = checker;
  for (const [key, value] of Object.entries(keys)) {
    const schema = known.shape[key];
    const refusal = known.refusal(key, place, driver);
    if (schema === undefined) {
      const problem = unknownNameMessage('key', key, Object.keys(known.shape));
      complaints.add([...path, key], problem, { ofKey: true });
    } else if (refusal !== null) complaints.add([...path, key], refusal, { ofKey: true });
    else {
      const outcome = schema.safeParse(value, { reportInput: true });
      if (!outcome.success) addIssues(outcome.error.issues, complaints, [...path, key]);
    }
  }
}

const isKeys = (value: unknown): value is Keys =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function rangeOf(value: Keys, path: Path, complaints: Complaints): number[] {
  const outcome = rangeSchema.safeParse(value, { reportInput: true });
  if (!outcome.success) {
    addIssues(outcome.error.issues, complaints, path);
    return [];
  }
  const { from, to, step } = outcome.data;
  const count = Math.floor((to - from) / step) + 1;
  if (count >= 1 && count <= MAX_RANGE) return Array.from({ length: count }, (_, i) => from + i * step);
  complaints.add(path, `a range of ${Math.max(0, count)} numbers, wanted 1 to ${MAX_RANGE}`);
  return [];
}

/** An axis named after a key has its values; one with a name of its own has sets of keys. */
function readAxis(name: string, written: readonly unknown[] | Keys, checker: Checker): Axis {
  const path = ['axes', name];
  const { known, complaints } = checker;
  if (known.shape[name] !== undefined) {
    const values = Array.isArray(written) ? written : rangeOf(written as Keys, path, complaints);
    const ranged = !Array.isArray(written);
    return {
      name,
      values: values.map((value, index) => ({
        label: null,
        keys: { [name]: value },
        path: ranged ? path : [...path, index],
      })),
    };
  }
  const sets: [string | number, unknown][] = Array.isArray(written)
    ? [...written.entries()]
    : Object.entries(written);
  const values = sets.flatMap(([at, keys]): AxisValue[] => {
    if (isKeys(keys) && Object.keys(keys).length > 0)
      return [{ label: typeof at === 'string' ? at : null, keys, path: [...path, at] }];
    const hint = isKeys(keys) ? '' : ` ${unknownNameMessage('key', name, Object.keys(known.shape))}`;
    complaints.add(
      [...path, at],
      `"${name}" is no key, so that its values are sets of keys such as { latencyMs: 10 }, got ${JSON.stringify(keys)}.${hint}`,
    );
    return [];
  });
  return { name, values };
}

function checkAxes(axes: readonly Axis[], settings: Keys, checker: Checker): void {
  const { complaints } = checker;
  const owner = new Map<string, string>();
  for (const { name, values } of axes) {
    for (const { keys, path } of values) {
      const isSet = checker.known.shape[name] === undefined;
      const base = isSet ? path : path.slice(0, -1);
      if (isSet) checkKeys(keys, path, 'axes', checker);
      else checkPlain(name, keys[name], path, checker);
      for (const key of Object.keys(keys)) {
        const other = owner.get(key) ?? name;
        if (other !== name) complaints.add([...base, key], `"${key}" is set by the axis "${other}", too`);
        owner.set(key, name);
      }
    }
  }
  for (const key of owner.keys()) {
    if (key in settings)
      complaints.add(
        ['settings', key],
        `"${key}" is set by the axis "${owner.get(key)}", too; leave one out`,
        {
          ofKey: true,
        },
      );
  }
}

function checkPlain(key: string, value: unknown, path: Path, checker: Checker): void {
  const refusal = checker.known.refusal(key, 'axes', checker.driver);
  if (refusal !== null) checker.complaints.add(['axes', key], refusal, { ofKey: true });
  const outcome = checker.known.shape[key]!.safeParse(value, { reportInput: true });
  if (!outcome.success)
    for (const issue of outcome.error.issues) addIssues([{ ...issue, path: [] }], checker.complaints, path);
}

/** Entries of include and exclude may also name a set of keys: { link: slow }. */
function checkEntries(
  entries: readonly Keys[],
  place: 'include' | 'exclude',
  axes: readonly Axis[],
  checker: Checker,
): void {
  for (const [index, entry] of entries.entries()) {
    const keys: Record<string, unknown> = { ...entry };
    for (const { name, values } of axes) {
      const labels = values.flatMap(({ label }) => (label === null ? [] : [label]));
      if (labels.length === 0 || !(name in keys)) continue;
      if (!labels.includes(String(keys[name])))
        checker.complaints.add(
          [place, index, name],
          unknownNameMessage(`value of the axis "${name}"`, String(keys[name]), labels),
        );
      delete keys[name];
    }
    checkKeys(keys, [place, index], 'axes', checker);
  }
}

function parseYaml(text: string, source: string) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new GrapevineError('BAD_CONFIG', `${source}:${line}:${col}: ${error.message.split('\n')[0]}`);
  }
  return { document, lines };
}

/** @param source the file's name, for messages. @throws GrapevineError BAD_CONFIG: a line for each mistake */
export function parseSweep(text: string, source: string, known: KnownKeys): Sweep {
  const { document, lines } = parseYaml(text, source);
  const place = placeIn(document, lines, source);
  const complaints = createComplaints(place);
  const outcome = sweepSchema.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (!outcome.success) addIssues(outcome.error.issues, complaints);
  complaints.raise();
  const { driver, settings, include, exclude, name, timeoutSeconds, ...file } = outcome.data!;
  const checker: Checker = { known, driver, complaints };
  checkKeys(settings, ['settings'], 'settings', checker);
  const axes = Object.entries(file.axes).map(([axis, written]) => readAxis(axis, written, checker));
  checkAxes(axes, settings, checker);
  checkEntries(include, 'include', axes, checker);
  checkEntries(exclude, 'exclude', axes, checker);
  complaints.raise();
  return {
    name: name ?? null,
    driver,
    settings,
    axes,
    include,
    exclude,
    timeoutSeconds: timeoutSeconds ?? null,
    at: (path) => place(path),
  };
}
