import { expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { absorbDisplacementInto, displacementEnergies } from '../../../src/linalg/displacement.js';
import { createVectorSource, kernelsHolding } from '../../../src/linalg/vectors.js';

/** Several tiles, and an odd number. */
const LENGTH = 70_001;
const random = createRandom('displacement');
const draw = () => Float32Array.from({ length: LENGTH }, () => gaussian(random));
const vectors = { start: draw(), end: draw(), now: draw() };
const buffer = draw();

const source = createVectorSource(4, LENGTH);
const placed = (values: Float32Array) => {
  const vector = source();
  vector.set(values);
  return vector;
};
const resident = { start: placed(vectors.start), end: placed(vectors.end), now: vectors.now };
const residentBuffer = placed(buffer);
const residentMomentum = placed(buffer);

it('absorbs the same bits with and without kernels', () => {
  expect(kernelsHolding(resident.start)).not.toBeNull();
  const how = { keep: 0.9, gain: 0.1 / 3, factor: 0.7 };
  const wanted = buffer.slice();
  absorbDisplacementInto(wanted, vectors, how);
  absorbDisplacementInto(residentBuffer, resident, how);
  expect(Buffer.compare(Buffer.from(residentBuffer.slice().buffer), Buffer.from(wanted.buffer))).toBe(0);
  const { start, end, now } = vectors;
  for (const k of [0, 3, LENGTH - 1]) {
    const moved = start[k]! - end[k]! + how.factor * (end[k]! - now[k]!);
    expect(wanted[k]).toBe(Math.fround(how.keep * buffer[k]! + how.gain * moved));
  }
});

it('measures both parts of a displacement alike with and without kernels', () => {
  const [a, b] = displacementEnergies(vectors, { buffer, carry: 0.5 });
  const [c, d] = displacementEnergies(resident, { buffer: residentMomentum, carry: 0.5 });
  expect(Math.abs(c / a - 1)).toBeLessThan(1e-12);
  expect(Math.abs(d / b - 1)).toBeLessThan(1e-12);
  expect(a / LENGTH).toBeCloseTo(2.25, 1); // the variance of a difference of two and half a third
  const far = { ...resident, now: resident.end };
  expect(displacementEnergies(far, { buffer, carry: 0 })[1]).toBe(0);
});
