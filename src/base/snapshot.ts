/**
 * Plain data as a structure of JSON and named arrays, and back: what a checkpoint holds of any state, so that no algorithm,
 * compressor or optimizer writes code of its own to be resumed.
 *
 * Plain data: numbers (NaN, infinities and -0 too), bigints, strings, booleans, null, undefined, arrays, Maps, Sets, typed
 * arrays, and objects without a class. A random generator is a typed array (random.ts). Two places that hold one object
 * hold one object again, and views of one memory share it again. Anything else is a bug of whoever put it into a state, and is said at once (`SnapshotError`):
 * nothing is lost in silence. What a state keeps beside its data is made anew from the configuration, and says so by `rebuilt`.
 *
 * A snapshot is restored into a state made afresh from the same configuration, in place where it fits: arrays stay where
 * kernels reach them (linalg/vectors.ts), and whoever holds a part of the state, holds it still.
 */
import { assert } from './assert.js';

const arrayTypes = {
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
} as const;

export type ArrayKind = keyof typeof arrayTypes;
export type PlainArray =
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

export interface NamedArray {
  /** Where it was found: `state.edges.0.memory.own`. */
  readonly name: string;
  readonly values: PlainArray;
}

/**
 * A value: itself where JSON has it, or [tag, ...]: n number, b bigint, u undefined, o object, l list, m Map, s Set, t typed
 * array, v view of an array that others see, too, r the object that was met as the r-th, x rebuilt.
 */
type Node = null | boolean | number | string | readonly [tag: string, ...rest: unknown[]];

export interface Snapshot {
  readonly structure: unknown;
  readonly arrays: readonly NamedArray[];
}

/** A state that cannot be saved, or a snapshot that does not fit: a bug, never the user's. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

const rebuiltObjects = new WeakSet<object>();

/** Marks `value` as no part of a snapshot: functions, made anew from the configuration, that remember nothing. */
export function rebuilt<T extends object>(value: T): T {
  rebuiltObjects.add(value);
  return value;
}

export function kindOf(values: PlainArray): ArrayKind {
  const kind = (Object.keys(arrayTypes) as ArrayKind[]).find((name) => values instanceof arrayTypes[name]);
  assert(kind !== undefined, 'a plain array has one of the kinds');
  return kind;
}

function isArrayKind(kind: unknown): kind is ArrayKind {
  return typeof kind === 'string' && Object.hasOwn(arrayTypes, kind);
}

/** An array of `kind` with a copy of `bytes`, whose length is a multiple of its element's. */
export function arrayOf(kind: ArrayKind, bytes: Uint8Array): PlainArray {
  return new arrayTypes[kind](new Uint8Array(bytes).buffer);
}

function isPlainArray(value: object): value is PlainArray {
  return ArrayBuffer.isView(value) && Object.values(arrayTypes).some((type) => value instanceof type);
}

/** One typed array of the value, and what stands for it in the structure. */
interface View {
  readonly values: PlainArray;
  readonly node: unknown[];
}

const endOf = ({ byteOffset, byteLength }: PlainArray): number => byteOffset + byteLength;

/** Views of one buffer, in groups that share no byte. */
function groupsOf(views: readonly View[]): View[][] {
  const groups: View[][] = [];
  let end = -1;
  for (const view of [...views].sort((a, b) => a.values.byteOffset - b.values.byteOffset)) {
    if (view.values.byteOffset >= end) groups.push([]);
    groups.at(-1)!.push(view);
    end = Math.max(end, endOf(view.values));
  }
  return groups;
}

/** A view's elements lie at a multiple of their size in the memory that it shares. */
const WIDEST_ELEMENT = 8;

/** Turns the nodes of views that share bytes into views of one array, which is returned; a view alone is its own. */
function shareMemory(group: readonly View[]): NamedArray {
  const [first] = group as readonly [View];
  const name = String(first.node[2]);
  if (group.length === 1) return { name, values: first.values };
  const start = first.values.byteOffset - (first.values.byteOffset % WIDEST_ELEMENT);
  const end = Math.max(...group.map(({ values }) => endOf(values)));
  for (const { node, values } of group)
    node.splice(0, 3, 'v', kindOf(values), name, values.byteOffset - start, values.length);
  return { name, values: new Uint8Array(first.values.buffer, start, end - start) };
}

class Taker {
  private readonly met = new Map<object, number>();
  private readonly views = new Map<ArrayBufferLike, View[]>();
  private count = 0;

  get arrays(): NamedArray[] {
    return [...this.views.values()].flatMap((views) => groupsOf(views).map(shareMemory));
  }

  take(value: unknown, path: string): Node {
    switch (typeof value) {
      case 'boolean':
      case 'string':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : ['n', Object.is(value, -0) ? '-0' : String(value)];
      case 'bigint':
        return ['b', String(value)];
      case 'undefined':
        return ['u'];
      case 'object':
        return value === null ? null : this.takeObject(value, path);
      default:
        throw new SnapshotError(`${path} is a ${typeof value}: a state is plain data, or marked as rebuilt`);
    }
  }

  private takeObject(value: object, path: string): Node {
    if (rebuiltObjects.has(value)) return ['x'];
    const known = this.met.get(value);
    if (known !== undefined) return ['r', known];
    if (isPlainArray(value)) return this.takeArray(value, path);
    this.met.set(value, this.count++);
    if (Array.isArray(value)) return ['l', value.map((item, k) => this.take(item, `${path}.${k}`))];
    if (value instanceof Map) {
      const entries = [...value].map(([key, item], k) => [
        this.take(key, `${path}.key${k}`),
        this.take(item, `${path}.${typeof key === 'object' ? k : String(key)}`),
      ]);
      return ['m', entries];
    }
    if (value instanceof Set) return ['s', [...value].map((item, k) => this.take(item, `${path}.${k}`))];
    return this.takeFields(value, path);
  }

  private takeFields(value: object, path: string): Node {
    const prototype: unknown = Object.getPrototypeOf(value);
    const plain = prototype === Object.prototype || prototype === null;
    if (!plain || Object.getOwnPropertySymbols(value).length > 0 || Object.hasOwn(value, '__proto__'))
      throw new SnapshotError(`${path} is a ${value.constructor?.name}: a state is plain data`);
    return ['o', Object.entries(value).map(([key, item]) => [key, this.take(item, `${path}.${key}`)])];
  }

  private takeArray(values: PlainArray, path: string): Node {
    const views = this.views.get(values.buffer) ?? [];
    this.views.set(values.buffer, views);
    this.met.set(values, this.count++);
    const node: [string, ...unknown[]] = ['t', kindOf(values), path];
    views.push({ values, node });
    return node;
  }
}

/**
 * The snapshot of `value`; arrays are named by their place below `root`, and are not copied.
 * @throws SnapshotError where something is not plain data
 */
export function takeSnapshot(value: unknown, root: string): Snapshot {
  const taker = new Taker();
  const structure = taker.take(value, root);
  return { arrays: taker.arrays, structure };
}

/** Of a Buffer, too, whose slice would be no copy. */
function copyOf(values: PlainArray): PlainArray {
  return new arrayTypes[kindOf(values)](values as Uint8Array & BigInt64Array);
}

/** The snapshot with arrays of its own, which what happens to the state next does not reach. */
export function copySnapshot({ structure, arrays }: Snapshot): Snapshot {
  return { structure, arrays: arrays.map(({ name, values }) => ({ name, values: copyOf(values) })) };
}

/** The stored array of a name, where it is there and of that kind. */
export type StoredArrays = (name: string, kind: ArrayKind) => PlainArray | undefined;

class Restorer {
  private readonly met: unknown[] = [];
  /** Objects of the template that hold a part of the snapshot already. */
  private readonly claimed = new Set<object>();
  private readonly arrays: StoredArrays;
  /** Memories that views share, by name. */
  private readonly shared = new Map<string, PlainArray>();

  constructor(arrays: StoredArrays) {
    this.arrays = arrays;
  }

  restore(node: unknown, template: unknown): unknown {
    if (!Array.isArray(node)) return node;
    const [tag, body, name] = node as [string, unknown, unknown];
    switch (tag) {
      case 'n':
        return Number(body);
      case 'b':
        return BigInt(String(body));
      case 'u':
        return undefined;
      case 'r':
        if (typeof body === 'number' && body < this.met.length) return this.met[body];
        throw new SnapshotError(`no object ${String(body)} to refer to`);
      case 'x':
        if (typeof template === 'object' && template !== null && rebuiltObjects.has(template))
          return template;
        throw new SnapshotError('what is to be rebuilt is not there');
      case 't':
        return this.restoreArray(body, String(name), template);
      case 'v':
        return this.restoreView(node as [string, unknown, string, number, number]);
      case 'l':
        return this.restoreList(body as unknown[], template);
      case 'm':
        return this.restoreMap(body as [unknown, unknown][], template);
      case 's':
        return this.restoreSet(body as unknown[], template);
      case 'o':
        return this.restoreFields(body as [string, unknown][], template);
      default:
        throw new SnapshotError(`unknown tag ${String(tag)}`);
    }
  }

  /** `template` where it is free and right, else what `create` makes. */
  private meet<T extends object>(template: unknown, fits: boolean, create: () => T): T {
    const usable = fits && !this.claimed.has(template as object) && !Object.isFrozen(template);
    const target = usable ? (template as T) : create();
    this.claimed.add(target);
    this.met.push(target);
    return target;
  }

  private stored(name: string, kind: ArrayKind): PlainArray {
    const stored = this.arrays(name, kind);
    if (stored === undefined) throw new SnapshotError(`array ${name} is missing, or no ${kind}`);
    return stored;
  }

  private restoreView([, kind, name, offset, length]: readonly [string, unknown, string, number, number]) {
    if (!isArrayKind(kind)) throw new SnapshotError(`${name} is a view of no kind`);
    const memory = this.shared.get(name) ?? copyOf(this.stored(name, 'Uint8Array'));
    this.shared.set(name, memory);
    return this.meet(null, false, () => new arrayTypes[kind](memory.buffer as ArrayBuffer, offset, length));
  }

  private restoreArray(kind: unknown, name: string, template: unknown): PlainArray {
    if (!isArrayKind(kind)) throw new SnapshotError(`array ${name} has no kind`);
    const stored = this.stored(name, kind);
    const { length } = stored;
    const fits = template instanceof arrayTypes[kind] && template.length === length;
    const target = this.meet<PlainArray>(template, fits, () => new arrayTypes[kind](length));
    (target as Uint8Array).set(stored as Uint8Array);
    return target;
  }

  private restoreList(nodes: readonly unknown[], template: unknown): unknown[] {
    const before: readonly unknown[] = Array.isArray(template) ? [...template] : [];
    const target = this.meet<unknown[]>(template, Array.isArray(template), () => []);
    target.length = 0;
    nodes.forEach((node, k) => void target.push(this.restore(node, before[k])));
    return target;
  }

  private restoreMap(
    nodes: readonly (readonly [unknown, unknown])[],
    template: unknown,
  ): Map<unknown, unknown> {
    const before = new Map<unknown, unknown>(template instanceof Map ? template : []);
    const target = this.meet<Map<unknown, unknown>>(template, template instanceof Map, () => new Map());
    target.clear();
    for (const [keyNode, node] of nodes) {
      const key = this.restore(keyNode, undefined);
      target.set(key, this.restore(node, before.get(key)));
    }
    return target;
  }

  private restoreSet(nodes: readonly unknown[], template: unknown): Set<unknown> {
    const target = this.meet<Set<unknown>>(template, template instanceof Set, () => new Set());
    target.clear();
    for (const node of nodes) target.add(this.restore(node, undefined));
    return target;
  }

  private restoreFields(fields: readonly (readonly [string, unknown])[], template: unknown): object {
    const isObject = typeof template === 'object' && template !== null;
    const fits = isObject && Object.getPrototypeOf(template) === Object.prototype;
    const before = new Map<string, unknown>(fits ? Object.entries(template as object) : []);
    const target = this.meet<Record<string, unknown>>(template, fits, () => ({}));
    const kept = new Set(fields.map(([key]) => key));
    for (const key of Object.keys(target)) if (!kept.has(key)) delete target[key];
    for (const [key, node] of fields) target[key] = this.restore(node, before.get(key));
    return target;
  }
}

/**
 * The value of a snapshot. `template`: the same value made afresh, which is moved to the snapshot's state, in place where
 * it fits.
 * @throws SnapshotError where the snapshot does not fit
 */
export function restoreSnapshot(structure: unknown, arrays: StoredArrays, template?: unknown): unknown {
  return new Restorer(arrays).restore(structure, template);
}
