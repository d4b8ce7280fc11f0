import { describe, expect, it } from 'vitest';
import { cividis, series } from '../../../src/report/palette.js';
import { drawTopology } from '../../../src/report/topology-drawing.js';
import { torusEdges } from '../../reference/fake-run.js';

const ring4 = {
  name: 'ring',
  spec: 'ring',
  nodes: 4,
  edges: [
    [0, 1],
    [1, 2],
    [2, 3],
    [0, 3],
  ],
} as const;
const count = (text: string, what: RegExp) => text.match(what)?.length ?? 0;

describe('drawTopology', () => {
  it('colors the worst peer with the low end of the scale and the best with the high end', () => {
    const svg = drawTopology({ topology: ring4, accuracy: [0.9, 0.95, 0.92, 0.93], lost: new Set() });
    const fillOf = (peer: number) =>
      new RegExp(`peer ${peer}: [^<]*</title><circle[^>]*fill="([^"]*)"`).exec(svg)?.[1];
    expect(fillOf(0)).toBe(cividis(0));
    expect(fillOf(1)).toBe(cividis(1));
    expect(svg).toContain('90.0%');
    expect(svg).toContain('95.0%');
  });

  it('draws a lost peer hollow with a cross, and leaves it out of the scale', () => {
    const svg = drawTopology({ topology: ring4, accuracy: [0.1, 0.95, 0.92, 0.93], lost: new Set([0]) });
    expect(svg).toContain('<title>peer 0: lost</title>');
    expect(svg).toContain('>lost</text>');
    expect(svg).not.toContain('10.0%');
    expect(svg).toContain('stroke-dasharray'); // its edges
  });

  it('draws a disk and a title for each peer and one line for each edge', () => {
    const svg = drawTopology({ topology: ring4, accuracy: [], lost: new Set() });
    expect(count(svg, /<circle/g)).toBe(4);
    expect(count(svg, /<title>/g)).toBe(4);
    expect(count(svg, /M[\d. -]+L/g)).toBe(4);
    expect(svg).not.toContain("peer's own accuracy"); // nothing was measured: no scale
  });

  it('draws the wrap-around edges of a torus as two stubs each', () => {
    const topology = { name: 'torus', spec: 'torus:rows=3,cols=4', nodes: 12, edges: torusEdges(3, 4) };
    const svg = drawTopology({ topology, accuracy: [], lost: new Set() });
    expect(topology.edges).toHaveLength(24);
    // 3 rows and 4 columns wrap: 7 edges become 14 strokes.
    expect(count(svg, /M[\d. -]+L/g)).toBe(24 + 7);
  });

  it('is well-formed, finite and escaped', () => {
    const topology = { ...ring4, name: '"><script>alert(1)</script>' };
    const svg = drawTopology({ topology, accuracy: [Number.NaN, null, undefined, 0.5], lost: new Set([1]) });
    expect(svg).not.toContain('<script');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(count(svg, /<g>/g)).toBe(count(svg, /<\/g>/g));
  });

  it('numbers the peers at 64 nodes', () => {
    const topology = { name: 'torus', spec: 'torus:rows=8,cols=8', nodes: 64, edges: torusEdges(8, 8) };
    expect(drawTopology({ topology, accuracy: [], lost: new Set() })).toContain('>63</text>');
  });

  it('colors the halves, marks the edges between them and says how many they are', () => {
    const halves = { sides: [0, 0, 1, 1], weights: [0.25, 0.25, 0.25, 0.25] };
    const svg = drawTopology({ topology: ring4, accuracy: [], lost: new Set(), halves });
    const fillOf = (peer: number) =>
      new RegExp(`<title>peer ${peer}: [^<]*</title><circle[^>]*fill="([^"]*)"`).exec(svg)?.[1];
    expect([0, 1, 2, 3].map(fillOf)).toEqual([series.blue, series.blue, series.orange, series.orange]);
    expect(svg).toContain('>2 of 4 edges between them</text>');
    expect(count(svg, /stroke="var\(--lost[^"]*" stroke-width="1.5" opacity="0.8"/g)).toBe(2); // one path, one in the legend
    expect(svg).toContain('>0.25</text>');
    expect(svg).toContain('>weight of every edge</text>');
  });

  it('draws heavy edges wider than light ones, with a legend from the least to the most', () => {
    const halves = { sides: [0, 0, 0, 0], weights: [0.1, 0.2, 0.3, -0.5] };
    const svg = drawTopology({ topology: ring4, accuracy: [], lost: new Set(), halves });
    const widthOf = (path: string) =>
      Number(new RegExp(`d="${path}[^>]*stroke-width="([^"]*)"`).exec(svg)?.[1]);
    const widths = [...svg.matchAll(/<path d="M[\d.]+ [\d.]+L[^>]*stroke-width="([^"]*)"/g)].map(
      ([, width]) => Number(width),
    );
    expect(widths).toEqual([0.7, 1.53, 2.35, 4]);
    expect(widthOf('M20 ')).toBe(0.7); // the lightest of the legend
    for (const weight of ['0.10', '0.30', '0.50']) expect(svg).toContain(`>${weight}</text>`);
  });
});
