import { describe, expect, it, vi } from 'vitest';
import { describeTopology } from '../../../src/topology/describe.js';
import { buildTopology } from '../../../src/topology/registry.js';

/** A size at which Lanczos is cut short, since a graph that truly defeats it takes seconds to say so. */
const OUT_OF_REACH = 2048;

vi.mock('../../../src/topology/spectrum.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../../src/topology/spectrum.js')>();
  const spectrumOf: typeof original.spectrumOf = (mixing) =>
    mixing.graph.nodes === OUT_OF_REACH
      ? original.lanczosSpectrumOf(mixing, 10)
      : original.spectrumOf(mixing);
  return { ...original, spectrumOf };
});

describe('describeTopology', () => {
  it('gives the facts of a 4 x 4 torus, worked by hand', () => {
    const { spectralGap, lambda2, lambdaMin, beta, effectiveNeighbors, averaging, ...facts } =
      describeTopology(buildTopology('torus', 16, 0));
    expect(facts).toEqual({
      name: 'torus',
      spec: 'torus:rows=4,cols=4',
      nodes: 16,
      edges: 32,
      degree: { min: 4, mean: 4, max: 4, distribution: [[4, 16]] },
      diameter: 4,
      // ln 1000 / -ln 0.6 = 13.5; acosh 1000 / acosh(1 / 0.6) = 6.9
      rounds: { target: 1e-3, plain: 14, chebyshev: 7 },
      // Any vector of the plane that belongs to lambda 2: the halves are even, the cut between 8 and 16.
      partition: { sizes: [8, 8], cutEdges: 12, cutWeight: expect.closeTo(12 / 5, 12) },
      traffic: { messages: 64, sentPerPeer: { mean: 4, max: 4 } },
    });
    expect(averaging).toEqual({
      rounds: 1,
      contraction: expect.closeTo(0.6, 12),
      contractionPerRound: expect.closeTo(0.6, 12),
      exactAfter: null,
    });
    // Eigenvalues 1, 0.6 x 4, 0.2 x 6, -0.2 x 4, -0.6: (1 / 0.5) / ((2 + 5 * 0.36 / 0.82 + 10 * 0.04 / 0.98) / 16)
    expect(effectiveNeighbors!.map(({ gamma }) => gamma)).toEqual([0.5, 0.9, 0.99]);
    expect(effectiveNeighbors![0]!.count).toBeCloseTo(32 / (2 + 1.8 / 0.82 + 0.4 / 0.98), 9);
    expect([spectralGap, lambda2, lambdaMin, beta].map((value) => value?.toFixed(12))).toEqual([
      '0.400000000000',
      '0.600000000000',
      '-0.600000000000',
      '1.600000000000',
    ]);
  });

  it('tells the least, the mean and the highest degree apart', () => {
    expect(describeTopology(buildTopology('star', 5, 0)).degree).toEqual({
      min: 1,
      mean: 1.6,
      max: 4,
      distribution: [
        [1, 4],
        [4, 1],
      ],
    });
  });

  it('describes a single node', () => {
    const description = describeTopology(buildTopology('torus', 1, 0));
    expect(description).toMatchObject({
      edges: 0,
      degree: { min: 0, mean: 0, max: 0, distribution: [[0, 1]] },
      partition: { sizes: [1, 0], cutEdges: 0 },
      rounds: { plain: 1, chebyshev: 1 },
      diameter: 0,
      spectralGap: 1,
    });
  });

  it('says null where a figure is out of reach', () => {
    const description = describeTopology(buildTopology('ring', OUT_OF_REACH, 0));
    expect(description).toMatchObject({
      edges: OUT_OF_REACH,
      diameter: null,
      spectralGap: null,
      lambda2: null,
      beta: null,
      effectiveNeighbors: null,
      averaging: { contraction: null, contractionPerRound: null },
      rounds: { plain: null, chebyshev: null },
      partition: null,
    });
  });

  it('describes a schedule by its rounds, and the union of its edges by the spectrum', () => {
    const { graph, mixing } = buildTopology('path', 3, 0);
    const half = (at: readonly number[]) => mixing.weights.map((_, k) => (at.includes(k) ? 0.5 : 0));
    // Edges 0-1 and 1-2 take turns; targets of the path are 1, 0, 2, 1.
    const rounds = [
      { graph, weights: half([0, 1]), selfWeights: Float64Array.of(0.5, 0.5, 1) },
      { graph, weights: half([2, 3]), selfWeights: Float64Array.of(1, 0.5, 0.5) },
    ];
    const schedule = { period: 2, mixingAt: (round: number) => rounds[(round - 1) % 2]! };
    const facts = describeTopology({ name: 'turns', spec: 'turns', graph, mixing, schedule });
    expect(facts).toMatchObject({
      period: 2,
      edges: 2,
      averaging: { rounds: 2, contraction: expect.closeTo(0.5, 9), exactAfter: null },
      rounds: { plain: 20, chebyshev: null }, // half in two rounds: ten times two
      traffic: { messages: 2, sentPerPeer: { max: 1 } },
    });
    expect(facts.effectiveNeighbors![0]!.count).toBeGreaterThan(1);
    expect(
      describeTopology({ ...facts, graph, mixing, schedule: { ...schedule, period: null } }),
    ).toMatchObject({
      period: null,
      effectiveNeighbors: null,
      averaging: { rounds: 32 },
    });
  });

  it('is plain JSON', () => {
    const description = describeTopology(buildTopology('random', 9, 2));
    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
  });
});
