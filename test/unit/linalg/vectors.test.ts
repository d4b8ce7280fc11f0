import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { decodeAddInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';
import { addBytesInto, differenceInto, largestMagnitude } from '../../../src/linalg/difference.js';
import { kernels } from '../../../src/linalg/kernels.js';
import { createVectorSource, kernelsFor, kernelsHolding } from '../../../src/linalg/vectors.js';
import { gaussianMatrix } from '../../reference/naive-linalg.js';
import { withTwins } from '../../reference/with-twins.js';

/** A matrix of several tiles, one of a few rows, one that ends within a group of four, and two vectors. */
const shapes = [
  [785, 130],
  [9, 40],
  [67, 33],
  [1, 64],
  [1, 3000],
] as const;
let size = 0;
const blocks = shapes.map(([rows, cols], k) => {
  const block = { name: `${k}`, offset: size, rows, cols };
  size += rows * cols;
  return block;
});
const numbers = (seed: string) => gaussianMatrix(1, size, seed).values;

/** `count` vectors in kernels' memory. */
function resident(count: number): Float32Array[] {
  const next = createVectorSource(count, size);
  return Array.from({ length: count }, next);
}

const seeds = ['x', 'y', 'target'] as const;
const drawn = seeds.map(numbers);
/** Three in one memory for all tests: a process has no more than a few memories. */
const three = resident(3);

/** x, y and target, anew: in kernels' memory where `inReach` says so. */
function placed(inReach: readonly boolean[]): readonly [Float32Array, Float32Array, Float32Array] {
  const places = three.map((vector, k) => (inReach[k] ? vector : new Float32Array(size)));
  places.forEach((vector, k) => {
    vector.set(drawn[k]!);
  });
  return places as [Float32Array, Float32Array, Float32Array];
}

const sameBits = (a: Float32Array, b: Float32Array) =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

/** Three messages of x - y, each decoded into `target`. */
function messages(spec: string, [x, y, target]: readonly [Float32Array, Float32Array, Float32Array]): Buffer {
  const compressor = compressors.resolve(spec);
  const state = compressor.createState(blocks, createRandom('vectors'));
  const sent = [1, 2, 3].map(() => {
    const bytes =
      compressor.encodeDifference?.({ values: x, subtrahend: y }, blocks, state) ??
      compressor.encode(x, blocks, state);
    decodeAddInto(target, bytes, blocks);
    return bytes;
  });
  return Buffer.concat(sent);
}

describe('vectors where kernels reach them', () => {
  it('start at zero, lie together in one memory of their own, on cache lines, and do not overlap', () => {
    const vectors = resident(3);
    const [first] = vectors;
    expect(kernelsHolding(three[0]!)).not.toBeNull();
    expect(vectors.every(({ buffer, length }) => buffer === first!.buffer && length === size)).toBe(true);
    expect(vectors.every((vector) => vector.byteOffset % 64 === 0 && vector.every((x) => x === 0))).toBe(
      true,
    );
    expect(vectors[1]!.byteOffset - first!.byteOffset).toBeGreaterThanOrEqual(4 * size);
    expect(kernelsHolding(first!)).not.toBeNull();
    expect(kernelsHolding(first!)).not.toBe(kernels());
    expect(kernelsFor(first!, 1024, 1)).toBe(kernelsHolding(first!));
  });

  it('are ordinary arrays when short, when more are asked for than were announced, and without kernels', () => {
    const ordinary = (vector: Float32Array) => expect(vector.buffer.byteLength).toBe(vector.byteLength);
    ordinary(createVectorSource(2, 100)());
    const next = createVectorSource(1, size);
    expect(kernelsHolding(next())).not.toBeNull();
    ordinary(next());
    withTwins(() => ordinary(createVectorSource(2, size)()));
  });

  it('keep their numbers when kernels want more room than is left: those work in the shared memory', () => {
    const [vector] = resident(1);
    vector!.fill(1);
    expect(kernelsFor(vector!, 2 ** 30, 1)).toBe(kernels());
    expect(() => kernelsHolding(vector!)!.reserve(2 ** 30, 1)).toThrow();
    expect(vector!.length).toBe(size);
    expect(vector!.every((x) => x === 1)).toBe(true);
  });

  it('are left to the twins when those do the work', () => {
    const [vector] = resident(1);
    withTwins(() => {
      expect(kernelsFor(vector!, 1024, 1)).toBeNull();
      expect(kernelsHolding(vector!)).toBeNull();
    });
  });

  for (const rank of [1, 2, 3, 4, 5, 8]) {
    for (const bits of [4, 16, 32]) {
      it(`give the bits of ordinary arrays: low-rank, rank ${rank}, ${bits} bits`, () => {
        const spec = `low-rank:rank=${rank},bits=${bits}`;
        const ordinary = placed([false, false, false]);
        const wanted = messages(spec, ordinary);
        for (const inReach of [
          [true, true, true],
          [false, true, true],
          [true, false, false],
        ]) {
          const places = placed(inReach);
          expect(messages(spec, places).equals(wanted)).toBe(true);
          expect(sameBits(places[2], ordinary[2])).toBe(true);
          expect(sameBits(places[0], drawn[0]!) && sameBits(places[1], drawn[1]!)).toBe(true);
        }
      });
    }
  }

  it('give the bits of ordinary arrays with every other compressor', () => {
    for (const spec of ['none', 'int8', 'sign', 'top-k', 'ef+top-k', 'low-rank:rank=4++sign']) {
      const ordinary = placed([false, false, false]);
      const wanted = messages(spec, ordinary);
      const places = placed([true, true, true]);
      expect(messages(spec, places).equals(wanted), spec).toBe(true);
      expect(sameBits(places[2], ordinary[2]), spec).toBe(true);
      expect(sameBits(places[0], drawn[0]!), spec).toBe(true);
    }
  });

  it('are measured, subtracted and added to in place', () => {
    const [x, y, out] = placed([true, true, true]);
    const z = x.map((value, i) => value - y[i]!);
    const largest = z.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    expect(differenceInto(out, x, y)).toBe(true);
    expect(sameBits(out, z)).toBe(true);
    expect(largestMagnitude(out)).toBe(largest);
    addBytesInto(out, new Uint8Array(y.slice().buffer));
    const sum = z.map((value, i) => value + y[i]!);
    expect(sameBits(out, sum)).toBe(true);
    expect(sameBits(x, drawn[0]!) && sameBits(y, drawn[1]!)).toBe(true);
  });

  it('give views of other blocks when they are asked for by other blocks', () => {
    const [x] = placed([true, true, true]);
    const plan = compressors.resolve('none');
    const whole = [{ name: 'all', offset: 0, rows: 1, cols: size }];
    const first = plan.encode(x, blocks, plan.createState(blocks, createRandom('a')));
    const second = plan.encode(x, whole, plan.createState(whole, createRandom('a')));
    expect(first.length - 8 * blocks.length).toBe(second.length - 8);
  });
});
