/**
 * The gradient of each kind of layer, on every engine that runs here: equal to that of TensorFlow.js' plain JavaScript
 * to 1e-4, and that one to central differences of the loss.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import type { Batch, EngineSubject, NetworkEngine } from '../../../src/training/engine.js';
import { createLeanEngine } from '../../../src/training/lean/lean-engine.js';
import type { Layer } from '../../../src/training/network/network.js';
import { initialParameters, networkLayout } from '../../../src/training/network/network-layout.js';
import { outputShape, sizeOf } from '../../../src/training/network/shapes.js';
import type { ParameterLayout } from '../../../src/training/parameters.js';
import { createTfjsNetwork } from '../../../src/training/tfjs-network.js';
import { importTfjsNode } from '../../../src/training/tfjs-node.js';
import { startTfjs, type TfjsRuntime } from '../../../src/training/tfjs-runtime.js';
import { type LayerCase, layerCases, samplesFor } from '../../reference/layer-networks.js';

const SEED = 5;
const noTfjsNode = await importTfjsNode();

interface Case {
  readonly subject: EngineSubject;
  readonly layout: ParameterLayout;
  readonly parameters: Float32Array;
  readonly batch: Batch;
}

function caseOf(layerCase: LayerCase): Case {
  const { network, loss } = layerCase;
  const random = createRandom('start', layerCase.name);
  return {
    subject: { network, loss, seed: SEED },
    layout: networkLayout(network),
    // Biases and scales too; running variances stay positive.
    parameters: initialParameters(network, SEED).map((x) => x + 0.1 * gaussian(random)),
    batch: { samples: samplesFor(layerCase, 6), indices: Uint32Array.of(4, 1, 5) },
  };
}

function gradientOf(engine: NetworkEngine, { parameters, batch }: Case): [number, Float32Array] {
  const gradient = new Float32Array(parameters.length).fill(Number.NaN); // all must be written
  const loss = engine.gradientInto(gradient, parameters, batch);
  return [loss, gradient];
}

function outputsOf(engine: NetworkEngine, { subject, parameters, batch }: Case): Float32Array {
  const out = new Float32Array(batch.indices.length * sizeOf(outputShape(subject.network)));
  engine.outputsInto(out, parameters, batch);
  return out;
}

const largest = (values: Float32Array): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** Entry by entry, to 1e-4 of the largest of its tensor (and of a hundredth of the largest of all). */
function expectClose(got: Float32Array, wanted: Float32Array, layout: ParameterLayout): void {
  for (const { name, offset, size } of layout.tensors) {
    const part = wanted.subarray(offset, offset + size);
    const scale = Math.max(largest(part), 1e-2 * largest(wanted));
    const worst = part.reduce((most, x, k) => Math.max(most, Math.abs(x - got[offset + k]!) / scale), 0);
    expect(worst, name).toBeLessThan(1e-4);
  }
}

it('leaves no kind of layer out', () => {
  const kinds: Readonly<Record<Layer['kind'], true>> = {
    dense: true,
    conv2d: true,
    'depthwise-conv2d': true,
    'max-pool': true,
    'average-pool': true,
    'global-average-pool': true,
    flatten: true,
    reshape: true,
    activation: true,
    add: true,
    dropout: true,
    'batch-norm': true,
    'layer-norm': true,
    'group-norm': true,
    embedding: true,
    'position-embedding': true,
    lstm: true,
    gru: true,
    attention: true,
  };
  const tried = new Set(layerCases.flatMap(({ network }) => network.layers.map(({ kind }) => kind)));
  expect([...tried].sort()).toEqual(Object.keys(kinds).sort());
});

describe.each(layerCases.map((layerCase) => [layerCase.name, layerCase] as const))(
  '%s',
  (_name, layerCase) => {
    const here = caseOf(layerCase);
    let cpu: TfjsRuntime;
    let reference: NetworkEngine;
    beforeAll(async () => {
      cpu = await startTfjs('tfjs-cpu');
      reference = createTfjsNetwork(cpu, here.subject);
    });

    it('agrees with central differences of the loss, tensor by tensor', () => {
      const [, gradient] = gradientOf(reference, here);
      const norm = Math.hypot(...gradient);
      const scratch = new Float32Array(gradient.length);
      for (const { name, offset, size } of here.layout.tensors) {
        const part = gradient.subarray(offset, offset + size);
        const own = Math.hypot(...part);
        if (own < 1e-3 * norm) continue; // lost in the rounding of the loss, or a statistic
        const lossAt = (t: number) => {
          const moved = here.parameters.slice();
          part.forEach((g, k) => {
            moved[offset + k]! += (t * g) / own;
          });
          return reference.gradientInto(scratch, moved, here.batch);
        };
        const h = 2e-3;
        const slope = (lossAt(h) - lossAt(-h)) / (2 * h);
        expect(Math.abs(slope - own), name).toBeLessThan(5e-3 * own + 5e-4 * norm);
      }
    });

    const agrees = (engine: NetworkEngine) => {
      const [wantedLoss, wanted] = gradientOf(reference, here);
      const [loss, gradient] = gradientOf(engine, here);
      expect(Math.abs(loss - wantedLoss)).toBeLessThan(1e-5 * Math.max(1, wantedLoss));
      expectClose(gradient, wanted, here.layout);
      const [outputs, wantedOutputs] = [engine, reference].map((each) => outputsOf(each, here));
      const scale = largest(wantedOutputs!);
      outputs!.forEach((y, k) => expect(Math.abs(y - wantedOutputs![k]!)).toBeLessThan(1e-5 * scale));
      engine.dispose();
    };

    it('is the same on tfjs-wasm', async () => {
      agrees(createTfjsNetwork(await startTfjs('tfjs-wasm'), here.subject));
    });

    it('is the same on tfjs-node, where that loads', async (context) => {
      if (noTfjsNode !== null) context.skip(noTfjsNode);
      agrees(createTfjsNetwork(await startTfjs('tfjs-node'), here.subject));
    });

    it('is the same on lean-wasm, where that runs it', (context) => {
      const engine = createLeanEngine(here.subject);
      if ('unsupported' in engine) context.skip(engine.unsupported);
      else agrees(engine);
    });
  },
);
