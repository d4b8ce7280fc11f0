import { expect, it } from 'vitest';
import { rowSamples, valueSamples } from '../../../../src/training/data/dataset.js';

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

it('standardizes channels, the last axis, after scaling', () => {
  const samples = rowSamples({
    rows: Uint8Array.of(0, 100, 50, 200),
    features: 4,
    scale: 0.01,
    channels: { means: [0.5, 1], deviations: [0.5, 2] },
    labels: Uint8Array.of(0),
  });
  const inputs = new Float32Array(4);
  samples.inputsInto(inputs, Uint32Array.of(0));
  expect([...inputs]).toEqual([-1, 0, 0, 0.5]);
});

it('gathers numbers to predict where there are no classes', () => {
  const samples = valueSamples({
    rows: Float32Array.of(1, 2, 3),
    features: 1,
    values: Float32Array.of(0.5, -1, 8),
    origins: Uint32Array.of(4, 4, 5),
  });
  const targets = new Float32Array(2);
  samples.targetsInto(targets, Uint32Array.of(2, 0));
  expect([...targets]).toEqual([8, 0.5]);
  expect([samples.count, samples.labels]).toEqual([3, null]);
});
