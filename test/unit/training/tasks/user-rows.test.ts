import { describe, expect, it } from 'vitest';
import { datasetOf, type UserRows } from '../../../../src/training/tasks/user-rows.js';

const read = (rows: UserRows) => {
  const { train, test, inputShape, targets } = datasetOf(rows, 'mine');
  const part = ({ count, inputsInto, targetsInto, labels }: typeof train) => {
    const [inputs, wanted] = [
      new Float32Array(count * inputShape.reduce((a, b) => a * b, 1)),
      new Float32Array(count * targets.perSample),
    ];
    const indices = Uint32Array.from({ length: count }, (_, k) => k);
    inputsInto(inputs, indices);
    targetsInto(wanted, indices);
    return { inputs: Array.from(inputs), targets: Array.from(wanted), labels };
  };
  return { inputShape, targets, train: part(train), test: part(test) };
};

const problem = (rows: unknown): string => {
  try {
    datasetOf(rows as UserRows, 'mine');
  } catch (error) {
    expect(error).toMatchObject({ code: 'DATA_UNAVAILABLE' });
    return (error as Error).message;
  }
  throw new Error('was accepted');
};

describe('rows of a user', () => {
  it('are lists in lists, or one typed array with a shape', () => {
    const nested = read({
      classes: ['no', 'yes'],
      train: { inputs: [[[1, 2]], [[3, 4]]], targets: [0, 1] },
      test: { inputs: [[[5, 6]]], targets: [1] },
    });
    expect(nested).toEqual({
      inputShape: [1, 2],
      targets: { kind: 'classes', classes: 2, perSample: 1, names: ['no', 'yes'] },
      train: { inputs: [1, 2, 3, 4], targets: [0, 1], labels: Uint8Array.of(0, 1) },
      test: { inputs: [5, 6], targets: [1], labels: Uint8Array.of(1) },
    });
    const flat = read({
      inputShape: [1, 2],
      classes: 2,
      train: { inputs: Float32Array.of(1, 2, 3, 4), targets: [0, 1] },
      test: { inputs: Float32Array.of(5, 6), targets: [1] },
    });
    expect(flat).toMatchObject({ inputShape: [1, 2], train: nested.train, test: nested.test });
  });

  it('hold back a fifth for testing where there is no test part, and have values without classes', () => {
    const inputs = Array.from({ length: 10 }, (_, k) => [k]);
    const { train, test, targets } = read({ train: { inputs, targets: inputs.map(([x]) => [x!, 2 * x!]) } });
    expect(targets).toEqual({ kind: 'values', perSample: 2 });
    expect([train.inputs.length, test.inputs.length]).toEqual([8, 2]);
    expect([...train.inputs, ...test.inputs].sort((a, b) => a - b)).toEqual(inputs.flat());
    expect(train.targets).toEqual(train.inputs.flatMap((x) => [x, 2 * x]));
  });

  it.each([
    [
      { train: { inputs: [[1], [2, 3]], targets: [0, 1] } },
      /data\.train\.inputs\[1\]: got 2 entries; wanted 1/,
    ],
    [
      { train: { inputs: [[1], ['2']], targets: [0, 1] } },
      /inputs\[1\]\[0\]: got "2"; wanted a finite number/,
    ],
    [{ train: { inputs: [[1], [Number.POSITIVE_INFINITY]], targets: [0, 1] } }, /got Infinity/],
    [{ train: { inputs: [[1], [1e39]], targets: [0, 1] } }, /number 1: too large for float32/],
    [{ train: { inputs: [[1], [2]], targets: [0] } }, /2 inputs and 1 targets/],
    [
      { inputShape: [3], train: { inputs: Float32Array.of(1, 2, 3, 4), targets: [0, 1] } },
      /4 numbers for 2 samples; wanted 6/,
    ],
    [
      { classes: 2, train: { inputs: [[1]], targets: [0.5] } },
      /targets\[0\]: got class 0\.5; wanted whole numbers from 0 to 1/,
    ],
    [
      { classes: 1, train: { inputs: [[1]], targets: [0] } },
      /data\.classes: got 1; wanted a whole number of at least 2/,
    ],
    [{ train: { inputs: [1, 2], targets: [1, 2] } }, /one number a sample; wanted a list for each/],
    [{ train: { inputs: [], targets: [] } }, /no samples/],
    [{ train: { inputs: [[1]] } }, /data\.train: wanted \{ inputs, targets \}/],
    [
      { train: { inputs: [[1]], targets: [1] }, test: { inputs: [[1, 2]], targets: [1] } },
      /data\.test: samples of another size/,
    ],
    [{}, /without "train"/],
    [null, /got null without "train"/],
  ])('are refused by place: %j', (rows, message) => {
    expect(problem(rows)).toMatch(message);
  });
});
