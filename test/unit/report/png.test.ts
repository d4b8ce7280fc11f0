import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { chartFile } from '../../../src/report/chart-file.js';
import { literalColors } from '../../../src/report/palette.js';
import { createPngRenderer } from '../../../src/report/png.js';
import { renderVegaSvg } from '../../../src/report/vega-svg.js';

const { resolve } = createRequire(import.meta.url);
const bytes = (file: string) => new Uint8Array(readFileSync(resolve(file)));
const program = bytes('@resvg/resvg-wasm/index_bg.wasm');
const fonts = [bytes('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')];

const chart = await renderVegaSvg({
  data: { values: [{ x: 1, y: 2 }] },
  layer: [
    {
      mark: { type: 'point' },
      encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
    },
  ],
});

/** Pixels that are darker than gray in the first 60 rows, where the title is. */
function darkInTitle(png: Uint8Array): number {
  const { data, width } = PNG.sync.read(Buffer.from(png));
  let dark = 0;
  for (let at = 0; at < 60 * width * 4; at += 4) if (data[at]! < 100) dark++;
  return dark;
}

describe('a chart as PNG', () => {
  it('has twice the size of its SVG, a white ground, and a title in letters of the fonts that it is given', async () => {
    const { render } = await createPngRenderer({ program, fonts, family: 'DejaVu Sans' });
    const png = render('A title of some length', chart);
    const { width, height, data } = PNG.sync.read(Buffer.from(png));
    expect([width, height]).toEqual([880, 2 * (290 + 30)]);
    expect([...data.subarray(0, 4)]).toEqual([255, 255, 255, 255]);
    expect(darkInTitle(png)).toBeGreaterThan(500);
    expect(darkInTitle(render('', chart))).toBe(0);
  });

  it('has no letters without fonts: those of the system are not used', async () => {
    const { render } = await createPngRenderer({ program, fonts: [], family: 'DejaVu Sans' });
    expect(darkInTitle(render('A title of some length', chart))).toBe(0);
  });
});

describe('a chart as a file of its own', () => {
  it('has a size, and no variable that only a browser knows', () => {
    const svg = chartFile('a < b', chart);
    expect(svg).toMatch(/^<\?xml .*\n<svg [^>]*width="440" height="320" viewBox="0 0 440 320"/);
    expect(svg).toContain('a &lt; b');
    expect(svg).not.toContain('var(');
    expect(literalColors('fill="var(--ink-soft, #5b6570)"')).toBe('fill="#5b6570"');
  });
});
