import { expect, it } from 'vitest';
import { hubAlgorithms } from '../../src/consensus/hub/registry.js';
import type { PeerState } from '../../src/consensus/peer-state.js';
import { algorithms } from '../../src/consensus/registry.js';
import { bothWays, orient } from '../../src/topology/orientation.js';
import { matchingOf, partnersOf, partnerWeight } from '../../src/topology/random-matching.js';
import { buildTopology } from '../../src/topology/registry.js';
import { spectrumOf } from '../../src/topology/spectrum.js';
import * as twins from '../reference/matrix-form-training.js';
import { type AlgorithmCase, algorithmConformance, NODES } from './algorithm.js';

const lambda = 1 - spectrumOf(buildTopology('torus', NODES, 1).mixing).gap;

/** A vector of the algorithm's node memory. */
function memoryOf<T>(state: PeerState): T {
  return state.node as T;
}
const minus = (x: ArrayLike<number>, y: ArrayLike<number>): number[] =>
  Array.from(x, (value, k) => value - y[k]!);

/** W of a round of random partners: 1/2 and 1/2 in a pair. */
const partnersAt =
  (most: number, topology = 'torus'): twins.MixingAt =>
  ({ w }, round) => {
    const { graph } = buildTopology(topology, w.length, 1);
    const matching = matchingOf(graph, most, { seed: 1, round });
    const rows = w.map((row) => row.map(() => 0));
    rows.forEach((row, i) => {
      for (const j of partnersOf(matching, i)) row[j] = partnerWeight(matching, i, j);
      row[i] = 1 - row.reduce((sum, weight) => sum + weight, 0);
    });
    return rows;
  };

/** Column i: what i keeps and pushes, in equal shares, to the out-neighbors whose turn it is. */
const pushesAt =
  (topology: string, given: { readonly peers: number | 'all'; readonly oneWay: boolean }): twins.PushAt =>
  ({ w }, round) => {
    const { graph } = buildTopology(topology, w.length, 1);
    const out = given.oneWay ? orient(graph) : bothWays(graph);
    const p = w.map((row) => row.map(() => 0));
    out.forEach((list, i) => {
      const many = given.peers === 'all' ? list.length : Math.min(given.peers, list.length);
      const first = given.peers === 'all' ? 0 : (round - 1) * many;
      for (let k = 0; k < many; k++) p[list[(first + k) % list.length]!]![i] = 1 / (1 + many);
      p[i]![i] = 1 / (1 + many);
    });
    return p;
  };

/** Of a doubly stochastic P every weight would stay 1: see test/unit/consensus/push-sum.test.ts. */
const pushSumWeight = {
  title: 'sum of w = n',
  of: (state: PeerState) => [memoryOf<{ weight: number }>(state).weight - 1],
};

const trackedMomentum = {
  title: 'mean(V) = mean(m)',
  of(state: PeerState): number[] {
    const { tracker, momentum } = memoryOf<Record<'tracker' | 'momentum', Float32Array>>(state);
    return minus(tracker, momentum);
  },
};

const cases: readonly AlgorithmCase[] = [
  {
    spec: 'exact',
    compressor: 'none',
    twin: { of: twins.adaptThenCombine, top: 0 },
    reaches: 'biased',
    degenerate: {
      title: 'combine-then-adapt is the order of the paper',
      spec: 'exact:order=combine-then-adapt',
      twin: twins.combineThenAdapt,
    },
    bad: ['exact:order=both', 'exact:gamma=1'],
  },
  {
    spec: 'all-reduce',
    compressor: 'none',
    topology: 'complete',
    twin: { of: twins.adaptThenCombine, top: 0 },
    reaches: 'exact',
    degenerate: {
      title: 'is exact gossip on the complete graph',
      spec: 'exact',
      twin: twins.adaptThenCombine,
    },
    bad: ['all-reduce:rank=1'],
  },
  {
    spec: 'chebyshev:exchanges=4',
    compressor: 'none',
    twin: { of: twins.chebyshev(lambda, 4), top: 0 },
    reaches: 'biased',
    degenerate: {
      title: 'is exact gossip with one exchange',
      spec: 'chebyshev:exchanges=1',
      twin: twins.adaptThenCombine,
    },
    bad: ['chebyshev:exchanges=0', 'chebyshev:exchanges=1.5'],
  },
  {
    spec: 'choco:gamma=0.4',
    compressor: 'low-rank:rank=1,bits=8',
    twin: { of: twins.choco(0.4), top: 5 },
    reaches: 'biased',
    degenerate: {
      title: 'is exact gossip with the identity compressor and gamma 1',
      spec: 'choco:gamma=1',
      twin: twins.adaptThenCombine,
    },
    bad: ['choco:gamma=0', 'choco:gamma=1.1', 'choco:gamma=x'],
  },
  {
    spec: 'edge-choco',
    compressor: 'low-rank:rank=1,bits=8',
    twin: { of: twins.edgeChoco(1), top: 5 },
    reaches: 'biased',
    degenerate: {
      title: 'is exact gossip with the identity compressor and gamma 1',
      spec: 'edge-choco:gamma=1',
      twin: twins.adaptThenCombine,
    },
    bad: ['edge-choco:gamma=0', 'edge-choco:gamma=2.5', 'edge-choco:gamma=auto'],
  },
  {
    spec: 'edge-choco:clip=auto',
    compressor: 'low-rank:rank=1,bits=8',
    twin: { of: twins.edgeChoco(1, 1), top: 5 },
    reaches: 'biased',
    degenerate: {
      title: 'is clipped gossip with the identity compressor',
      spec: 'edge-choco:clip=auto,byzantine=2',
      twin: twins.clippedGossip(2),
    },
    bad: [
      'edge-choco:clip=0',
      'edge-choco:clip=x',
      'edge-choco:byzantine=1',
      'edge-choco:clip=2,byzantine=1',
    ],
  },
  {
    spec: 'clipped-gossip',
    compressor: 'none',
    twin: { of: twins.clippedGossip(1), top: 0 },
    reaches: 'biased',
    degenerate: {
      title: 'is exact gossip where no difference is as long as the radius',
      spec: 'clipped-gossip:radius=1000',
      twin: twins.adaptThenCombine,
    },
    bad: ['clipped-gossip:radius=0', 'clipped-gossip:radius=none', 'clipped-gossip:byzantine=0.5'],
  },
  {
    spec: 'nearest-neighbor',
    compressor: 'none',
    topology: 'complete',
    twin: { of: twins.nearestNeighbor(1), top: 0 },
    reaches: 'near',
    movesMean: true,
    degenerate: {
      title: 'is exact gossip on a regular graph where nobody lies',
      spec: 'nearest-neighbor:byzantine=0',
      topology: 'torus',
      twin: twins.adaptThenCombine,
    },
    bad: ['nearest-neighbor:byzantine=-1', 'nearest-neighbor:radius=1'],
  },
  {
    spec: 'power-gossip:rank=1,iterations=2',
    compressor: 'none',
    reaches: 'biased',
    degenerate: {
      title: 'is exact gossip at full rank',
      spec: 'power-gossip:rank=3',
      twin: twins.adaptThenCombine,
    },
    bad: ['power-gossip:rank=0', 'power-gossip:iterations=0', 'power-gossip:bits=4'],
  },
  {
    spec: 'pgq:rank=2,iterations=2,bits=4',
    compressor: 'none',
    reaches: 'biased',
    degenerate: {
      title: 'is exact gossip at full rank, 32 bits and diffusion 1',
      spec: 'pgq:rank=3,iterations=1,bits=32,diffusion=1',
      twin: twins.adaptThenCombine,
    },
    bad: ['pgq:bits=1', 'pgq:bits=9', 'pgq:rank=0', 'pgq:diffusion=3'],
  },
  {
    spec: 'ad-psgd',
    compressor: 'none',
    twin: { of: twins.randomPairs, top: 0 },
    reaches: 'biased',
    degenerate: {
      title: 'averages the hub of a star with one random leaf a round',
      spec: 'ad-psgd',
      topology: 'star',
      twin: twins.hubAndLeaf,
    },
    bad: ['ad-psgd:gamma=1'],
  },
  {
    spec: 'pgq:rank=2,iterations=2,bits=4,clip=auto',
    compressor: 'none',
    reaches: 'biased',
    degenerate: {
      title: 'is clipped gossip at full rank and 32 bits',
      spec: 'pgq:rank=3,iterations=1,bits=32,diffusion=1,clip=auto',
      twin: twins.clippedGossip(1),
    },
    bad: ['pgq:clip=0', 'pgq:clip=x', 'pgq:byzantine=1'],
  },
  {
    spec: 'dcd',
    compressor: 'quantize:bits=8',
    twin: { of: twins.dcd, top: 10 },
    reaches: 'biased',
    meanInExpectation: true,
    degenerate: {
      title: 'is D-PSGD, combine-then-adapt, with the identity compressor',
      spec: 'dcd',
      twin: twins.combineThenAdapt,
    },
    bad: ['dcd:gamma=1'],
  },
  {
    spec: 'ecd',
    compressor: 'quantize:bits=12',
    twin: { of: twins.ecd, top: 11 },
    reaches: 'biased',
    meanInExpectation: true,
    degenerate: {
      title: 'is D-PSGD, combine-then-adapt, with the identity compressor',
      spec: 'ecd',
      twin: twins.combineThenAdapt,
    },
    bad: ['ecd:gamma=1'],
  },
  {
    spec: 'deep-squeeze:gamma=0.3',
    compressor: 'quantize:bits=8',
    twin: { of: twins.deepSqueeze(0.3), top: 8 },
    reaches: 'biased',
    degenerate: {
      title: 'is exact gossip with the identity compressor and gamma 1',
      spec: 'deep-squeeze:gamma=1',
      twin: twins.adaptThenCombine,
    },
    bad: ['deep-squeeze:gamma=0', 'deep-squeeze:gamma=1.2'],
  },
  {
    spec: 'gradient-tracking',
    compressor: 'none',
    twin: { of: twins.gradientTracking, top: 0 },
    reaches: 'exact',
    degenerate: {
      title: 'is all-reduce on a complete graph',
      spec: 'gradient-tracking',
      topology: 'complete',
      twin: twins.adaptThenCombine,
    },
    invariants: [
      {
        title: 'mean(y) = mean(u)',
        of(state) {
          const { tracker, lastStep } = memoryOf<Record<'tracker' | 'lastStep', Float32Array>>(state);
          return minus(tracker, lastStep);
        },
      },
    ],
    bad: ['gradient-tracking:gamma=1'],
  },
  {
    spec: 'd2',
    compressor: 'none',
    twin: { of: twins.exactDiffusion, top: 0 },
    reaches: 'exact',
    degenerate: {
      title: 'is LEAD with the identity compressor, alpha 1 and gamma 1',
      spec: 'd2',
      twin: twins.lead(1, 1),
    },
    bad: ['d2:gamma=1'],
  },
  {
    spec: 'beer:gamma=0.4',
    compressor: 'low-rank:rank=1,bits=8',
    twin: { of: twins.trackedChoco(0.4, 1), top: 6 },
    reaches: 'exact',
    degenerate: {
      title: 'is MoTEF with lambda 1',
      spec: 'motef:gamma=0.4,lambda=1',
      twin: twins.trackedChoco(0.4, 1),
    },
    invariants: [trackedMomentum],
    bad: ['beer:gamma=0', 'beer:lambda=1'],
  },
  {
    spec: 'motef:gamma=0.4,lambda=0.3',
    compressor: 'low-rank:rank=1,bits=8',
    twin: { of: twins.trackedChoco(0.4, 0.3), top: 6 },
    reaches: 'exact',
    degenerate: {
      title: 'is BEER at lambda 1',
      spec: 'beer:gamma=1',
      twin: twins.trackedChoco(1, 1),
    },
    invariants: [trackedMomentum],
    bad: ['motef:lambda=0', 'motef:lambda=2', 'motef:gamma=0'],
  },
  {
    spec: 'lead:gamma=0.5',
    compressor: 'quantize:bits=4,rounding=stochastic',
    twin: { of: twins.lead(0.5, 0.5), top: 8 },
    reaches: 'exact',
    degenerate: {
      title: 'is exact diffusion with the identity compressor, alpha 1 and gamma 1',
      spec: 'lead:gamma=1,alpha=1',
      twin: twins.exactDiffusion,
    },
    invariants: [{ title: 'sum of D = 0', of: (state) => memoryOf<{ dual: Float32Array }>(state).dual }],
    bad: ['lead:alpha=0', 'lead:gamma=0'],
  },
  {
    spec: 'noloco',
    compressor: 'none',
    twin: { of: twins.noLoCo({ rate: 0.7, momentum: 0.5 }, partnersAt(1)), top: 0 },
    reaches: 'biased',
    degenerate: {
      title: 'averages pairs as GASLoC does, with rate 1 and without momentum',
      spec: 'noloco:rate=1,momentum=0',
      twin: twins.gasLoC({ rate: 1, momentum: 0, gamma: 1 }, partnersAt(1)),
    },
    bad: ['noloco:rate=0', 'noloco:rate=1.1', 'noloco:momentum=1', 'noloco:peers=2'],
  },
  {
    spec: 'gasloc:peers=2,gamma=0.8,rate=0.9',
    compressor: 'none',
    twin: { of: twins.gasLoC({ rate: 0.9, momentum: 0.5, gamma: 0.8 }, partnersAt(2)), top: 0 },
    reaches: 'biased',
    degenerate: {
      title: 'is exact gossip with all neighbors and without momentum',
      spec: 'gasloc:peers=all,momentum=0',
      twin: twins.adaptThenCombine,
    },
    bad: ['gasloc:peers=0', 'gasloc:peers=1.5', 'gasloc:momentum=1', 'gasloc:gamma=0', 'gasloc:rate=3'],
  },
  {
    spec: 'push-sum',
    compressor: 'none',
    topology: 'star',
    twin: { of: twins.pushSum(pushesAt('star', { peers: 'all', oneWay: false })), top: 0 },
    reaches: 'biased',
    degenerate: {
      title: 'is exact gossip where all have as many neighbors',
      spec: 'push-sum',
      topology: 'torus',
      twin: twins.adaptThenCombine,
    },
    invariants: [pushSumWeight],
    bad: ['push-sum:peers=0', 'push-sum:links=none'],
  },
  {
    spec: 'push-sum:peers=1,links=one-way',
    compressor: 'none',
    twin: { of: twins.pushSum(pushesAt('torus', { peers: 1, oneWay: true })), top: 0 },
    reaches: 'biased',
    degenerate: {
      title: 'pushes to all where it may push to more than there are',
      spec: 'push-sum:peers=7',
      topology: 'star',
      twin: twins.pushSum(pushesAt('star', { peers: 'all', oneWay: false })),
    },
    invariants: [pushSumWeight],
    bad: ['push-sum:peers=17', 'push-sum:gamma=1'],
  },
];

for (const given of cases) algorithmConformance(given);

it('covers every algorithm of the registry but those with a hub', () => {
  // Those do not mix parameters: test/unit/consensus/hub holds them to their papers, alone and among peers.
  const covered = [
    ...cases.map(({ spec }) => spec.split(':')[0]),
    ...hubAlgorithms.entries.map(({ name }) => name),
  ];
  expect([...new Set(covered)].sort()).toEqual(algorithms.entries.map(({ name }) => name).sort());
});
