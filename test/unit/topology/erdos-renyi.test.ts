import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { defaultProbability, erdosRenyiGraph } from '../../../src/topology/erdos-renyi.js';
import { degreeOf, edgeCount, edgesOf, isConnected } from '../../../src/topology/graph.js';
import { buildTopology } from '../../../src/topology/registry.js';

describe('random (Erdos-Renyi)', () => {
  it('joins each pair with the given probability: the mean over 400 draws is within four standard errors', () => {
    const [nodes, probability, draws] = [12, 0.3, 400];
    const counts = new Float64Array(nodes * nodes);
    let total = 0;
    for (let draw = 0; draw < draws; draw++) {
      const graph = erdosRenyiGraph(nodes, probability, createRandom(draw, 'edges'));
      for (const [i, j] of edgesOf(graph)) counts[i * nodes + j]!++;
      total += edgeCount(graph);
    }
    const pairs = (nodes * (nodes - 1)) / 2;
    const deviation = Math.sqrt(probability * (1 - probability));
    expect(Math.abs(total / (pairs * draws) - probability)).toBeLessThan(
      (4 * deviation) / Math.sqrt(pairs * draws),
    );
    for (let i = 0; i < nodes; i++) {
      for (let j = i + 1; j < nodes; j++) {
        const share = counts[i * nodes + j]! / draws;
        expect(Math.abs(share - probability)).toBeLessThan((4 * deviation) / Math.sqrt(draws));
      }
    }
  });

  it('is complete at probability 1', () => {
    expect(edgeCount(erdosRenyiGraph(20, 1, createRandom(0)))).toBe(190);
  });

  it('defaults to min(1, 2 ln n / n), twice the connectivity threshold of Erdos and Renyi (1960)', () => {
    expect(defaultProbability(1)).toBe(0);
    expect(defaultProbability(8)).toBeCloseTo(0.5198603854, 10);
    expect(buildTopology('random', 8, 0).spec).toBe(`random:probability=${defaultProbability(8)}`);
  });

  it('is redrawn until connected, even just below the threshold', () => {
    let disconnected = 0;
    for (let seed = 0; seed < 20; seed++) {
      const probability = 0.08;
      if (!isConnected(erdosRenyiGraph(40, probability, createRandom(seed, 'topology', 'random'))))
        disconnected++;
      expect(isConnected(buildTopology(`random:probability=${probability}`, 40, seed).graph)).toBe(true);
    }
    expect(disconnected).toBeGreaterThan(0); // or this test would show nothing
  });

  it('gives up on a hopeless probability and names one that works', () => {
    for (const probability of [0, 1e-300, 0.001]) {
      const build = () => buildTopology(`random:probability=${probability}`, 50, 1);
      expect(build).toThrow(expect.objectContaining({ code: 'BAD_SPEC' }));
      expect(build).toThrow(/no connected graph in 100 draws; leave it out for the default of 0\.156/);
    }
  });

  it('accepts any probability for a single node', () => {
    expect(edgeCount(buildTopology('random:probability=0', 1, 1).graph)).toBe(0);
  });

  it('has nearly Poisson degrees at 20,000 nodes: mean 2 ln n', () => {
    const { graph } = buildTopology('random', 20_000, 5);
    expect((2 * edgeCount(graph)) / 20_000).toBeCloseTo(2 * Math.log(20_000), 0);
    let square = 0;
    for (let i = 0; i < graph.nodes; i++) square += (degreeOf(graph, i) - 19.8) ** 2;
    expect(square / graph.nodes / 19.8).toBeCloseTo(1, 1);
  });
});
