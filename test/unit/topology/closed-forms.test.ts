/** What is known of mixing matrices without computing their eigenvalues, and what other programs have computed. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Graph, graphFromEdges } from '../../../src/topology/graph.js';
import { metropolisHastings } from '../../../src/topology/mixing.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';

const gapOf = (spec: string, nodes: number): number => spectrumOf(buildTopology(spec, nodes, 1).mixing).gap;

describe('spectral gaps in closed form, to 1e-9', () => {
  it.each([
    ['path', 4, 0.1952621459],
    ['path', 8, 0.0507469783],
    ['path', 16, 0.0128098131],
    ['ring', 8, 0.1952621459],
    ['ring', 16, 0.0507469783],
    ['torus:dims=4x4x4', 64, 0.2857142857],
    ['hypercube', 4, 2 / 3],
    ['hypercube', 8, 1 / 2],
    ['hypercube', 16, 2 / 5],
    ['hypercube', 1024, 2 / 11],
    ['tree', 7, 0.0669872981],
    ['tree', 15, 0.0241970185],
    ['graph-file:file=test/reference/data/davis-women.graphml', 32, 0.0820975027],
    ['ring:weights=best-constant', 8, 0.2554791618],
    ['ring:weights=best-constant', 16, 0.0733295285],
    ['path:weights=best-constant', 16, 1 - Math.cos(Math.PI / 16)],
    ['star:weights=best-constant', 16, 2 / 17],
    ['torus:weights=best-constant', 16, 0.4],
  ])('%s on %i nodes: %f', (spec, nodes, gap) => {
    expect(Math.abs(gapOf(spec, nodes) - gap)).toBeLessThan(1e-9);
  });

  it('a grid mixes as the slowest of its sides, where weights are the same on all edges: max-degree', () => {
    for (const [dims, nodes, longest, degree] of [
      ['3x7', 21, 7, 4],
      ['3x4x5', 60, 5, 6],
    ] as const) {
      const lambda2 = 1 - (2 - 2 * Math.cos(Math.PI / longest)) / (1 + degree);
      expect(Math.abs(gapOf(`grid:dims=${dims},weights=max-degree`, nodes) - (1 - lambda2))).toBeLessThan(
        1e-9,
      );
    }
  });
});

interface Recorded {
  readonly nodes: number;
  readonly gap: number;
  readonly lambdaMin: number;
  readonly normWMinusJ: number;
}

const recorded: Readonly<Record<string, Recorded>> = JSON.parse(
  readFileSync('test/reference/data/topology-spectra.json', 'utf8'),
);

/** BlueFog's symmetric exponential graph: i and j are neighbors where |i - j|, or n less it if that is smaller, is a power of 4. */
function symmetricExponential(nodes: number): Graph {
  const pairs: (readonly [number, number])[] = [];
  for (let power = 1; power <= nodes / 2; power *= 4)
    for (let i = 0; i < nodes; i++) pairs.push([i, (i + power) % nodes]);
  return graphFromEdges(nodes, pairs);
}

const specs: Readonly<Record<string, string>> = {
  'powergossip.Ring': 'ring',
  'powergossip.Torus': 'torus',
  'powergossip.FullyConnected': 'complete',
  'powergossip.SocialNetwork': 'graph-file:file=test/reference/data/davis-women.graphml',
  'bluefog.MeshGrid2DGraph': 'grid',
  'bluefog.StarGraph': 'star',
  'bluefog.RingGraph': 'ring',
  'bluefog.FullyConnectedGraph': 'complete',
};

/** With sides of 2, whose two coinciding neighbors powergossip counts twice: 2 x 2 and 2 x 4. */
const doubled = new Set(['powergossip.Torus(4)', 'powergossip.Torus(8)']);

describe('the generators of powergossip and BlueFog', () => {
  const undirected = Object.keys(recorded).filter((name) => specs[name.replace(/\(.*/, '')] !== undefined);

  it.each(undirected.filter((name) => !doubled.has(name)))('agree on %s to 1e-9', (name) => {
    const { nodes, gap, lambdaMin, normWMinusJ } = recorded[name]!;
    const spectrum = spectrumOf(buildTopology(specs[name.replace(/\(.*/, '')]!, nodes, 1).mixing);
    expect(Math.abs(spectrum.gap - gap)).toBeLessThan(1e-9);
    expect(Math.abs(1 - spectrum.gap - normWMinusJ)).toBeLessThan(1e-9);
    // Of the complete graph the recorded one is 0 up to rounding.
    expect(Math.abs(spectrum.lambdaMin - lambdaMin)).toBeLessThan(1e-9);
  });

  it('count the edges of a torus with a side of 2 twice, which is ours with these edges doubled', () => {
    for (const name of doubled) {
      const { nodes, gap } = recorded[name]!;
      const cols = nodes / 2;
      const theirs = 1 - Math.max(...eigenvaluesOfDoubled(cols).map(Math.abs));
      expect(Math.abs(theirs - gap)).toBeLessThan(1e-9);
      expect(gapOf('torus', nodes)).toBeGreaterThan(gap + 0.09); // without the slip it is better connected
    }
  });

  it('agree on the symmetric exponential graph', () => {
    for (const nodes of [4, 8, 12, 16, 24, 32, 64]) {
      const { gap } = recorded[`bluefog.SymmetricExponentialGraph(${nodes})`]!;
      const ours = spectrumOf(metropolisHastings(symmetricExponential(nodes))).gap;
      expect(Math.abs(ours - gap)).toBeLessThan(1e-9);
    }
  });

  it('agree on the norm ||W - J|| of the one-way exponential graph, 1 - 2 / (tau + 1) for even n', () => {
    for (const nodes of [4, 8, 12, 16, 24, 32, 64]) {
      const { normWMinusJ } = recorded[`bluefog.ExponentialTwoGraph(${nodes})`]!;
      expect(Math.abs(normOf(nodes) - normWMinusJ)).toBeLessThan(1e-9);
    }
  });
});

/** (1 + 2 cos(pi a) + 2 cos(2 pi b / cols)) / 5 without the largest: the eigenvalues of a 2 x cols torus with weights 1/5. */
function eigenvaluesOfDoubled(cols: number): number[] {
  const all = [0, 1].flatMap((a) =>
    Array.from(
      { length: cols },
      (_, b) => (1 + 2 * Math.cos(Math.PI * a) + 2 * Math.cos((2 * Math.PI * b) / cols)) / 5,
    ),
  );
  return all.sort((p, q) => p - q).slice(0, -1);
}

/** Largest modulus of the Fourier coefficients of the first column of P, but the first: its singular values. */
function normOf(nodes: number): number {
  const matrix = buildTopology('exponential', nodes, 0).directed!.matrixAt(1);
  let largest = 0;
  for (let k = 1; k < nodes; k++) {
    let [re, im] = [matrix.selfShares[0]!, 0];
    for (let at = matrix.offsets[0]!; at < matrix.offsets[1]!; at++) {
      const angle = (2 * Math.PI * k * matrix.targets[at]!) / nodes;
      re += matrix.shares[at]! * Math.cos(angle);
      im += matrix.shares[at]! * Math.sin(angle);
    }
    largest = Math.max(largest, Math.hypot(re, im));
  }
  return largest;
}
