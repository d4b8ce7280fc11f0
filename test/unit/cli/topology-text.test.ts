import { describe, expect, it } from 'vitest';
import {
  comparisonTable,
  descriptionText,
  familyList,
  type MeasuredTopology,
} from '../../../src/cli/topology-text.js';
import { describeTopology } from '../../../src/topology/describe.js';
import { buildTopology, topologies } from '../../../src/topology/registry.js';
import { bytesOf } from '../../../src/topology/traffic.js';

function measured(spec: string, nodes: number, bytes = 4000): MeasuredTopology {
  const facts = describeTopology(buildTopology(spec, nodes, 1));
  const message = {
    model: 'a 10 x 100 matrix',
    parameters: 1000,
    compressor: 'int8',
    bytes,
    uncompressedBytes: 4000,
  };
  const compressed = bytesOf(facts.traffic, bytes);
  return { ...facts, message, bytes: { uncompressed: bytesOf(facts.traffic, 4000), compressed } };
}

const flat = (text: string) => text.replaceAll(/\s+/g, ' ');

describe('descriptionText', () => {
  it('says what the figures are, on 80 columns', () => {
    const text = descriptionText(measured('ring', 64, 1010));
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    const said = flat(text);
    expect(said).toContain('nodes, edges 64, 64 degree 2 neighbors of a peer diameter 32 hops');
    expect(said).toContain('spectral gap 0.0032 of the disagreement that a round removes');
    expect(said).toContain('rounds to 0.001 2,149 of the disagreement, plain gossip 95 with Chebyshev');
    expect(said).toContain('bytes a round 512 kB uncompressed: 8.00 kB a peer 129 kB int8: 2.02 kB a peer');
    expect(said).toContain('! The gap is small: 2149 rounds');
  });

  it('tells a hub from the mean, and gives exact averaging its round', () => {
    expect(flat(descriptionText(measured('star', 20)))).toContain(
      'degree 1 to 19 neighbors of a peer, 1.9 in the mean',
    );
    expect(flat(descriptionText(measured('complete', 9)))).toContain(
      'exact average 1 round until all hold the mean',
    );
  });

  it('gives a schedule its period and what a round leaves', () => {
    const facts = { ...measured('ring', 12), period: 4 };
    expect(flat(descriptionText(facts))).toMatch(
      /period 4 rounds until .* left by a round 0\.\d+ of the disagreement/,
    );
    expect(descriptionText({ ...facts, period: null })).toMatch(/period +none/);
  });

  it('shows what was not computed with a dash', () => {
    const facts = { ...measured('ring', 12), diameter: null, spectralGap: null, effectiveNeighbors: null };
    expect(descriptionText(facts)).toMatch(/diameter +–.*spectral gap +–.*effective neighbors +–/s);
  });
});

describe('comparisonTable', () => {
  const rows = [measured('ring', 64), measured('random-regular', 64)];

  it('keeps the order given', () => {
    const lines = comparisonTable(rows).split('\n');
    expect(lines[1]).toMatch(/ring +64 +64 +2 +32 +0\.0032 +-0\.3333 +6\.6 +2,149 +512 kB/);
    expect(lines[2]).toMatch(/random-regular:degree=4 +64 +128 +4 +5 +0\.1570/);
  });

  it('fits 80 columns by leaving out what matters least', () => {
    const lines = comparisonTable(rows, 80).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines[0]).toMatch(/topology .*gap .*rounds .*bytes/);
    expect(lines[0]).not.toContain('nodes');
  });

  it('gives a schedule the gap of a mean round', () => {
    const { averaging } = rows[0]!;
    const schedule = { ...rows[0]!, period: 2, averaging: { ...averaging, contractionPerRound: 0.25 } };
    expect(comparisonTable([schedule]).split('\n')[1]).toContain('0.7500');
  });
});

describe('familyList', () => {
  it('names every family with its summary, on 80 columns', () => {
    const text = familyList(topologies.entries);
    for (const { name, summary } of topologies.entries) expect(flat(text)).toContain(`${name} ${summary}`);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
