/** The tables of docs/topologies.md are what the code computes, and name every family. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { edgeCount } from '../../../src/topology/graph.js';
import { buildTopology, topologies } from '../../../src/topology/registry.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';
import { weightings } from '../../../src/topology/weights.js';

const rows = readFileSync('docs/topologies.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );

const specIn = (cell: string): string => /^`([^`]+)`/.exec(cell)?.[1] ?? '';

function figures(spec: string, nodes: number): string {
  const { graph, mixing } = buildTopology(spec, nodes, 1);
  return `${((2 * edgeCount(graph)) / nodes).toFixed(1)} ${spectrumOf(mixing).gap.toFixed(4)}`;
}

describe('docs/topologies.md', () => {
  const unchanging = rows.filter((cells) => cells.length === 5 && /^\d+\.\d \d/.test(cells[3]!));

  it.each(unchanging)('has the degrees and gaps of %s', (cell, _what, at16, at64) => {
    if (at16 !== '-') expect(at16).toBe(figures(specIn(cell!), 16));
    expect(at64).toBe(figures(specIn(cell!), 64));
  });

  const following = rows.filter(([cell]) => cell?.startsWith('`members'));

  it.each(following)('has the degrees and gaps of %s', (cell, at16, at64) => {
    expect([at16, at64]).toEqual([figures(specIn(cell!), 16), figures(specIn(cell!), 64)]);
  });

  const scheduled = rows.filter((cells) => cells.length === 4 && /^(\d+|none)$/.test(cells[2]!));

  it.each(scheduled)('has period and links of %s', (cell, _what, period, links) => {
    const { graph, schedule } = buildTopology(specIn(cell!), 64, 1);
    expect(String(schedule!.period ?? 'none')).toBe(period);
    expect(String((2 * edgeCount(graph)) / 64)).toBe(links);
  });

  const weighted = rows.filter(([name, gap]) => weightings.some((w) => w === name) && /^0\./.test(gap!));

  it.each(weighted)('has the gaps of weights=%s', (weights, ...gaps) => {
    const families = ['ring', 'tree', 'barabasi-albert', 'grid'];
    expect(gaps).toEqual(
      families.map((name) =>
        spectrumOf(buildTopology(`${name}:weights=${weights}`, 16, 1).mixing).gap.toFixed(4),
      ),
    );
  });

  it('names every family, every weighting', () => {
    const named = new Set(rows.map(([cell]) => specIn(cell!).replace(/:.*/, '')));
    for (const { name } of topologies.entries) expect(named).toContain(name);
    expect(weighted.map(([name]) => name).sort()).toEqual([...weightings].sort());
    expect(unchanging.length).toBe(17);
    expect(scheduled.length).toBe(4);
    expect(following.length).toBe(4);
  });
});
