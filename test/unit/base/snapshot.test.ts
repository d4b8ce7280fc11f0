import { describe, expect, it } from 'vitest';
import { createRandom, nextUint32 } from '../../../src/base/random.js';
import {
  copySnapshot,
  rebuilt,
  restoreSnapshot,
  type Snapshot,
  takeSnapshot,
} from '../../../src/base/snapshot.js';

function restore(snapshot: Snapshot, template?: unknown): unknown {
  const arrays = new Map(snapshot.arrays.map(({ name, values }) => [name, values]));
  const structure: unknown = JSON.parse(JSON.stringify(snapshot.structure));
  return restoreSnapshot(structure, (name) => arrays.get(name), template);
}

const roundTrip = (value: unknown): unknown => restore(copySnapshot(takeSnapshot(value, 'state')));

describe('a snapshot of plain data', () => {
  it('keeps every number, also those that JSON has no word for', () => {
    const numbers = [
      0,
      -0,
      1 / 3,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      5e-324,
      2n ** 70n,
    ];
    expect(roundTrip(numbers)).toEqual(numbers);
    expect(Object.is((roundTrip([-0]) as number[])[0], -0)).toBe(true);
  });

  it('keeps objects, lists, maps, sets, texts that look like its own tags, null and undefined', () => {
    const value = {
      a: undefined,
      b: null,
      c: ['t', 'Float32Array', 'x'],
      d: new Map<unknown, unknown>([
        [1, { deep: [true] }],
        ['1', 'other key'],
      ]),
      e: new Set([3, 'x']),
      f: {},
    };
    expect(roundTrip(value)).toStrictEqual(value);
    expect([...(roundTrip(value) as typeof value).d.keys()]).toEqual([1, '1']);
  });

  it('keeps typed arrays of every kind to the bit, NaN with its payload, and those without an entry', () => {
    const arrays = [
      new Float64Array([1 / 3, -0]),
      new Float32Array(new Uint32Array([0x7fc12345, 0x80000000]).buffer),
      new BigInt64Array([-(2n ** 63n)]),
      new BigUint64Array([2n ** 64n - 1n]),
      new Int32Array([-1]),
      new Uint32Array([0xffffffff]),
      new Int16Array([-2]),
      new Uint16Array([65535]),
      new Int8Array([-3]),
      new Uint8Array([255]),
      new Float32Array(0),
    ];
    const back = roundTrip(arrays) as typeof arrays;
    expect(back).toEqual(arrays);
    expect(new Uint32Array(back[1]!.buffer)[0]).toBe(0x7fc12345);
  });

  it('keeps a random generator, which goes on where it was', () => {
    const random = createRandom(1, 'snapshot');
    nextUint32(random);
    const [copy] = roundTrip([random]) as [typeof random];
    expect([nextUint32(copy), nextUint32(copy)]).toEqual([nextUint32(random), nextUint32(random)]);
  });

  it('keeps two places that hold one object, and cycles', () => {
    const shared = new Float32Array([1]);
    const value: { a: unknown; b: unknown; self?: unknown } = { a: shared, b: { inner: shared } };
    value.self = value;
    const back = roundTrip(value) as { a: Float32Array; b: { inner: Float32Array }; self: unknown };
    expect(back.b.inner).toBe(back.a);
    expect(back.self).toBe(back);
  });

  it('keeps views of one memory as views of one memory, whatever else lies there', () => {
    const memory = new Float32Array([9, 1, 2, 3, 9]);
    const value = { whole: memory.subarray(1, 4), tail: memory.subarray(2, 4), apart: memory.subarray(4) };
    const back = roundTrip(value) as typeof value;
    expect(back).toEqual(value);
    back.whole[1] = 7;
    expect(back.tail[0]).toBe(7);
    expect(back.apart.buffer).not.toBe(back.whole.buffer);
  });

  it('is not reached by what happens to the state afterwards, not even in a Buffer', () => {
    const state = { x: new Float32Array([1]), frame: Buffer.from([1, 2]) };
    const snapshot = copySnapshot(takeSnapshot(state, 'state'));
    state.x[0] = 5;
    state.frame[0] = 5;
    expect(restore(snapshot)).toEqual({ x: new Float32Array([1]), frame: new Uint8Array([1, 2]) });
  });

  it('names arrays by their place', () => {
    const { arrays } = takeSnapshot({ edges: [{ memory: { own: new Float32Array(1) } }] }, 'state');
    expect(arrays.map(({ name }) => name)).toEqual(['state.edges.0.memory.own']);
  });

  it.each([
    ['a function', { step: () => 1 }, 'state.step is a function'],
    ['an object with a class', { at: new Date(0) }, 'state.at is a Date'],
    ['a symbol', [Symbol('x')], 'state.0 is a symbol'],
    ['a memory without a view', { memory: new ArrayBuffer(8) }, 'state.memory is a ArrayBuffer'],
    ['a generator as a closure', { chance: createRandom.bind(null, 1) }, 'state.chance is a function'],
  ])('refuses %s, naming its place', (_title, value, message) => {
    expect(() => takeSnapshot(value, 'state')).toThrow(message);
  });
});

describe('restoring into a state made afresh', () => {
  it('moves arrays, lists and maps in place, and leaves what is rebuilt', () => {
    const make = () => ({
      x: new Float32Array(2),
      list: [1],
      map: new Map([['k', { v: 0 }]]),
      made: rebuilt({ f() {} }),
    });
    const before = make();
    before.x.set([1, 2]);
    before.list.push(3);
    before.map.get('k')!.v = 4;
    const fresh = make();
    const { x, map, made } = fresh;
    const inner = map.get('k')!;
    const back = restore(takeSnapshot(before, 'state'), fresh) as typeof fresh;
    expect([back === fresh, back.x === x, back.map.get('k') === inner, back.made === made]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([...x, ...back.list, inner.v]).toEqual([1, 2, 1, 3, 4]);
  });

  it('keeps apart what was apart, where the fresh state has one object in two places', () => {
    const one = new Float32Array(1);
    const back = restore(takeSnapshot({ a: Float32Array.of(1), b: Float32Array.of(2) }, 'state'), {
      a: one,
      b: one,
    });
    expect(back).toEqual({ a: Float32Array.of(1), b: Float32Array.of(2) });
  });

  it('forgets keys that the saved state had no more, and makes what the fresh one lacks', () => {
    const back = restore(takeSnapshot({ kept: 1, behind: new Float32Array(3) }, 'state'), {
      kept: 0,
      gone: 2,
      behind: null,
    });
    expect(back).toStrictEqual({ kept: 1, behind: new Float32Array(3) });
  });

  it('fails where something to be rebuilt is not there, or an array is missing or of another kind', () => {
    expect(() => restore(takeSnapshot({ p: rebuilt({}) }, 'state'), {})).toThrow('to be rebuilt');
    const { structure } = takeSnapshot([new Float32Array(1)], 'state');
    expect(() => restoreSnapshot(structure, () => undefined)).toThrow('state.0 is missing');
  });
});
