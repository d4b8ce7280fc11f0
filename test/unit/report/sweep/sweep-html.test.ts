import { describe, expect, it } from 'vitest';
import type { CellResult } from '../../../../src/metrics/cell-results.js';
import { answerOf } from '../../../../src/report/sweep/answer.js';
import { DEFAULT_MARGIN, pickChoices } from '../../../../src/report/sweep/pick.js';
import { readSweep } from '../../../../src/report/sweep/sweep.js';
import { renderSweepCharts } from '../../../../src/report/sweep/sweep-charts.js';
import { renderSweepPage, type SweepReport } from '../../../../src/report/sweep/sweep-html.js';
import { renderSweepMarkdown } from '../../../../src/report/sweep/sweep-markdown.js';
import { fakeCells, fakeGrid } from '../../../reference/fake-sweep.js';

const ATTACK = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&|`;

async function reportOf(cells: readonly CellResult[], name = 'trial', missing = 0): Promise<SweepReport> {
  const sweep = readSweep(cells);
  const answer = answerOf(sweep, { picks: pickChoices(sweep), margin: DEFAULT_MARGIN, target: 0.9 });
  return { name, sweep, answer, target: 0.9, charts: await renderSweepCharts(sweep, 0.9), missing };
}

const grid = fakeGrid({ 'ring none': [0.9, 0.92], 'ring sign': [0.9, 0.91] }, { none: 4000, sign: 100 });

describe('the page of an experiment', () => {
  it('answers first, then draws, then lists every group with spread, seeds and hashes', async () => {
    const html = renderSweepPage(await reportOf(grid, 'trial', 2));
    const places = ['Which compressor for which topology?', 'Pick sign.', '<figure', 'All results'].map(
      (text) => html.indexOf(text),
    );
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(html).toContain('6 cells: 1 topology x 2 compressors, 2 seeds each; 4 done, 2 not run yet');
    expect(html).toContain('91.00% ± 1.41%'); // 0.90 and 0.92
    expect(html).toContain('abcdef01 abcdef01');
    expect(html).not.toMatch(/NaN|Infinity|undefined|>null</);
  });

  it('needs nothing but itself: no script, link, image or address to fetch', async () => {
    const html = renderSweepPage(await reportOf(grid));
    expect(html).not.toMatch(/<(script|link|img|iframe|object|embed|base)\b/i);
    expect(html).not.toMatch(/@import|url\(|\ssrc=|\shref=/i);
    expect(html.match(/https?:\/\/[^"' ]+/g)!.every((url) => url.startsWith('http://www.w3.org/'))).toBe(
      true,
    );
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('escapes every text that came from outside', async () => {
    const cells = fakeCells([
      { axes: { topology: ATTACK, compressor: 'a', [ATTACK]: 'p' }, accuracy: 0.9 },
      { axes: { topology: 'ring', compressor: ATTACK, [ATTACK]: ATTACK }, accuracy: 0.8 },
      {
        axes: { topology: 'star', compressor: 'a', [ATTACK]: 'p' },
        status: 'failed',
        error: { code: ATTACK, message: ATTACK },
      },
    ]);
    const html = renderSweepPage(await reportOf(cells, ATTACK));
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;script&gt;');
  });

  it('lists what failed or was refused, with the reason', async () => {
    const cells = [
      ...grid,
      fakeCells([{ axes: { topology: 'star', compressor: 'sign', seed: 1 }, status: 'refused' }])[0]!,
    ];
    const html = renderSweepPage(await reportOf(cells));
    expect(html).toContain('1 cell refused</span>: does not go together. [BAD_SPEC]');
    expect(html).toContain('Nothing stands on star.');
  });
});

describe('the Markdown of an experiment', () => {
  it('has the answer and the table of groups, in cells that pipes do not break', async () => {
    const markdown = renderSweepMarkdown(await reportOf(grid));
    expect(markdown).toContain('**Pick sign.**');
    expect(markdown).toContain('| ring | none | 2 | 91.00% ± 1.41% | 90.00% |');
    const hostile = fakeCells([
      { axes: { topology: ATTACK }, accuracy: 0.9 },
      { axes: { topology: 'b' }, accuracy: 0.8 },
    ]);
    const lines = renderSweepMarkdown(await reportOf(hostile)).split('\n');
    const table = lines.filter((line) => line.startsWith('|'));
    const bars = new Set(table.map((line) => line.replaceAll('\\|', '').split('|').length));
    expect(bars.size).toBeLessThanOrEqual(2); // two tables
  });
});
