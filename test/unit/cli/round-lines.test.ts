import { describe, expect, it } from 'vitest';
import { createRoundLines } from '../../../src/cli/round-lines.js';
import { summarize } from '../../../src/metrics/summary.js';
import { fakeRun } from '../../reference/fake-run.js';

describe('lines for a pipe', () => {
  it('are one for each round without an evaluation, once every living peer has finished it', () => {
    const events = fakeRun({ peers: 4, rounds: 10, config: { evaluateEvery: 5, rounds: 10 } });
    const lines = createRoundLines();
    const printed = events.flatMap((event) => {
      const line = lines(event);
      return line === null ? [] : [Number(/^round (\d+)/.exec(line)![1])];
    });
    expect(printed).toEqual([1, 2, 3, 4, 6, 7, 8, 9]);
    expect(summarize(events).rounds).toBe(10);
  });
});
