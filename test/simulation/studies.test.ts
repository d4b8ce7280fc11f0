/** The short form of `npm run study -- bytes-accuracy`, whose long form makes the tables of docs/bytes-accuracy.md. */
import { describe, expect, it } from 'vitest';
import { measure } from '../../studies/bytes-accuracy.js';
import { shortCells } from '../../studies/bytes-accuracy-cells.js';
import { accuracyPlots } from '../../studies/bytes-accuracy-plot.js';
import { reportOf, type TrainingResult } from '../../studies/bytes-accuracy-report.js';

describe('the study of bytes and accuracy', () => {
  it('trains every method, sends a fraction of the bytes, and reports what its cells say', async () => {
    const results: TrainingResult[] = [];
    for (const cell of shortCells()) results.push({ cell, outcome: await measure(cell) });
    const last = (method: string) =>
      results.find(({ cell }) => cell.method === method)!.outcome.curve.at(-1)!;
    const { bytes } = last('D-PSGD');
    for (const { cell, outcome } of results) {
      expect(outcome.diverged, cell.method).toBe(false);
      expect(last(cell.method).meanModel, cell.method).toBeGreaterThan(0.5); // chance is 0.1; the worst seen 0.67
      if (cell.method !== 'D-PSGD') expect(bytes / last(cell.method).bytes).toBeGreaterThan(30); // sign: 32
    }
    const report = reportOf(results);
    const row = report.find((line) => line.startsWith('| PGQ'))!;
    expect(row).toContain((100 * last('PGQ').meanModel).toFixed(1));
    expect(report.at(-1)).toBe('No run diverged.');
    expect(await accuracyPlots(results)).toEqual([]); // a ring: the pictures are of the torus
    const moved = results.map((result) => ({ ...result, cell: { ...result.cell, topology: 'torus' } }));
    expect((await accuracyPlots(moved)).map(({ svg }) => svg.slice(0, 4))).toEqual(['<svg']);
  });
});
