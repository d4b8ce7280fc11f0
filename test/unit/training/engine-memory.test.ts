/**
 * What 2,000 steps of training cost in memory: nothing. Tensors are counted where there are any; for the rest the
 * process as the system sees it, after a warm-up in which caches fill and code is compiled.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Batch, EngineChoice, NetworkEngine } from '../../../src/training/engine.js';
import { type StartedEngine, startEngine } from '../../../src/training/engines.js';
import type { Network } from '../../../src/training/network/network.js';
import { initialParameters } from '../../../src/training/network/network-layout.js';
import { importTfjsNode } from '../../../src/training/tfjs-node.js';
import { startTfjs, type TfjsEngineName, tensorMemory } from '../../../src/training/tfjs-runtime.js';
import { samplesFor } from '../../reference/layer-networks.js';

const network: Network = {
  inputShape: [8, 8, 2],
  layers: [
    { kind: 'conv2d', name: 'conv', filters: 4, kernel: [3, 3] },
    { kind: 'batch-norm', name: 'norm' },
    { kind: 'activation', name: 'relu', activation: 'relu' },
    { kind: 'max-pool', name: 'pool', size: [2, 2] },
    { kind: 'dropout', name: 'dropout', rate: 0.3 },
    { kind: 'flatten', name: 'flatten' },
    { kind: 'dense', name: 'logits', units: 3 },
  ],
};
const samples = samplesFor({ name: 'memory', network, loss: 'cross-entropy' }, 64);

const [WARM_UP, STEPS] = [1_000, 2_000];
/**
 * A leak of one batch a step (32 x 128 float32) would be 33 MB in 2,000 steps; of one gradient (211 numbers) 1.7 MB,
 * which the count of tensors sees. V8 alone wanders by 10 MB where other processes delay its collector's threads.
 */
const ALLOWED_GROWTH_BYTES = 20e6;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Memory that the system gives to this process, without what only waits to be collected. */
function residentBytes(): number {
  collectGarbage();
  return process.memoryUsage().rss;
}

function batchAt(step: number): Batch {
  return { samples, indices: Uint32Array.from({ length: 32 }, (_, k) => (7 * step + k) % 64) };
}

function train(engine: NetworkEngine, steps: number): void {
  const parameters = initialParameters(network, 1);
  const gradient = new Float32Array(parameters.length);
  const outputs = new Float32Array(32 * 3);
  for (let step = 0; step < steps; step++) {
    engine.gradientInto(gradient, parameters, batchAt(step));
    for (let k = 0; k < parameters.length; k++) parameters[k]! -= 0.01 * gradient[k]!;
    engine.updateStatisticsInto?.(parameters);
    if (step % 100 === 0) engine.outputsInto(outputs, parameters, batchAt(step));
  }
  expect(parameters.every(Number.isFinite)).toBe(true);
}

const noTfjsNode = await importTfjsNode();
const start = (choice: EngineChoice): Promise<StartedEngine> =>
  startEngine(choice, { network, loss: 'cross-entropy', seed: 1 });

describe('2,000 steps', () => {
  // TensorFlow.js' plain JavaScript runs the same graph by the same code, and takes minutes.
  it.for(['wasm', 'tfjs-node'] as const)(
    'leave no tensor behind, and the process as large as it was, on %s',
    async (choice, { skip }) => {
      if (choice === 'tfjs-node' && noTfjsNode !== null) skip(noTfjsNode);
      const { engine } = await start(choice);
      const runtime = await startTfjs(engine.name as TfjsEngineName);
      train(engine, WARM_UP);
      const [tensors, bytes] = [tensorMemory(runtime), residentBytes()];
      train(engine, STEPS);
      expect(tensorMemory(runtime)).toEqual(tensors);
      expect(residentBytes() - bytes).toBeLessThan(ALLOWED_GROWTH_BYTES);
      engine.dispose();
    },
  );

  it('leave the process as large as it was on lean-wasm', async () => {
    const { engine } = await start('lean');
    train(engine, WARM_UP);
    const bytes = residentBytes();
    train(engine, STEPS);
    expect(residentBytes() - bytes).toBeLessThan(ALLOWED_GROWTH_BYTES);
    engine.dispose();
  });
});
