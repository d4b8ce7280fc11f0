import { describe, expect, it } from 'vitest';
import type { NetworkEngine } from '../../../src/training/engine.js';
import type { Network } from '../../../src/training/network/network.js';
import { continueText, predict, probabilitiesOf } from '../../../src/training/predict.js';
import type { SavedModel } from '../../../src/training/saved-model.js';

/** An engine whose outputs are a function of each sample's inputs. */
function engineOf(inputs: number, compute: (row: Float32Array) => readonly number[]): NetworkEngine {
  return {
    name: 'tfjs-cpu',
    gradientInto: () => 0,
    outputsInto(out, _parameters, { samples, indices }) {
      const rows = new Float32Array(indices.length * inputs);
      samples.inputsInto(rows, indices);
      indices.forEach((_, b) => {
        const result = compute(rows.subarray(b * inputs, (b + 1) * inputs));
        out.set(result, b * result.length);
      });
    },
    dispose() {},
  };
}

const network = (inputs: number, units: number): Network => ({
  inputShape: [inputs],
  layers: [{ kind: 'dense', name: 'out', units }],
});

const saved = (rest: Partial<SavedModel>): SavedModel => ({
  task: null,
  loss: 'cross-entropy',
  targets: null,
  encoding: null,
  network: network(1, 3),
  parameters: new Float32Array(0),
  ...rest,
});

describe('predict', () => {
  it('is a softmax over logits, with names of classes, for more samples than a chunk holds', () => {
    const count = 300;
    const targets = { kind: 'classes', classes: 3, perSample: 1, names: ['a', 'b', 'c'] } as const;
    const inputs = {
      count,
      values: Float32Array.from({ length: count }, (_, k) => k % 3),
      names: Array.from({ length: count }, (_, k) => `row ${k}`),
    };
    const engine = engineOf(1, ([x]) => [0, 1, 2].map((k) => (k === x ? Math.log(2) : 0)));
    const predictions = predict(engine, saved({ targets }), inputs);
    expect(predictions.map(({ classes }) => classes![0])).toEqual(inputs.names.map((_, k) => 'abc'[k % 3]));
    expect(predictions[299]).toMatchObject({ input: 'row 299', values: null });
    // 2 / (2 + 1 + 1)
    predictions[299]!.probabilities![0]!.forEach((p, k) => expect(p).toBeCloseTo(k === 2 ? 0.5 : 0.25, 6));
  });

  it('is a sigmoid of one logit for two classes', () => {
    const model = saved({ loss: 'binary-cross-entropy', network: network(1, 1) });
    const inputs = { count: 2, values: Float32Array.of(1, -1), names: ['p', 'n'] };
    const [first, second] = predict(
      engineOf(1, ([x]) => [x! * Math.log(3)]),
      model,
      inputs,
    );
    expect(first!.classes).toEqual(['1']);
    expect(second!.classes).toEqual(['0']);
    expect(first!.probabilities![0]![1]).toBeCloseTo(0.75, 6);
  });

  it('gives values in the unit of the data', () => {
    const targets = { kind: 'values', perSample: 1, standardized: { mean: 100, deviation: 20 } } as const;
    const model = saved({ loss: 'mean-squared-error', network: network(1, 1), targets });
    const [only] = predict(
      engineOf(1, ([x]) => [x!]),
      model,
      { count: 1, values: Float32Array.of(1.5), names: ['x'] },
    );
    expect(only).toEqual({ input: 'x', classes: null, probabilities: null, values: [130] });
  });

  it('does not overflow', () => {
    expect(probabilitiesOf([1000, 0])).toEqual([1, 0]);
    expect(probabilitiesOf([1, 0], 1e-3)).toEqual([1, 0]);
  });
});

describe('continueText', () => {
  const characters = ['?', 'a', 'b', 'c'];
  /** After each character the next one of the alphabet, and nothing else. */
  const engine = engineOf(3, (row) =>
    Array.from(row).flatMap((token) => characters.map((_, k) => (k === (token % 3) + 1 ? 50 : 0))),
  );
  const model = {
    ...saved({
      network: { inputShape: [3], layers: [{ kind: 'embedding', name: 'e', vocabulary: 4, size: 4 }] },
    }),
    encoding: { kind: 'text', characters } as const,
  };
  const go = (prompt: string) => continueText(engine, model, { prompt, length: 7, temperature: 1, seed: 1 });

  it('reads the last place that is filled, and slides its window past its end', () => {
    expect(go('a')).toBe('bcabcab');
    expect(go('abcab')).toBe('cabcabc');
  });

  it('begins somewhere without a prompt, and takes unknown characters as one', () => {
    expect(go('')).toBe('abcabca');
    expect(go('x')).toBe('abcabca');
  });
});
