import { expect, it } from 'vitest';
import { gatherLabels, gatherRowsInto } from '../../../../src/training/data/dataset.js';

it('gathers rows of bytes as scaled float32, in the order asked for', () => {
  const samples = {
    count: 3,
    rows: Uint8Array.of(0, 255, 51, 102, 153, 204),
    scale: 1 / 255,
    labels: Uint8Array.of(7, 8, 9),
  };
  const out = new Float32Array(4);
  gatherRowsInto(out, samples, Uint32Array.of(2, 0));
  expect([...out]).toEqual([0.6, 0.8, 0, 1].map(Math.fround));
  expect([...gatherLabels(samples, Uint32Array.of(2, 0))]).toEqual([9, 7]);
});
