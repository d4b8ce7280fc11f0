import { describe, expect, it } from 'vitest';
import { automaticGamma, measuredContraction } from '../../../src/consensus/choco-gossip.js';

describe('the automatic step size gamma = min(1, (1 / sqrt(1 - omega) - 1) / beta)', () => {
  const RING_BETA = 4 / 3;

  it.each([
    { omega: 0.01, gamma: 0.00378 },
    { omega: 0.1, gamma: 0.04057 },
    { omega: 0.5, gamma: 0.31066 },
    { omega: 0.636, gamma: 0.49311 },
  ])('is $gamma on a ring at omega $omega, as worked out apart', ({ omega, gamma }) => {
    expect(automaticGamma(omega, RING_BETA)).toBeCloseTo(gamma, 5);
  });

  it('does not move before anything has been measured, nor when nothing got through', () => {
    expect(automaticGamma(null, RING_BETA)).toBe(0);
    expect(automaticGamma(0, RING_BETA)).toBe(0);
  });

  it('is exact gossip for a compressor that loses nothing, and never more', () => {
    expect(automaticGamma(1, RING_BETA)).toBe(1);
    expect(automaticGamma(0.999, RING_BETA)).toBe(1);
    expect(automaticGamma(1, 0)).toBe(1);
  });
});

describe('the measured contraction omega = 1 - ||z - q||^2 / ||z||^2', () => {
  const z = Float32Array.of(3, 0, 4);

  it('is the share of the squared norm that was captured', () => {
    const q = [0, 0, 4];
    expect(measuredContraction(z, (i) => q[i]!)).toBeCloseTo(16 / 25, 12);
  });

  it('is 0 and not negative when sending did harm, and nothing for z = 0', () => {
    expect(measuredContraction(z, () => -9)).toBe(0);
    expect(measuredContraction(new Float32Array(3), () => 0)).toBeNull();
  });
});
