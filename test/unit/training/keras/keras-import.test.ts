/** Models as TensorFlow.js saves them and as Keras writes them, and what is refused by name. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { importKeras } from '../../../../src/training/keras/keras-import.js';
import type { KerasModel } from '../../../../src/training/keras/keras-model.js';
import { encodeModel, readModelFiles, writeModelFiles } from '../../../../src/training/keras/model-files.js';
import { networkLayout } from '../../../../src/training/network/network-layout.js';
import { sizeOf } from '../../../../src/training/network/shapes.js';
import { createTfjsNetwork } from '../../../../src/training/tfjs-network.js';
import { startTfjs } from '../../../../src/training/tfjs-runtime.js';

/** What model.save() writes. */
async function saved(model: tf.LayersModel): Promise<KerasModel> {
  let kept: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      kept = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const data = kept!.weightData as ArrayBuffer;
  let at = 0;
  const weights = kept!.weightSpecs!.map(({ name, shape }) => {
    const values = new Float32Array(data.slice(at, at + 4 * sizeOf(shape)));
    at += 4 * values.length;
    return { name, shape, values };
  });
  return { topology: kept!.modelTopology, weights };
}

/** Both must say the same of the same inputs. */
async function expectSameOutputs(model: tf.LayersModel, inputShape: number[], tokens = 0): Promise<void> {
  const { network, parameters } = importKeras(await saved(model));
  expect(network.inputShape).toEqual(inputShape);
  const size = sizeOf(inputShape);
  const inputs = Float32Array.from({ length: 2 * size }, (_, k) => (tokens > 0 ? k % tokens : Math.sin(k)));
  const theirs = (model.predict(tf.tensor(inputs, [2, ...inputShape])) as tf.Tensor).dataSync();
  const engine = createTfjsNetwork(await startTfjs('tfjs-cpu'), {
    network,
    loss: 'mean-squared-error',
    seed: 1,
  });
  const ours = new Float32Array(theirs.length);
  const samples = {
    count: 2,
    labels: null,
    origins: null,
    inputsInto: (out: Float32Array) => out.set(inputs),
    targetsInto() {},
  };
  engine.outputsInto(ours, parameters!, { samples, indices: Uint32Array.of(0, 1) });
  engine.dispose();
  expect(Math.max(...ours.map((value, k) => Math.abs(value - theirs[k]!)))).toBeLessThan(1e-5);
}

describe('a model of TensorFlow.js becomes a network with the same outputs', () => {
  beforeAll(() => tf.setBackend('cpu'));

  it('sequential: convolutions, pooling, norms, activations', async () => {
    const { layers } = tf;
    const model = tf.sequential({
      layers: [
        layers.conv2d({ inputShape: [8, 7, 2], filters: 3, kernelSize: 3, activation: 'relu' }),
        layers.batchNormalization(),
        layers.maxPooling2d({ poolSize: 2, strides: 1 }),
        layers.depthwiseConv2d({
          kernelSize: [3, 2],
          padding: 'same',
          depthMultiplier: 2,
          activation: 'selu',
        }),
        layers.averagePooling2d({ poolSize: 2, padding: 'same' }),
        layers.leakyReLU({ alpha: 0.3 }),
        layers.flatten(),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 6, useBias: false }),
        layers.layerNormalization(),
        layers.reLU({ maxValue: 6 }),
        layers.dense({ units: 4, activation: 'softmax' }),
      ],
    });
    await expectSameOutputs(model, [8, 7, 2]);
  });

  it('functional: a residual connection', async () => {
    const x = tf.input({ shape: [5] });
    const a = tf.layers.dense({ units: 4, activation: 'tanh' }).apply(x) as tf.SymbolicTensor;
    const b = tf.layers.dense({ units: 4 }).apply(a) as tf.SymbolicTensor;
    const sum = tf.layers.add().apply([b, a]) as tf.SymbolicTensor;
    await expectSameOutputs(tf.model({ inputs: x, outputs: sum }), [5]);
  });

  it('recurrent, with sigmoid gates', async () => {
    const { layers } = tf;
    const model = tf.sequential({
      layers: [
        layers.embedding({ inputDim: 9, outputDim: 4, inputLength: 6 }),
        layers.lstm({ units: 3, recurrentActivation: 'sigmoid', returnSequences: true }),
        layers.gru({ units: 5, recurrentActivation: 'sigmoid' }),
        layers.dense({ units: 2 }),
      ],
    });
    await expectSameOutputs(model, [6], 9);
  });
});

const sequential = (...layers: object[]): KerasModel => ({
  topology: { class_name: 'Sequential', config: { name: 'm', layers } },
  weights: null,
});
const input = { class_name: 'InputLayer', config: { name: 'in', batch_shape: [null, 4] } };
const layer = (className: string, config: object = {}) => ({
  class_name: className,
  config: { name: 'mine', ...config },
});
const problem = (model: KerasModel): string => {
  try {
    importKeras(model);
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_CONFIG' });
    return (error as Error).message;
  }
  throw new Error('was accepted');
};

describe('a model of Keras', () => {
  it('is read in the spelling of Keras 3: batch_shape, keras_history, silu', () => {
    const tensor = (name: string) => ({
      class_name: '__keras_tensor__',
      config: { shape: [null, 4], keras_history: [name, 0, 0] },
    });
    const topology = {
      model_config: {
        class_name: 'Functional',
        config: {
          layers: [
            { ...input, name: 'in', inbound_nodes: [] },
            {
              class_name: 'Add',
              config: { name: 'sum' },
              inbound_nodes: [{ args: [[tensor('wide'), tensor('in')]], kwargs: {} }],
            },
            {
              class_name: 'Dense',
              config: { name: 'wide', units: 4, activation: 'silu' },
              inbound_nodes: [{ args: [tensor('in')], kwargs: {} }],
            },
          ],
          input_layers: ['in', 0, 0],
          output_layers: ['sum', 0, 0],
        },
      },
    };
    const { network } = importKeras({ topology, weights: null });
    expect(network).toEqual({
      inputShape: [4],
      layers: [
        { kind: 'dense', name: 'wide', units: 4, activation: 'swish', bias: true },
        { kind: 'add', name: 'sum', inputs: ['wide', 'input'] },
      ],
    });
  });

  it('finds weights under the longer names of Python', () => {
    const layers = [
      { class_name: 'LSTM', config: { name: 'lstm', units: 1, batch_input_shape: [null, 2, 1] } },
    ];
    const names = ['kernel', 'recurrent_kernel', 'bias'];
    const weights = names.map((part, index) => ({
      name: `sequential/lstm/lstm_cell/${part}:0`,
      shape: part === 'bias' ? [4] : [1, 4],
      values: new Float32Array(4).fill(index + 1),
    }));
    const { parameters, network } = importKeras({ ...sequential(...layers), weights });
    expect(networkLayout(network).tensors.map(({ name }) => name)).toEqual(
      names.map((part) => `lstm/${part}`),
    );
    expect(Array.from(parameters!)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
  });

  it('notes the regularizer that it does without', () => {
    const regularizer = { class_name: 'L1L2', config: { l2: 0.01 } };
    const { notes } = importKeras(
      sequential(input, layer('Dense', { units: 2, kernel_regularizer: regularizer })),
    );
    expect(notes).toEqual([expect.stringContaining('kernel_regularizer not used')]);
  });

  it.each([
    ['an unknown layer', layer('SeparableConv2D'), /"mine" \(SeparableConv2D\).*supported are Dense, Conv2D/],
    [
      'an unknown activation',
      layer('Dense', { units: 2, activation: 'mish' }),
      /"mish"; supported are linear, relu/,
    ],
    ['a frozen layer', layer('Dense', { units: 2, trainable: false }), /frozen.*Set trainable to true/],
    ['a model inside', layer('Sequential', { layers: [] }), /a model inside the model/],
    [
      'gates that are not sigmoid',
      layer('LSTM', { units: 2, recurrent_activation: 'hard_sigmoid' }),
      /recurrentActivation: 'sigmoid'/,
    ],
    ['a GRU that resets after', layer('GRU', { units: 2, reset_after: true }), /reset_after=False/],
    [
      'dilation',
      layer('Conv2D', { filters: 2, kernel_size: 3, dilation_rate: [2, 2] }),
      /dilation_rate is \[2,2\]/,
    ],
    ['channels first', layer('Flatten', { data_format: 'channels_first' }), /channels_last/],
    ['no units', layer('Dense'), /units is undefined; wanted a whole number/],
  ])('is refused with layer and remedy for %s', (_what, bad, message) => {
    expect(problem(sequential(input, bad))).toMatch(message);
  });

  it('is refused without a fixed input shape, without layers, and as a subclass', () => {
    expect(problem(sequential(layer('Dense', { units: 2 })))).toContain('no input shape');
    const open = layer('Dense', { units: 2, batch_input_shape: [null, null, 3] });
    expect(problem(sequential(open))).toContain('[any, 3]; wanted fixed sizes');
    expect(problem(sequential())).toContain('no layers');
    expect(
      problem({ topology: { class_name: 'MyModel', config: { layers: [1] } }, weights: null }),
    ).toContain('MyModel');
  });

  it('is refused where a weight is missing, misshapen or not a number', () => {
    const model = sequential(input, layer('Dense', { units: 2, use_bias: false }));
    const weight = (name: string, shape: number[], value = 1) => ({
      name,
      shape,
      values: new Float32Array(sizeOf(shape)).fill(value),
    });
    expect(problem({ ...model, weights: [weight('mine/kern', [4, 2])] })).toMatch(
      /no weight "mine\/kernel" \(mine\/kern\)/,
    );
    expect(problem({ ...model, weights: [weight('mine/kernel', [2, 4])] })).toContain(
      '[2, 4]; wanted [4, 2]',
    );
    expect(problem({ ...model, weights: [weight('mine/kernel', [4, 2], Number.NaN)] })).toContain('NaN at 0');
  });
});

describe('model.json', () => {
  const directory = mkdtempSync(join(tmpdir(), 'grapevine-keras-'));
  const path = join(directory, 'model.json');
  const model: KerasModel = {
    ...sequential(input, layer('Dense', { units: 2 })),
    weights: [{ name: 'mine/kernel', shape: [1, 2], values: Float32Array.of(1.5, -2) }],
  };
  const fault = (write: () => void): string => {
    write();
    try {
      readModelFiles(path);
    } catch (error) {
      expect(error).toMatchObject({ code: 'BAD_CONFIG' });
      return (error as Error).message;
    }
    throw new Error('was read');
  };

  it('is read as it was written', () => {
    writeModelFiles(directory, encodeModel(model, { task: 'x' }));
    expect(readModelFiles(path)).toEqual({
      ...model,
      files: [path, join(directory, 'weights.bin')],
      metadata: { task: 'x' },
    });
  });

  it('says what is wrong with files, and what to do', () => {
    expect(fault(() => writeFileSync(join(directory, 'weights.bin'), new Uint8Array(4)))).toContain(
      '4 bytes of weights; wanted the 8',
    );
    expect(fault(() => writeFileSync(path, 'PK\x03\x04'))).toContain('save_keras_model');
    expect(fault(() => writeFileSync(path, '{'))).toContain('is not JSON');
    expect(fault(() => writeFileSync(path, '{"format":"graph-model"}'))).toContain('cannot be trained');
    expect(fault(() => writeFileSync(path, '{}'))).toContain('no modelTopology');
    const half = { modelTopology: {}, weightsManifest: [{ paths: ['gone.bin'], weights: [] }] };
    expect(fault(() => writeFileSync(path, JSON.stringify(half)))).toContain('gone.bin cannot be read');
    const small = {
      modelTopology: {},
      weightsManifest: [{ paths: [], weights: [{ name: 'w', shape: [1], dtype: 'uint8' }] }],
    };
    expect(fault(() => writeFileSync(path, JSON.stringify(small)))).toContain('is uint8; wanted float32');
  });
});
