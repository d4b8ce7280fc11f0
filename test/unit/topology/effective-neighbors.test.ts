import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { effectiveNeighbors, effectiveNeighborsOfPeriod } from '../../../src/topology/effective-neighbors.js';
import { type Graph, graphFromEdges } from '../../../src/topology/graph.js';
import { metropolisHastings, mixInto } from '../../../src/topology/mixing.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { eigenvaluesOf } from '../../../src/topology/spectrum.js';
import type { MixingMatrix } from '../../../src/topology/topology.js';
import published from '../../reference/data/effective-neighbors-32.json' with { type: 'json' };

const NODES = 32;
const hypercube = graphFromEdges(
  NODES,
  Array.from(
    { length: NODES * 5 },
    (_, k) => [k % NODES, (k % NODES) ^ (1 << Math.floor(k / NODES))] as const,
  ),
);
/** Node 0 above 1, which is the root of a heap. */
const binaryTree = graphFromEdges(
  NODES,
  Array.from({ length: NODES - 1 }, (_, k) => [k + 1, Math.floor((k + 1) / 2)] as const),
);
/** The published torus is wound: the last node of a row is beside the first of the next. */
const helix = graphFromEdges(
  NODES,
  Array.from({ length: 2 * NODES }, (_, k) => [k % NODES, (k + (k < NODES ? 1 : 8)) % NODES] as const),
);
const graphs: Readonly<Record<string, Graph>> = {
  Ring: buildTopology('ring', NODES, 0).graph,
  'Torus (4x8)': helix,
  'Fully connected': buildTopology('complete', NODES, 0).graph,
  Star: buildTopology('star', NODES, 0).graph,
  Hypercube: hypercube,
  'Binary tree': binaryTree,
};

/** W_t of the one-peer exponential graph: half of one's own, half of node i + 2^t. Directed: the way back weighs 0. */
function onePeerExponential(hop: number): MixingMatrix {
  const pairs = Array.from({ length: NODES }, (_, i) => [i, (i + 2 ** hop) % NODES] as const);
  const graph = graphFromEdges(NODES, pairs);
  const weights = new Float64Array(graph.targets.length);
  for (let i = 0; i < NODES; i++) {
    for (let k = graph.offsets[i]!; k < graph.offsets[i + 1]!; k++)
      if (graph.targets[k] === pairs[i]![1]) weights[k] = 0.5;
  }
  return { graph, weights, selfWeights: new Float64Array(NODES).fill(0.5) };
}

const references = Object.entries(published).flatMap(([name, counts]) =>
  Object.entries(counts).map(([gamma, count]) => [name, Number(gamma), count] as const),
);

describe('effectiveNeighbors', () => {
  const still = references.filter(([name]) => name in graphs);

  it.each(still)('agrees with the published code on %s of 32 nodes at gamma %f', (name, gamma, count) => {
    const mixing = metropolisHastings(graphs[name]!);
    // 1 - gamma is divided by: 1e-14 becomes 1e-12.
    expect(Math.abs(effectiveNeighbors(eigenvaluesOf(mixing)!, gamma) / count - 1)).toBeLessThan(1e-12);
    expect(Math.abs(effectiveNeighborsOfPeriod([mixing], gamma) / count - 1)).toBeLessThan(1e-12);
  });

  it('checks every published graph but the exponential one, which is a schedule', () => {
    expect(still).toHaveLength(18);
  });

  it('differs from the published torus by the winding only: 6 parts in a million', () => {
    const ours = effectiveNeighbors(
      eigenvaluesOf(buildTopology('torus:rows=4,cols=8', NODES, 0).mixing)!,
      0.5,
    );
    expect(ours / published['Torus (4x8)']['0.5'] - 1).toBeCloseTo(-6.37e-6, 8);
  });

  it('is 1 without mixing and n for the exact mean', () => {
    expect(effectiveNeighbors(Float64Array.of(1, 1, 1), 0.7)).toBeCloseTo(1, 12);
    expect(effectiveNeighbors(Float64Array.of(1, 0, 0), 0.7)).toBeCloseTo(3, 12);
  });

  it('counts each neighbor alone at gamma 0: n / sum of lambda^2, 3 on a ring', () => {
    expect(effectiveNeighbors(eigenvaluesOf(buildTopology('ring', 12, 0).mixing)!, 0)).toBeCloseTo(3, 12);
  });

  it('is what a walk of noise shows', () => {
    const { mixing } = buildTopology('torus', 16, 0);
    const gamma = 0.9;
    const random = createRandom(5, 'walk');
    let [z, next] = [new Float64Array(16), new Float64Array(16)];
    let squares = 0;
    for (let round = -200; round < 8000; round++) {
      for (let i = 0; i < 16; i++) z[i] = Math.sqrt(gamma) * z[i]! + gaussian(random);
      mixInto(next, mixing, z);
      [z, next] = [next, z];
      if (round >= 0) for (const entry of z) squares += entry * entry;
    }
    const walked = 1 / (1 - gamma) / (squares / (16 * 8000));
    // 8,000 rounds hold some 800 independent ones: squares to 1 part in 20.
    expect(walked / effectiveNeighbors(eigenvaluesOf(mixing)!, gamma)).toBeCloseTo(1, 1);
  });
});

describe('effectiveNeighborsOfPeriod', () => {
  const moving = references.filter(([name]) => name === 'Time-varying exponential');

  it.each(moving)('agrees with the published code on %s of 32 nodes at gamma %f', (_, gamma, count) => {
    const period = [0, 1, 2, 3, 4].map(onePeerExponential);
    expect(Math.abs(effectiveNeighborsOfPeriod(period, gamma) / count - 1)).toBeLessThan(1e-12);
  });

  it('does not depend on how often a single matrix is repeated', () => {
    const { mixing } = buildTopology('random', 12, 3);
    const once = effectiveNeighborsOfPeriod([mixing], 0.95);
    expect(effectiveNeighborsOfPeriod([mixing, mixing, mixing], 0.95)).toBeCloseTo(once, 11);
  });
});
