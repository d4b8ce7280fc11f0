import { expect, it } from 'vitest';
import { rowSamples } from '../../../../src/training/data/dataset.js';

it('gathers rows of bytes as scaled float32, and their classes, in the order asked for', () => {
  const samples = rowSamples({
    rows: Uint8Array.of(0, 255, 51, 102, 153, 204),
    features: 2,
    scale: 1 / 255,
    labels: Uint8Array.of(7, 8, 9),
  });
  const inputs = new Float32Array(4);
  const targets = new Float32Array(2);
  samples.inputsInto(inputs, Uint32Array.of(2, 0));
  samples.targetsInto(targets, Uint32Array.of(2, 0));
  expect([...inputs]).toEqual([0.6, 0.8, 0, 1].map(Math.fround));
  expect([...targets]).toEqual([9, 7]);
});
