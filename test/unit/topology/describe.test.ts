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
    const { spectralGap, lambda2, lambdaMin, beta, ...facts } = describeTopology(
      buildTopology('torus', 16, 0),
    );
    expect(facts).toEqual({
      name: 'torus',
      spec: 'torus:rows=4,cols=4',
      nodes: 16,
      edges: 32,
      degree: { min: 4, mean: 4, max: 4 },
      diameter: 4,
    });
    expect([spectralGap, lambda2, lambdaMin, beta].map((value) => value?.toFixed(12))).toEqual([
      '0.400000000000',
      '0.600000000000',
      '-0.600000000000',
      '1.600000000000',
    ]);
  });

  it('tells the least, the mean and the highest degree apart', () => {
    expect(describeTopology(buildTopology('star', 5, 0)).degree).toEqual({ min: 1, mean: 1.6, max: 4 });
  });

  it('describes a single node', () => {
    const description = describeTopology(buildTopology('torus', 1, 0));
    expect(description).toMatchObject({
      edges: 0,
      degree: { min: 0, mean: 0, max: 0 },
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
    });
  });

  it('is plain JSON', () => {
    const description = describeTopology(buildTopology('random', 9, 2));
    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
  });
});
