import { describe, expect, it } from 'vitest';
import { createRoundReports, REPORT_MS } from '../../../src/node/round-reports.js';
import { ManualClock } from '../../reference/manual-clock.js';

function collected() {
  const clock = new ManualClock();
  const sent: (readonly number[])[] = [];
  return { clock, sent, reports: createRoundReports<number>(clock, (batch) => sent.push(batch)) };
}

describe('reports of rounds', () => {
  it('leave at once while rounds are slow', () => {
    const { clock, sent, reports } = collected();
    for (let round = 1; round <= 3; round++) {
      reports.add(round);
      expect(sent).toHaveLength(round);
      clock.advance(REPORT_MS);
    }
    expect(sent).toEqual([[1], [2], [3]]);
  });

  it('leave together while rounds are fast, in order, none of them later than the pause', () => {
    const { clock, sent, reports } = collected();
    for (let round = 1; round <= 25; round++) {
      reports.add(round);
      clock.advance(REPORT_MS / 10);
    }
    expect(sent.map((batch) => batch.length)).toEqual([1, 9, 10]);
    clock.advance(REPORT_MS);
    expect(sent.flat()).toEqual(Array.from({ length: 25 }, (_, k) => k + 1));
  });

  it('leave before what must not overtake them, and only once', () => {
    const { clock, sent, reports } = collected();
    for (const round of [1, 2, 3]) reports.add(round);
    reports.flush();
    reports.flush();
    clock.advance(10 * REPORT_MS);
    expect(sent).toEqual([[1], [2, 3]]);
  });
});
