import { describe, expect, it } from 'vitest';
import { processCount, WORKER_BYTES } from '../../../src/cli/process-count.js';
import { peersOfProcess } from '../../../src/node/swarm-launcher.js';

const GIB = 2 ** 30;

describe('the number of worker processes', () => {
  it('is one a peer on a machine that has use for them', () => {
    expect(processCount(8, { cores: 4, freeBytes: 16 * GIB })).toBe(8);
  });

  it('is bounded by cores, by memory, and is never zero', () => {
    expect(processCount(64, { cores: 2, freeBytes: 16 * GIB })).toBe(4);
    expect(processCount(64, { cores: 32, freeBytes: 4 * WORKER_BYTES })).toBe(2);
    expect(processCount(8, { cores: 2, freeBytes: 0 })).toBe(1);
  });
});

describe('peers of processes', () => {
  it('cover every peer once, in order, in shares that differ by one at most', () => {
    for (const [peers, processes] of [
      [8, 8],
      [64, 7],
      [5, 3],
      [3, 1],
    ] as const) {
      const shares = Array.from({ length: processes }, (_, index) => peersOfProcess(index, processes, peers));
      expect(shares.flat()).toEqual(Array.from({ length: peers }, (_, peer) => peer));
      const sizes = shares.map((share) => share.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });
});
