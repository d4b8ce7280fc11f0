import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, uniform, uniformInt } from '../../../src/base/random.js';
import { type Dataset, rowSamples, type Samples } from '../../../src/training/data/dataset.js';
import type { Network } from '../../../src/training/network/network.js';
import { createNetworkModel } from '../../../src/training/network-model.js';
import { createTfjsNetwork } from '../../../src/training/tfjs-network.js';
import {
  startTfjs,
  type TfjsEngineName,
  type TfjsRuntime,
  tensorMemory,
} from '../../../src/training/tfjs-runtime.js';
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

const perceptron = (hidden: readonly number[]): Network => ({
  inputShape: [FEATURES],
  layers: [
    ...hidden.map((units, l) => ({ kind: 'dense', name: `hidden${l}`, units, activation: 'relu' }) as const),
    { kind: 'dense', name: 'logits', units: CLASSES },
  ],
});

interface ModelOptions {
  readonly peer: number | null;
  readonly seed: number;
  readonly network?: Network;
  readonly engine?: TfjsEngineName;
}

async function createModel({
  peer,
  seed,
  network = perceptron([9]),
  engine: name = 'tfjs-wasm',
}: ModelOptions) {
  const subject = { network, loss: 'cross-entropy', seed } as const;
  const engine = createTfjsNetwork(await startTfjs(name), subject);
  return createNetworkModel({ ...subject, engine, data, shard: shardOf(peer) });
}

for (const engine of ['tfjs-wasm', 'tfjs-cpu'] as const) {
  trainerConformance({
    name: engine,
    createModel: (peer, seed) => createModel({ peer, seed, engine }),
    learningRate: 0.1,
    batch: 16,
    gradientTolerance: 2e-3,
    differenceStep: 1e-3,
  });
}

const withDropoutAndNorm: Network = {
  inputShape: [FEATURES],
  layers: [
    { kind: 'dense', name: 'hidden', units: 16 },
    { kind: 'batch-norm', name: 'norm', momentum: 0.75 },
    { kind: 'activation', name: 'tanh', activation: 'tanh' },
    { kind: 'dropout', name: 'dropout', rate: 0.25 },
    { kind: 'dense', name: 'logits', units: CLASSES },
  ],
};

// Dropout and statistics: a resumed run must draw the same masks, evaluation none.
trainerConformance({
  name: 'tfjs-wasm with dropout and batch-norm',
  createModel: (peer, seed) => createModel({ peer, seed, network: withDropoutAndNorm }),
  learningRate: 0.1,
  batch: 16,
  gradientTolerance: 2e-3,
  differenceStep: 1e-3,
});

describe('the TensorFlow.js engine', () => {
  let runtime: TfjsRuntime;
  beforeAll(async () => {
    runtime = await startTfjs('tfjs-wasm');
  });

  it.each([[[9]], [[]], [[7, 5]]])('agrees with the naive network for hidden layers %j', async (hidden) => {
    const model = await createModel({ peer: 1, seed: 2, network: perceptron(hidden) });
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
    const model = await createModel({ peer: null, seed: 2 });
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
    const model = await createModel({ peer: 0, seed: 2, network: withDropoutAndNorm });
    const before = tensorMemory(runtime);
    const parameters = model.initialParameters();
    const gradient = new Float32Array(parameters.length);
    for (let step = 0; step < 200; step++) {
      model.gradientInto(gradient, parameters, Uint32Array.of(step % 60, 3));
      model.updateStatisticsInto!(parameters);
    }
    for (let k = 0; k < 5; k++) model.evaluate(parameters);
    expect(tensorMemory(runtime)).toEqual(before);
  });

  it('moves moving mean and variance by 1 - momentum towards those of the batch (Ioffe and Szegedy 2015)', async () => {
    const network: Network = {
      inputShape: [FEATURES],
      layers: [{ kind: 'batch-norm', name: 'norm', momentum: 0.75 }],
    };
    const model = await createModel({ peer: 0, seed: 2, network });
    const parameters = model.initialParameters();
    const gradient = new Float32Array(parameters.length);
    const batch = Uint32Array.of(1, 4, 6);
    model.gradientInto(gradient, parameters, batch);
    expect([...gradient.subarray(2 * FEATURES)]).toEqual(new Array(2 * FEATURES).fill(0));
    model.updateStatisticsInto!(parameters);
    for (let c = 0; c < FEATURES; c++) {
      const column = Array.from(batch, (index) => data.train.rows[shardOf(0)[index]! * FEATURES + c]!);
      const mean = column.reduce((sum, x) => sum + x, 0) / 3;
      const variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 3;
      expect(parameters[2 * FEATURES + c]).toBeCloseTo(0.25 * mean, 6);
      expect(parameters[3 * FEATURES + c]).toBeCloseTo(0.75 + 0.25 * variance, 6);
    }
  });

  it('has nothing to move without batch-norm', async () => {
    expect((await createModel({ peer: 0, seed: 2 })).updateStatisticsInto).toBeUndefined();
  });

  it('runs models of several backends in turn', async () => {
    const [wasm, cpu] = await Promise.all(
      (['tfjs-wasm', 'tfjs-cpu'] as const).map((engine) => createModel({ peer: 0, seed: 2, engine })),
    );
    const parameters = wasm!.initialParameters();
    const [a, b] = [new Float32Array(parameters.length), new Float32Array(parameters.length)];
    for (let turn = 0; turn < 3; turn++) {
      const batch = Uint32Array.of(turn, turn + 7);
      const losses = [wasm!.gradientInto(a, parameters, batch), cpu!.gradientInto(b, parameters, batch)];
      expect(losses[0]).toBeCloseTo(losses[1]!, 6);
    }
    expect([wasm!.engine, cpu!.engine]).toEqual(['tfjs-wasm', 'tfjs-cpu']);
  });

  it('leaves no listener of Emscripten on the process', () => {
    const rethrowing = process.listeners('unhandledRejection').filter((f) => /throw reason/.test(String(f)));
    expect(rethrowing).toEqual([]);
  });
});
