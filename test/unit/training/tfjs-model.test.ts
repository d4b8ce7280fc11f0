import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, uniform, uniformInt } from '../../../src/base/random.js';
import { type Dataset, rowSamples, type Samples } from '../../../src/training/data/dataset.js';
import { createTfjsModel } from '../../../src/training/tfjs-model.js';
import { startTfjs, type TfjsRuntime, tensorMemory } from '../../../src/training/tfjs-runtime.js';
import { trainerConformance } from '../../conformance/trainer.js';
import { naiveMlp } from '../../reference/naive-mlp.js';

const [FEATURES, CLASSES] = [12, 4];

/** Points around one center a class: learnable, in [0, 1] like pixels. */
function clusters(
  count: number,
  name: string,
): Samples & { readonly rows: Float32Array; readonly labels: Uint8Array } {
  const random = createRandom('clusters', name);
  const labels = Uint8Array.from({ length: count }, () => uniformInt(random, CLASSES));
  const rows = Float32Array.from({ length: count * FEATURES }, (_, k) => {
    const label = labels[Math.floor(k / FEATURES)]!;
    return 0.6 * uniform(random) + (k % CLASSES === label ? 0.4 : 0);
  });
  return { ...rowSamples({ rows, features: FEATURES, labels }), rows, labels };
}

const data = {
  name: 'clusters',
  inputShape: [FEATURES],
  targets: { kind: 'classes', classes: CLASSES, perSample: 1 },
  train: clusters(240, 'train'),
  test: clusters(1_100, 'test'),
} satisfies Dataset;
/** Peers take every fourth sample; none for null. */
const shardOf = (peer: number | null) =>
  peer === null ? new Uint32Array(0) : Uint32Array.from({ length: 60 }, (_, k) => 4 * k + peer);
const createModel = async (peer: number | null, seed: number, hidden = [9]) =>
  createTfjsModel({ runtime: await startTfjs(), data, shard: shardOf(peer), seed, hidden });

trainerConformance({
  name: 'the tfjs model',
  createModel,
  learningRate: 0.1,
  batch: 16,
  gradientTolerance: 2e-3,
  differenceStep: 1e-3,
});

describe('the tfjs model', () => {
  let runtime: TfjsRuntime;
  beforeAll(async () => {
    runtime = await startTfjs();
  });

  it('runs on WebAssembly here', () => {
    expect(runtime).toMatchObject({ engine: 'tfjs-wasm', reason: null });
  });

  it.each([[[9]], [[]], [[7, 5]]])('agrees with the naive network for hidden layers %j', async (hidden) => {
    const model = await createModel(1, 2, hidden);
    const parameters = model.initialParameters().map((x, k) => x + 0.1 * Math.sin(k)); // biases too
    const gradient = new Float32Array(parameters.length);
    const batch = Uint32Array.of(5, 0, 31, 59, 7);
    const loss = model.gradientInto(gradient, parameters, batch);
    const samples = [...batch].map((index) => {
      const at = shardOf(1)[index]!;
      return {
        row: [...data.train.rows.slice(at * FEATURES, (at + 1) * FEATURES)],
        label: data.train.labels[at]!,
      };
    });
    const twin = naiveMlp([FEATURES, ...hidden, CLASSES], parameters, samples);
    expect(loss).toBeCloseTo(twin.loss, 5);
    const largest = Math.max(...twin.gradient.map(Math.abs));
    gradient.forEach((g, k) => expect(Math.abs(g - twin.gradient[k]!)).toBeLessThan(1e-5 * largest));
  });

  it('evaluates chunks as the naive network evaluates the whole', async () => {
    const model = await createModel(null, 2);
    const parameters = model.initialParameters();
    const samples = Array.from(data.test.labels, (label, s) => ({
      row: [...data.test.rows.slice(s * FEATURES, (s + 1) * FEATURES)],
      label,
    }));
    const { loss, accuracy } = model.evaluate(parameters);
    const twin = naiveMlp([FEATURES, 9, CLASSES], parameters, samples);
    expect(loss).toBeCloseTo(twin.loss, 5);
    expect(accuracy).toBe(twin.correct / data.test.count);
  });

  it('holds no tensor between calls: the count is flat over 200 steps and evaluations', async () => {
    const model = await createModel(0, 2);
    const before = tensorMemory(runtime);
    const parameters = model.initialParameters();
    const gradient = new Float32Array(parameters.length);
    for (let step = 0; step < 200; step++)
      model.gradientInto(gradient, parameters, Uint32Array.of(step % 60, 3));
    for (let k = 0; k < 5; k++) model.evaluate(parameters);
    expect(tensorMemory(runtime)).toEqual(before);
  });

  it('leaves no listener of Emscripten on the process', () => {
    const rethrowing = process.listeners('unhandledRejection').filter((f) => /throw reason/.test(String(f)));
    expect(rethrowing).toEqual([]);
  });
});
