/** Exported models, loaded by the real TensorFlow.js and by our own importer: same outputs, same network. */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportKeras } from '../../../../src/training/keras/keras-export.js';
import { importKeras, withoutHead } from '../../../../src/training/keras/keras-import.js';
import { encodeModel } from '../../../../src/training/keras/model-files.js';
import type { Network } from '../../../../src/training/network/network.js';
import { initialParameters } from '../../../../src/training/network/network-layout.js';
import { outputShape, sizeOf } from '../../../../src/training/network/shapes.js';
import { registerKerasLayers } from '../../../../src/training/tfjs-keras-layers.js';
import { createTfjsNetwork } from '../../../../src/training/tfjs-network.js';
import { startTfjs } from '../../../../src/training/tfjs-runtime.js';
import { layerCases, samplesFor } from '../../../reference/layer-networks.js';

const SAMPLES = 3;

/** Starts of 0 and 1 hide a mistake: every entry is moved, variances stay positive. */
function parametersOf(network: Network): Float32Array {
  return initialParameters(network, 7).map((value, k) => value + 0.05 * (1.5 + Math.sin(k)));
}

/** What TensorFlow.js computes, from the files. */
async function throughTfjs(
  network: Network,
  files: ReturnType<typeof encodeModel>,
  inputs: Float32Array,
): Promise<Float32Array> {
  const { modelTopology, weightsManifest } = files.json as {
    modelTopology: object;
    weightsManifest: [{ weights: tf.io.WeightsManifestEntry[] }];
  };
  const artifacts = {
    modelTopology,
    weightSpecs: weightsManifest[0].weights,
    weightData: files.weights.slice().buffer,
  };
  const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  const x = tf.tensor(inputs, [SAMPLES, ...network.inputShape]);
  const y = model.predict(x) as tf.Tensor;
  const out = Float32Array.from(y.dataSync());
  tf.dispose([x, y]);
  model.dispose();
  return out;
}

describe('a network exported to Keras', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
    registerKerasLayers(tf);
  });
  afterAll(() => tf.disposeVariables());

  for (const layerCase of layerCases) {
    const { name, network, loss } = layerCase;
    const parameters = parametersOf(network);

    it(`computes in TensorFlow.js what it computes here: ${name}`, async () => {
      const samples = samplesFor(layerCase, SAMPLES);
      const indices = Uint32Array.from({ length: SAMPLES }, (_, k) => k);
      const inputs = new Float32Array(SAMPLES * sizeOf(network.inputShape));
      samples.inputsInto(inputs, indices);
      const engine = createTfjsNetwork(await startTfjs('tfjs-cpu'), { network, loss, seed: 1 });
      const ours = new Float32Array(SAMPLES * sizeOf(outputShape(network)));
      engine.outputsInto(ours, parameters, { samples, indices });
      engine.dispose();
      const theirs = await throughTfjs(network, encodeModel(exportKeras({ network, parameters })), inputs);
      expect(theirs.length).toBe(ours.length);
      const largest = Math.max(...ours.map((value, k) => Math.abs(value - theirs[k]!)));
      expect(largest).toBeLessThan(1e-5);
    });

    it(`comes back as it was: ${name}`, () => {
      const back = importKeras(exportKeras({ network, parameters }));
      expect(back.notes).toEqual([]);
      expect(back.parameters).toEqual(parameters);
      // Options spelled out and leaky-relu as a layer of its own: compared by what they export again.
      expect(exportKeras({ network: back.network, parameters })).toEqual(
        exportKeras({ network, parameters }),
      );
    });
  }

  it('gives probabilities with a head, which comes off again for training', async () => {
    const { network, loss } = layerCases.find(({ name }) => name.startsWith('add'))!;
    const parameters = parametersOf(network);
    const model = exportKeras({ network, parameters, head: 'softmax' });
    const inputs = new Float32Array(SAMPLES * 6).fill(0.3);
    const [p, q, r, s] = await throughTfjs(network, encodeModel(model), inputs);
    expect(p! + q! + r! + s!).toBeCloseTo(1, 6);
    const back = importKeras(model).network;
    expect(back.layers).toHaveLength(network.layers.length + 1);
    expect(withoutHead(back, loss).layers).toHaveLength(network.layers.length);
    expect(withoutHead(back, 'mean-squared-error')).toEqual(back);
  });
});
