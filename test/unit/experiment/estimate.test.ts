import { describe, expect, it } from 'vitest';
import { estimateSeconds } from '../../../src/experiment/estimate.js';

const cell = (peers: number, rounds: number) => ({ peers, rounds, localSteps: 2 });

describe('the time left', () => {
  it('is that of the local steps left, at the speed so far, on all processes', () => {
    // 80 local steps took 4 s; 320 more take 16 s, on two processes 8 s.
    const ended = [{ settings: cell(4, 10), seconds: 4 }];
    expect(estimateSeconds(ended, [cell(8, 10), cell(4, 20)], 2)).toBe(8);
  });

  it('does not count on more processes than there are cells', () => {
    expect(estimateSeconds([{ settings: cell(1, 1), seconds: 3 }], [cell(1, 1)], 8)).toBe(3);
  });

  it('is unknown before a cell has ended, and nothing when all have', () => {
    expect(estimateSeconds([], [cell(1, 1)], 1)).toBeNull();
    expect(estimateSeconds([], [], 1)).toBe(0);
  });
});
