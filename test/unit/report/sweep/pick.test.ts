import { describe, expect, it } from 'vitest';
import type { CellResult } from '../../../../src/metrics/cell-results.js';
import { answerOf } from '../../../../src/report/sweep/answer.js';
import { DEFAULT_MARGIN, pickChoices } from '../../../../src/report/sweep/pick.js';
import { readSweep } from '../../../../src/report/sweep/sweep.js';
import { fakeCells, fakeGrid } from '../../../reference/fake-sweep.js';

const bytes = { none: 4000, rank: 400, sign: 100 };
const picked = (cells: readonly CellResult[], margin = DEFAULT_MARGIN) =>
  pickChoices(readSweep(cells), margin);
const answered = (cells: readonly CellResult[], target: number | null = null) => {
  const sweep = readSweep(cells);
  return answerOf(sweep, { picks: pickChoices(sweep), margin: DEFAULT_MARGIN, target });
};

describe('the choice to pick', () => {
  it('sends the fewest bytes of those within a point of the best', () => {
    const [pick] = picked(
      fakeGrid({ 'ring none': [0.95], 'ring rank': [0.945], 'ring sign': [0.93] }, bytes),
    );
    expect(pick).toMatchObject({ best: { choice: 'none' }, chosen: { choice: 'rank' }, margin: 0.01 });
    expect(pick!.shortfall!.spread.mean).toBeCloseTo(0.005, 12);
  });

  it('may be a whole point worse, however its difference is rounded', () => {
    const grid = fakeGrid({ 'ring none': [0.95], 'ring sign': [0.94] }, bytes);
    expect(picked(grid)[0]!.chosen!.choice).toBe('sign');
  });

  it('moves with the margin', () => {
    const grid = fakeGrid({ 'ring none': [0.95], 'ring rank': [0.945], 'ring sign': [0.93] }, bytes);
    expect(picked(grid, 0.001)[0]!.chosen!.choice).toBe('none');
    expect(picked(grid, 0.03)[0]!.chosen!.choice).toBe('sign');
  });

  it('is made in each context by itself', () => {
    const grid = fakeGrid(
      { 'ring none': [0.95], 'ring sign': [0.8], 'complete none': [0.95], 'complete sign': [0.95] },
      bytes,
      { ring: 0.1, complete: 1 },
    );
    expect(picked(grid).map(({ context, chosen }) => [context, chosen!.choice])).toEqual([
      ['ring', 'none'],
      ['complete', 'sign'],
    ]);
    expect(answered(grid).headline).toBe('Pick none on ring; sign on complete.');
  });

  it('never is one that failed, was refused or diverged with any seed, and says so', () => {
    const cells = fakeCells([
      { axes: { compressor: 'none', seed: 1 }, accuracy: 0.95, bytes: 4000 },
      { axes: { compressor: 'none', seed: 2 }, accuracy: 0.95, bytes: 4000 },
      { axes: { compressor: 'sign', seed: 1 }, accuracy: 0.95, bytes: 100 },
      { axes: { compressor: 'sign', seed: 2 }, accuracy: 0.2, bytes: 100, curve: [0.3, 0.2] },
      { axes: { compressor: 'star', seed: 1 }, status: 'refused' },
    ]);
    const answer = answered(cells);
    expect(answer.headline).toBe('Pick none.');
    expect(answer.rows[0]!.remarks).toEqual([
      'sign ended worse than it began with 1 of 2 seeds',
      'star cannot run here',
    ]);
  });

  it('is none where nothing stands', () => {
    const answer = answered(fakeCells([{ axes: { compressor: 'a', seed: 1 }, status: 'failed' }]));
    expect(answer).toMatchObject({
      headline: 'No compressor ended well.',
      rows: [{ chosen: 'none', quality: '–' }],
    });
  });

  it('by loss is within one percent of the best loss', () => {
    const cells = (loss: number) =>
      fakeCells([
        { axes: { compressor: 'none' }, loss: 0.5, losses: [1, 0.5], bytes: 4000 },
        { axes: { compressor: 'rank' }, loss, losses: [1, loss], bytes: 400 },
      ]);
    expect(picked(cells(0.504))[0]!.chosen!.choice).toBe('rank');
    expect(picked(cells(0.506))[0]!.chosen!.choice).toBe('none');
  });
});

describe('how sure a pick is', () => {
  it('is taken seed by seed: what a seed does to all is no noise', () => {
    // Both swing by ten points with the seed; the differences are 0.004, 0.005 and 0.006: error 0.001 / sqrt(3).
    const [pick] = picked(
      fakeGrid({ 'ring none': [0.8, 0.85, 0.9], 'ring rank': [0.796, 0.845, 0.894] }, bytes),
    );
    expect(pick!.shortfall!.spread.mean).toBeCloseTo(0.005, 12);
    expect(pick!.shortfall!.error).toBeCloseTo(0.001 / Math.sqrt(3), 12);
    expect(pick).toMatchObject({ withinNoise: false, doubtful: false, nearMisses: [] });
  });

  it('says so where the difference, or the margin, is within one standard error', () => {
    // Differences 0.02 and -0.018: mean 0.001, error 0.019.
    const grid = fakeGrid({ 'ring none': [0.9, 0.9], 'ring rank': [0.88, 0.918] }, bytes);
    expect(picked(grid)[0]).toMatchObject({ chosen: { choice: 'rank' }, withinNoise: true, doubtful: true });
    expect(answered(grid).rows[0]!.comparison).toBe('0.10 ± 1.90 points worse than none, 10x fewer bytes');
  });

  it('names cheaper choices that miss the margin by less than one standard error', () => {
    // sign: 0.011 and 0.015 worse, mean 0.013, error 0.002: a clear miss. With 0.001 and 0.025, error 0.012: none.
    const clear = fakeGrid({ 'ring none': [0.9, 0.9], 'ring sign': [0.889, 0.885] }, bytes);
    expect(picked(clear)[0]).toMatchObject({ chosen: { choice: 'none' }, nearMisses: [] });
    const open = fakeGrid({ 'ring none': [0.9, 0.9], 'ring sign': [0.899, 0.875] }, bytes);
    expect(picked(open)[0]!.nearMisses.map(({ group }) => group.choice)).toEqual(['sign']);
    expect(answered(open).rows[0]!.remarks[0]).toMatch(/^sign sends less and misses the margin by less/);
  });

  it('is unknown with one seed', () => {
    const answer = answered(fakeGrid({ 'ring none': [0.9], 'ring sign': [0.9] }, bytes));
    expect(answer.rows[0]!.remarks).toEqual(['one seed: noise unknown']);
  });
});

describe('the answer', () => {
  it('is one sentence where one choice serves every context', () => {
    const grid = fakeGrid(
      { 'ring none': [0.9], 'ring sign': [0.9], 'star none': [0.9], 'star sign': [0.9] },
      bytes,
    );
    expect(answered(grid).headline).toBe('Pick sign, whatever the topology.');
  });

  it('names the first to reach a target, which may be another than the cheapest', () => {
    const cells = fakeCells([
      { axes: { compressor: 'none' }, accuracy: 0.9, curve: [0.9, 0.9], seconds: 4, bytes: 4000 },
      { axes: { compressor: 'sign' }, accuracy: 0.9, curve: [0.5, 0.9], seconds: 3, bytes: 100 },
    ]);
    expect(answered(cells, 0.9)).toMatchObject({
      headline: 'Pick sign.',
      hasQuickest: true,
      rows: [{ quickest: 'none, 2.0 s' }],
    });
  });
});
