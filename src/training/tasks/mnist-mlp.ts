/**
 * Handwritten digits with a perceptron of one hidden layer: 784-128-10, ReLU, softmax cross-entropy; 101,770
 * parameters in two blocks, 785 x 128 and 129 x 10. Small enough for eight peers on a laptop.
 */
import { assert } from '../../base/assert.js';
import type { RegistryEntry } from '../../base/registry.js';
import type { Dataset } from '../data/dataset.js';
import { loadMnist, MNIST_CLASSES, MNIST_FEATURES } from '../data/mnist.js';
import { startEngine } from '../engines.js';
import type { Network } from '../network/network.js';
import { createNetworkModel } from '../network-model.js';
import { histogramOf, type PartitionResult } from '../partition.js';
import type { Task, TaskModelOptions } from './task.js';

const HIDDEN = 128;

const network: Network = {
  inputShape: [28, 28, 1],
  layers: [
    { kind: 'flatten', name: 'flatten' },
    { kind: 'dense', name: 'dense1', units: HIDDEN, activation: 'relu' },
    { kind: 'dense', name: 'dense2', units: MNIST_CLASSES },
  ],
};

/** One copy of the digits a process and cache directory, however many peers it runs. */
const loading = new Map<string, Promise<Dataset>>();

function digitsOf(cacheDirectory: string): Promise<Dataset> {
  const known = loading.get(cacheDirectory);
  if (known !== undefined) return known;
  const started = loadMnist(cacheDirectory).catch((error: unknown) => {
    loading.delete(cacheDirectory); // a later call may have better luck
    throw error;
  });
  loading.set(cacheDirectory, started);
  return started;
}

function split(data: Dataset, options: Omit<TaskModelOptions, 'peer'>): PartitionResult {
  const result = options.partition.split(data.train, options.peers, options.seed);
  if (result.note !== null) options.onNotice?.(result.note);
  return result;
}

export const mnistMlp: RegistryEntry<Record<string, never>, Task> = {
  name: 'mnist-mlp',
  summary: `10,000 MNIST digits, perceptron ${MNIST_FEATURES}-${HIDDEN}-${MNIST_CLASSES}`,
  fields: {},
  make: (_options, spec) => ({
    name: 'mnist-mlp',
    spec,
    // 8 peers on a torus, exact gossip, qg: 0.956 of the test digits (iid), 0.940 (dirichlet:alpha=0.1); 0.2 breaks sorted.
    defaults: { learningRate: 0.1, batch: 32, localSteps: 5, rounds: 100 },
    async createModel(options) {
      const { peer, peers, cacheDirectory, seed } = options;
      assert(peer === null || (peer >= 0 && peer < peers), `peer ${peer} is one of ${peers}`);
      const subject = { network, loss: 'cross-entropy', seed } as const;
      const [data, { engine }] = await Promise.all([
        digitsOf(cacheDirectory),
        startEngine(options.engine ?? 'auto', subject),
      ]);
      const shard = peer === null ? new Uint32Array(0) : split(data, options).shards[peer]!;
      return createNetworkModel({ ...subject, engine, data, shard });
    },
    async histograms(options) {
      const data = await digitsOf(options.cacheDirectory);
      return split(data, options).shards.map((shard) =>
        histogramOf(data.train.labels!, shard, MNIST_CLASSES),
      );
    },
  }),
};
