/**
 * What every topology family promises, whatever its graph: connected, simple, symmetric, doubly stochastic, and a
 * function of (nodes, options, seed) alone. A new family adds one line to topology.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/base/random.js';
import { outNeighborsOf } from '../../src/topology/directed.js';
import { edgeCount, edgesOf, isConnected, neighborsOf } from '../../src/topology/graph.js';
import { buildTopology, topologies } from '../../src/topology/registry.js';
import { spectrumOf } from '../../src/topology/spectrum.js';
import { type MixingMatrix, type Topology, weightOf } from '../../src/topology/topology.js';
import { topologyHash } from '../../src/topology/topology-hash.js';

const SEEDS = [1, 2, 3, 4, 5];

export function topologyConformance(name: string, spec: string, sizes: readonly number[]): void {
  describe(`topology ${spec}`, () => {
    it.each(sizes)('is a connected graph without loops or doubled edges on %i nodes', (nodes) => {
      for (const seed of SEEDS) expectSimpleAndConnected(buildTopology(spec, nodes, seed), nodes);
    });

    it.each(sizes)('has a symmetric mixing matrix whose rows sum to 1 within 1e-12 on %i nodes', (nodes) => {
      for (const seed of SEEDS) expectDoublyStochastic(buildTopology(spec, nodes, seed));
    });

    it.each(sizes)('has a spectral gap in (0, 1] on %i nodes', (nodes) => {
      const { gap, lambda2, lambdaMin, beta } = spectrumOf(buildTopology(spec, nodes, 1).mixing);
      expect(gap).toBeGreaterThan(0);
      expect(gap).toBeLessThanOrEqual(1);
      expect(lambdaMin).toBeLessThanOrEqual(lambda2);
      expect(beta).toBe(1 - lambdaMin);
    });

    it.each(sizes)('is rebuilt exactly from its seed and the spec it reports, on %i nodes', (nodes) => {
      for (const seed of SEEDS) {
        const first = buildTopology(spec, nodes, seed);
        const again = buildTopology(first.spec, nodes, seed);
        expect(first.name).toBe(name);
        expect(again.spec).toBe(first.spec);
        expect([...again.graph.targets]).toEqual([...first.graph.targets]);
        expect([...again.mixing.weights]).toEqual([...first.mixing.weights]);
      }
    });

    it('depends on the seed if and only if it says so', () => {
      const largest = Math.max(...sizes);
      const hashes = new Set(SEEDS.map((seed) => topologyHash(buildTopology(spec, largest, seed))));
      expect(hashes.size).toBe(topologies.resolve(spec).seeded ? SEEDS.length : 1);
    });

    it.each(sizes)(
      'in each round mixes by a matrix of its own edges that keeps the mean, on %i nodes',
      (nodes) => {
        for (const seed of SEEDS) expectSchedule(buildTopology(spec, nodes, seed));
      },
    );

    it.each(sizes)(
      'in its one-way form gives away all of what a node has, along its own edges, on %i nodes',
      (nodes) => {
        for (const seed of SEEDS) expectColumnStochastic(buildTopology(spec, nodes, seed));
      },
    );

    it.each(sizes)('gives every edge a seed of its own on %i nodes', (nodes) => {
      const { graph } = buildTopology(spec, nodes, 1);
      const seeds = new Set(Array.from(edgesOf(graph), ([a, b]) => createRandom(1, 'edge', a, b).join()));
      expect(seeds.size).toBe(edgeCount(graph));
    });

    it('has no edge on one node and one edge on two', () => {
      if (sizes.includes(1)) expect(edgeCount(buildTopology(spec, 1, 1).graph)).toBe(0);
      if (sizes.includes(2)) expect(edgeCount(buildTopology(spec, 2, 1).graph)).toBe(1);
    });
  });
}

function expectSimpleAndConnected({ graph }: Topology, nodes: number): void {
  expect(graph.nodes).toBe(nodes);
  expect(graph.offsets).toHaveLength(nodes + 1);
  expect(graph.offsets[nodes]).toBe(graph.targets.length);
  expect(isConnected(graph)).toBe(true);
  for (let i = 0; i < nodes; i++) {
    const neighbors = [...neighborsOf(graph, i)];
    expect(neighbors).not.toContain(i);
    expect(neighbors).toEqual([...new Set(neighbors)].sort((p, q) => p - q));
    for (const j of neighbors) expect(neighborsOf(graph, j)).toContain(i);
  }
}

/** Matrices that their paper or the user asked for may hold negative weights: they average faster. */
function mayBeNegative({ name, spec }: Topology): boolean {
  return /weights=(best-constant|fdla)/.test(spec) || name.startsWith('equitopo');
}

function expectDoublyStochastic(topology: Topology): void {
  const { graph, mixing } = topology;
  expect(mixing.graph).toEqual(graph);
  expectSymmetric(mixing);
  if (mayBeNegative(topology)) return;
  expect(Math.min(...mixing.weights, ...mixing.selfWeights)).toBeGreaterThan(0);
}

function expectSymmetric(mixing: MixingMatrix): void {
  const { graph, weights, selfWeights } = mixing;
  expect(weights).toHaveLength(graph.targets.length);
  let asymmetric = 0; // counted, since an expect for each of a million entries takes half a minute
  let worstSum = 0;
  for (let i = 0; i < graph.nodes; i++) {
    let sum = selfWeights[i]!;
    for (const j of neighborsOf(graph, i)) {
      const weight = weightOf(mixing, i, j);
      if (weight !== weightOf(mixing, j, i)) asymmetric += 1;
      sum += weight;
    }
    worstSum = Math.max(worstSum, Math.abs(sum - 1));
  }
  expect(asymmetric).toBe(0);
  expect(worstSum).toBeLessThan(1e-12);
}

function expectSchedule({ graph, schedule }: Topology): void {
  if (schedule === undefined) return;
  const used = new Set<string>();
  const last = schedule.period ?? 20;
  for (let round = 1; round <= last; round++) {
    const mixing = schedule.mixingAt(round);
    expectSymmetric(mixing);
    for (const edge of edgesOf(mixing.graph)) used.add(edge.join());
    if (schedule.period !== null) expect(schedule.mixingAt(round + schedule.period)).toEqual(mixing);
  }
  const all = Array.from(edgesOf(graph), (edge) => edge.join());
  if (schedule.period === null) for (const edge of used) expect(all).toContain(edge);
  else expect([...used].sort()).toEqual(all.sort());
}

function expectColumnStochastic({ graph, directed }: Topology): void {
  if (directed === undefined) return;
  for (let round = 1; round <= (directed.period ?? 5); round++) {
    const matrix = directed.matrixAt(round);
    for (let j = 0; j < graph.nodes; j++) {
      const out = [...outNeighborsOf(matrix, j)];
      expect(out).toEqual([...new Set(out)].sort((p, q) => p - q));
      for (const i of out) expect(neighborsOf(graph, j)).toContain(i);
      const shares = [
        ...matrix.shares.subarray(matrix.offsets[j]!, matrix.offsets[j + 1]!),
        matrix.selfShares[j]!,
      ];
      expect(Math.min(...shares)).toBeGreaterThan(0);
      expect(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1)).toBeLessThan(1e-12);
    }
  }
}
