/** Our kernels in TensorFlow.js' WebAssembly backend do what those of its plain JavaScript backend do. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { startTfjs, type TfjsRuntime, useBackend } from '../../../src/training/tfjs-runtime.js';

fc.configureGlobal({ seed: 20_261_122, numRuns: 60 });

let wasm: TfjsRuntime;
let cpu: TfjsRuntime;
beforeAll(async () => {
  wasm = await startTfjs('tfjs-wasm');
  cpu = await startTfjs('tfjs-cpu');
});

type Compute = (runtime: TfjsRuntime) => Tensor | Tensor[];

/** Shapes and numbers of what `compute` makes on a backend; a tensor of another type than float32 counts as it is. */
function resultsOn(runtime: TfjsRuntime, compute: Compute): { shape: number[]; values: number[] }[] {
  useBackend(runtime);
  const { tensors } = { tensors: runtime.tf.memory().numTensors };
  const results = runtime.tf.tidy(() =>
    [compute(runtime)].flat().map((tensor) => ({ shape: tensor.shape, values: [...tensor.dataSync()] })),
  ) as never;
  expect(runtime.tf.memory().numTensors).toBe(tensors);
  return results;
}

function expectSame(compute: Compute): void {
  const [got, wanted] = [resultsOn(wasm, compute), resultsOn(cpu, compute)];
  expect(got.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape));
  got.forEach(({ values }, index) => {
    const scale = Math.max(1, ...wanted[index]!.values.map(Math.abs));
    values.forEach((x, k) => expect(Math.abs(x - wanted[index]!.values[k]!)).toBeLessThan(2e-6 * scale));
  });
}

const numbers = (shape: readonly number[], name: string): Float32Array => {
  const random = createRandom(name, ...shape);
  return Float32Array.from({ length: shape.reduce((size, side) => size * side, 1) }, () => gaussian(random));
};
const tensor = ({ tf }: TfjsRuntime, shape: readonly number[], name = 'x') =>
  tf.tensor(numbers(shape, name), [...shape]);

const side = fc.integer({ min: 1, max: 13 });

describe('products', () => {
  it('of all sizes, transposed or not', () => {
    fc.assert(
      fc.property(
        side,
        fc.integer({ min: 1, max: 40 }),
        side,
        fc.boolean(),
        fc.boolean(),
        (m, k, n, ta, tb) => {
          expectSame((runtime) =>
            runtime.tf.matMul(
              tensor(runtime, ta ? [k, m] : [m, k], 'a'),
              tensor(runtime, tb ? [n, k] : [k, n], 'b'),
              ta,
              tb,
            ),
          );
        },
      ),
    );
  });

  it('of sizes beyond one block', () => {
    for (const [ta, tb] of [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      const [m, k, n] = [101, 259, 517];
      expectSame((runtime) =>
        runtime.tf.matMul(
          tensor(runtime, ta ? [k, m] : [m, k], 'a'),
          tensor(runtime, tb ? [n, k] : [k, n], 'b'),
          ta,
          tb,
        ),
      );
    }
  });

  it.each([
    [
      [2, 3],
      [2, 3],
    ],
    [[4], [1]],
    [[1], [4]],
    [[], [3]],
  ])('of batches %j and %j', (left, right) => {
    expectSame((runtime) =>
      runtime.tf.matMul(
        tensor(runtime, [...left, 5, 6], 'a'),
        tensor(runtime, [...right, 7, 6], 'b'),
        false,
        true,
      ),
    );
  });
});

interface WindowCase {
  readonly image: [number, number, number, number];
  readonly size: [number, number];
  readonly strides: [number, number];
  readonly padding: 'same' | 'valid';
  readonly out: number;
}

const windows: fc.Arbitrary<WindowCase> = fc.record({
  image: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 4, max: 9 }),
    fc.integer({ min: 4, max: 9 }),
    fc.integer({ min: 1, max: 6 }),
  ),
  size: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  padding: fc.constantFrom('same' as const, 'valid' as const),
  out: fc.integer({ min: 1, max: 9 }),
});

/** The gradients of sum(f(x, filter) * w) for random w. */
function gradients(
  runtime: TfjsRuntime,
  f: (x: Tensor4D, filter: Tensor4D) => Tensor,
  [image, filter]: readonly [readonly number[], readonly number[]],
): Tensor[] {
  const { tf } = runtime;
  return tf.grads((x, k) => {
    const y = f(x as Tensor4D, k as Tensor4D);
    return tf.sum(tf.mul(y, tensor(runtime, y.shape, 'w')));
  })([tensor(runtime, image), tensor(runtime, filter, 'k')]);
}

describe('gradients of windows', () => {
  it('of convolutions', () => {
    fc.assert(
      fc.property(windows, ({ image, size, strides, padding, out }) => {
        const filter = [...size, image[3], out];
        expectSame((runtime) =>
          gradients(runtime, (x, k) => runtime.tf.conv2d(x, k, strides, padding), [image, filter]),
        );
      }),
    );
  });

  it('of depthwise convolutions', () => {
    fc.assert(
      fc.property(
        windows,
        fc.integer({ min: 1, max: 3 }),
        ({ image, size, strides, padding }, multiplier) => {
          const filter = [...size, image[3], multiplier];
          expectSame((runtime) =>
            gradients(runtime, (x, k) => runtime.tf.depthwiseConv2d(x, k, strides, padding), [image, filter]),
          );
        },
      ),
    );
  });

  it('of max-pooling, also of windows without a positive number', () => {
    fc.assert(
      fc.property(windows, ({ image, size, strides, padding }) => {
        expectSame((runtime) => {
          const { tf } = runtime;
          return tf.grad((x) => {
            const y = tf.maxPool(x as Tensor4D, size, strides, padding);
            return tf.sum(tf.mul(y, tensor(runtime, y.shape, 'w')));
          })(tensor(runtime, image));
        });
      }),
    );
  });
});

describe('copies', () => {
  const shape = [3, 4, 5, 6];

  it('slices of every part', () => {
    const range = (length: number) =>
      fc
        .tuple(fc.nat(length - 1), fc.nat(length - 1))
        .map(([a, b]) => [Math.min(a, b), Math.abs(a - b) + 1] as const);
    fc.assert(
      fc.property(fc.tuple(...shape.map(range)), fc.integer({ min: 1, max: 4 }), (ranges, rank) => {
        const [own, parts] = [shape.slice(0, rank), ranges.slice(0, rank)];
        expectSame((runtime) =>
          runtime.tf.slice(
            tensor(runtime, own),
            parts.map(([begin]) => begin),
            parts.map(([, size]) => size),
          ),
        );
      }),
    );
  });

  it.each([0, 1, 2, 3, -1])('unstacks and splits along axis %i', (axis) => {
    expectSame((runtime) => runtime.tf.unstack(tensor(runtime, shape), axis));
    const length = shape.at(axis)!;
    expectSame((runtime) => runtime.tf.split(tensor(runtime, shape), [1, length - 1], axis));
  });

  it('gathers rows, and refuses those that are not there', () => {
    const rows = (runtime: TfjsRuntime, last: number) =>
      runtime.tf.gather(
        tensor(runtime, [4, 3, 2]),
        runtime.tf.tensor([3, 0, 3, 1, 2, last], [2, 3], 'int32'),
      );
    expectSame((runtime) => rows(runtime, 0));
    expectSame(({ tf }) => tf.gather(tf.tensor([1, 2, 3, 4], [2, 2]), tf.tensor1d([1, 0, 1], 'int32'), 1));
    useBackend(wasm);
    for (const index of [4, -1]) {
      expect(() => wasm.tf.tidy(() => rows(wasm, index))).toThrow(`there is no row ${index} of 4`);
    }
  });

  it('casts, and keeps apart what it shares: a tensor may go before its clone', () => {
    expectSame(({ tf }) => tf.cast(tf.tensor([1.7, -2.2, 0]), 'int32'));
    expectSame(({ tf }) => tf.cast(tf.tensor([true, false], [2], 'bool'), 'float32'));
    expectSame((runtime) => {
      const x = tensor(runtime, [7]);
      const clone = runtime.tf.clone(runtime.tf.cast(x, 'float32'));
      x.dispose();
      return [clone, runtime.tf.zeros([7])];
    });
  });
});

describe('sums', () => {
  it.each([[[0]], [[0, 1]], [[0, 1, 2]], [[1]], [[1, 3]], [[3]], [[0, 2]], [[0, 1, 2, 3]]])(
    'and means over axes %j',
    (axes) => {
      for (const keep of [false, true]) {
        expectSame((runtime) => runtime.tf.sum(tensor(runtime, [7, 3, 4, 5]), axes, keep));
        expectSame((runtime) => runtime.tf.mean(tensor(runtime, [7, 3, 4, 5]), axes, keep));
      }
    },
  );

  it('of segments leave out rows whose segment is not there', () => {
    expectSame(({ tf }) =>
      tf.unsortedSegmentSum(
        tf.tensor([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]),
        tf.tensor1d([2, 0, 2, -1], 'int32'),
        3,
      ),
    );
  });
});
