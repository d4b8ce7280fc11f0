import { describe, expect, it } from 'vitest';
import {
  averagingOf,
  chebyshevRoundsTo,
  contractionOf,
  RANDOM_ROUNDS,
  roundsTo,
} from '../../../src/topology/averaging.js';
import { graphFromEdges } from '../../../src/topology/graph.js';
import { toDense } from '../../../src/topology/mixing.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';
import type { MixingMatrix, Topology } from '../../../src/topology/topology.js';
import { referenceEigenvalues } from '../../reference/eigenvalues.js';

/** Pairs that each take half of the other's; the rest keep what they have. */
function matching(nodes: number, pairs: readonly (readonly [number, number])[]): MixingMatrix {
  const graph = graphFromEdges(nodes, pairs);
  const weights = new Float64Array(graph.targets.length).fill(0.5);
  const paired = new Set(pairs.flat());
  return {
    graph,
    weights,
    selfWeights: Float64Array.from({ length: nodes }, (_, i) => (paired.has(i) ? 0.5 : 1)),
  };
}

/** Dimension by dimension through a hypercube: exact after as many rounds as it has dimensions. */
function hypercubeRounds(dimensions: number): MixingMatrix[] {
  const nodes = 2 ** dimensions;
  return Array.from({ length: dimensions }, (_, d) =>
    matching(
      nodes,
      Array.from({ length: nodes }, (__, i) => [i, i ^ (1 << d)] as const).filter(([i, j]) => i < j),
    ),
  );
}

/** A topology whose W is that of a complete graph, which nobody should look at. */
function scheduled(rounds: readonly MixingMatrix[], period: number | null = rounds.length): Topology {
  const complete = buildTopology('complete', rounds[0]!.graph.nodes, 0);
  return { ...complete, schedule: { period, mixingAt: (round) => rounds[(round - 1) % rounds.length]! } };
}

/** || W_p ... W_1 - J ||_2 by dense products and all eigenvalues of the square. */
function naiveContraction(rounds: readonly MixingMatrix[]): number {
  const n = rounds[0]!.graph.nodes;
  let product = Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0));
  const times = (a: Float64Array, b: Float64Array): Float64Array =>
    Float64Array.from({ length: n * n }, (_, at) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[Math.floor(at / n) * n + k]! * b[k * n + (at % n)]!;
      return sum;
    });
  for (const round of rounds) product = times(toDense(round), product) as Float64Array<ArrayBuffer>;
  const rest = product.map((entry) => entry - 1 / n);
  const transposed = rest.map((_, at) => rest[(at % n) * n + Math.floor(at / n)]!);
  return Math.sqrt(Math.max(0, referenceEigenvalues(times(transposed, rest), n).at(-1)!));
}

describe('averagingOf', () => {
  it.each([1, 2, 3, 5])(
    'sees that a hypercube of %i dimensions averages exactly once each was used',
    (dimensions) => {
      expect(averagingOf(scheduled(hypercubeRounds(dimensions)), null)).toEqual({
        rounds: dimensions,
        contraction: 0,
        contractionPerRound: 0,
        exactAfter: dimensions,
      });
    },
  );

  it('counts the least number of rounds, and not the period', () => {
    const [a, b] = hypercubeRounds(2) as [MixingMatrix, MixingMatrix];
    expect(averagingOf(scheduled([a, b, a, a]), null).exactAfter).toBe(2);
  });

  it('is not taken in by what averages almost', () => {
    const [a, b] = hypercubeRounds(2) as [MixingMatrix, MixingMatrix];
    const off = {
      ...b,
      weights: b.weights.map((w) => w + 1e-9),
      selfWeights: b.selfWeights.map((w) => w - 1e-9),
    };
    const { exactAfter, contraction } = averagingOf(scheduled([a, off]), null);
    expect(exactAfter).toBeNull();
    expect(contraction).toBeCloseTo(2e-9, 15);
  });

  it('works an example by hand: a path of three, whose edges take turns', () => {
    // On differences from the mean W_2 W_1 has the singular values 1/2 and 0: W_1 = proj. off (1,-1,0), W_2 off (0,1,-1),
    // and the two remaining unit vectors (1,1,-2) / sqrt 6 and (2,-1,-1) / sqrt 6 have the product 1/2.
    const rounds = [matching(3, [[0, 1]]), matching(3, [[1, 2]])];
    const { contraction, contractionPerRound, exactAfter } = averagingOf(scheduled(rounds), null);
    expect(contraction).toBeCloseTo(1 / 2, 9);
    expect(contractionPerRound).toBeCloseTo(Math.SQRT1_2, 9);
    expect(exactAfter).toBeNull();
  });

  it('takes 1 - gap where all rounds are alike, and is exact after one on the complete graph', () => {
    const ring = buildTopology('ring', 8, 0);
    expect(averagingOf(ring, 0.25)).toEqual({
      rounds: 1,
      contraction: 0.75,
      contractionPerRound: 0.75,
      exactAfter: null,
    });
    expect(averagingOf(ring, null)).toMatchObject({ contraction: null, contractionPerRound: null });
    expect(averagingOf(buildTopology('complete', 9, 0), 1).exactAfter).toBe(1);
    expect(averagingOf(buildTopology('ring', 1, 0), 1).exactAfter).toBe(1);
  });

  it('looks at the first rounds of a schedule without an end', () => {
    const { rounds, contraction } = averagingOf(scheduled([buildTopology('ring', 8, 0).mixing], null), null);
    expect(rounds).toBe(RANDOM_ROUNDS);
    // (1 - 0.195)^32, the ring's.
    expect(contraction).toBeCloseTo(
      (1 - spectrumOf(buildTopology('ring', 8, 0).mixing).gap) ** RANDOM_ROUNDS,
      9,
    );
  });
});

describe('contractionOf', () => {
  it('agrees with the dense product on rounds of random graphs', () => {
    for (const seed of [1, 2, 3]) {
      const rounds = [0, 1, 2].map((k) => buildTopology('random:probability=0.3', 14, 10 * seed + k).mixing);
      expect(Math.abs(contractionOf(rounds)! / naiveContraction(rounds) - 1)).toBeLessThan(1e-7);
    }
  });

  it('leaves nothing to contract on a single node', () => {
    expect(contractionOf([buildTopology('ring', 1, 0).mixing])).toBe(0);
  });
});

describe('roundsTo', () => {
  it('halves ten times for a thousandth, and once for a half', () => {
    expect(roundsTo(1e-3, 0.5)).toBe(10);
    expect(roundsTo(0.5, 0.5)).toBe(1);
    expect(roundsTo(0.25, 0.5)).toBe(2);
  });

  it('needs one round where one is exact, and never ends where nothing shrinks', () => {
    expect(roundsTo(1e-3, 0)).toBe(1);
    expect(roundsTo(1e-3, 1)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('chebyshevRoundsTo', () => {
  it.each([0.3, 0.8, 0.99])('finds the least k with 1 / T_k(1 / factor) <= target at factor %f', (factor) => {
    // T_0 = 1, T_1 = x, T_(k+1) = 2 x T_k - T_(k-1).
    const x = 1 / factor;
    let [before, now] = [1, x];
    let k = 1;
    while (1 / now > 1e-3) {
      [before, now] = [now, 2 * x * now - before];
      k++;
    }
    expect(chebyshevRoundsTo(1e-3, factor)).toBe(k);
    expect(k).toBeLessThanOrEqual(roundsTo(1e-3, factor));
  });

  it('agrees with plain gossip at the ends', () => {
    expect(chebyshevRoundsTo(1e-3, 0)).toBe(1);
    expect(chebyshevRoundsTo(1e-3, 1)).toBe(Number.POSITIVE_INFINITY);
  });
});
