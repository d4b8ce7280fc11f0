import { describe, expect, it } from 'vitest';
import { automaticGamma } from '../../../src/consensus/consensus-step.js';

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
