import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metropolisHastings, mixInto, toDense } from '../../../src/topology/mixing.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { ringGraph } from '../../../src/topology/ring.js';
import {
  DENSE_NODES,
  fiedlerVectorOf,
  lanczosSpectrumOf,
  spectrumOf,
} from '../../../src/topology/spectrum.js';
import { namesOfAnySize } from '../../reference/any-size.js';
import { referenceEigenvalues } from '../../reference/eigenvalues.js';

describe('spectrumOf', () => {
  it('differs from powergossip on 2 x k, where that code counts the edge along the short side twice', () => {
    // Its Torus(4) and Torus(8) have the gap 0.4 and lambda_n = -0.6: weights 1/5 with one neighbor at 2/5.
    expect(spectrumOf(buildTopology('torus', 4, 0).mixing).gap).toBeCloseTo(2 / 3, 12);
    expect(spectrumOf(buildTopology('torus', 8, 0).mixing).gap).toBeCloseTo(1 / 2, 12);
  });

  it('takes the gap from the negative end where that is the longer one', () => {
    const spectrum = spectrumOf(buildTopology('torus:rows=4,cols=4', 16, 0).mixing);
    expect(spectrum.lambda2).toBeCloseTo(0.6, 12);
    expect(spectrum.lambdaMin).toBeCloseTo(-0.6, 12);
    const odd = spectrumOf(buildTopology('torus:rows=3,cols=4', 12, 0).mixing);
    expect(odd.lambda2).toBeCloseTo(0.6, 12);
    expect(odd.lambdaMin).toBeCloseTo(-0.4, 12);
    const pair = spectrumOf({
      ...metropolisHastings(ringGraph(2)),
      weights: Float64Array.of(0.9, 0.9),
      selfWeights: Float64Array.of(0.1, 0.1),
    });
    expect(pair.lambdaMin).toBeCloseTo(-0.8, 14);
    expect(pair.gap).toBeCloseTo(0.2, 14);
  });

  it('calls a single node mixed: gap 1, beta 1', () => {
    expect(spectrumOf(buildTopology('ring', 1, 0).mixing)).toEqual({
      lambda2: 0,
      lambdaMin: 0,
      gap: 1,
      beta: 1,
    });
  });

  it('agrees with ml-matrix to 1e-12 on every family', () => {
    const names = namesOfAnySize();
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.integer({ min: 2, max: 40 }),
        fc.nat(1000),
        (name, nodes, seed) => {
          const { mixing } = buildTopology(name, nodes, seed);
          const reference = referenceEigenvalues(toDense(mixing), nodes);
          const { lambda2, lambdaMin } = spectrumOf(mixing);
          expect(reference[nodes - 1]).toBeCloseTo(1, 12);
          expect(Math.abs(lambda2 - reference[nodes - 2]!)).toBeLessThan(1e-12);
          expect(Math.abs(lambdaMin - reference[0]!)).toBeLessThan(1e-12);
        },
      ),
      { seed: 19, numRuns: 60 },
    );
  });

  it('bounds what one gossip step leaves of a deviation from the mean', () => {
    const { mixing } = buildTopology('random-regular', 50, 4);
    const { gap } = spectrumOf(mixing);
    const x = Float64Array.from({ length: 50 }, (_, i) => Math.cos(3 * i * i));
    const mean = x.reduce((sum, value) => sum + value, 0) / 50;
    const deviation = x.map((value) => value - mean);
    const mixed = new Float64Array(50);
    mixInto(mixed, mixing, deviation);
    const norm = (values: Float64Array): number =>
      Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    expect(norm(mixed)).toBeLessThanOrEqual((1 - gap) * norm(deviation) * (1 + 1e-12));
  });
});

describe('lanczosSpectrumOf', () => {
  it.each([
    ['ring', 300],
    ['torus', 324],
    ['random', 400],
    ['random-regular', 600],
    ['random-regular:degree=2', 301],
    ['complete', 300],
    ['star', 350],
  ])('agrees with the dense method to 1e-8 on %s of %i nodes', (spec, nodes) => {
    const { mixing } = buildTopology(spec, nodes, 6);
    const dense = spectrumOf(mixing);
    const lanczos = lanczosSpectrumOf(mixing);
    expect(nodes).toBeLessThanOrEqual(DENSE_NODES);
    expect(Math.abs(lanczos.lambda2 - dense.lambda2)).toBeLessThan(1e-8);
    expect(Math.abs(lanczos.lambdaMin - dense.lambdaMin)).toBeLessThan(1e-8);
  });

  it('takes over above the dense limit and meets the closed form of the ring', () => {
    const nodes = 700;
    const { lambda2, lambdaMin } = spectrumOf(buildTopology('ring', nodes, 0).mixing);
    expect(nodes).toBeGreaterThan(DENSE_NODES);
    expect(Math.abs(lambda2 - (1 + 2 * Math.cos((2 * Math.PI) / nodes)) / 3)).toBeLessThan(1e-10);
    expect(Math.abs(lambdaMin + 1 / 3)).toBeLessThan(1e-10);
  });

  it('handles two nodes, where one dimension is left', () => {
    expect(lanczosSpectrumOf(buildTopology('ring', 2, 0).mixing).lambda2).toBeCloseTo(0, 14);
  });

  it('meets the closed form of a torus of 20,000 nodes, whose gap is 0.0001, to 1e-8 of the gap', () => {
    const { gap, lambdaMin } = spectrumOf(buildTopology('torus:rows=100,cols=200', 20_000, 0).mixing);
    const exact = (2 - 2 * Math.cos((2 * Math.PI) / 200)) / 5;
    expect(Math.abs(gap / exact - 1)).toBeLessThan(1e-8);
    expect(Math.abs(lambdaMin + 0.6)).toBeLessThan(1e-8);
  });

  it('fails with NOT_CONVERGED rather than guess', () => {
    const { mixing } = buildTopology('ring', 5000, 0);
    expect(() => lanczosSpectrumOf(mixing, 100)).toThrow(expect.objectContaining({ code: 'NOT_CONVERGED' }));
    expect(() => lanczosSpectrumOf(mixing, 100)).toThrow(
      /5000 nodes is too small .* at most 0\.00\d+, as 100 Lanczos steps tell/,
    );
  });

  it('resolves the gap of a random regular graph of 20,000 nodes: near 1 - (1 + 2 sqrt 3) / 5 (Friedman 2008)', () => {
    const { gap } = spectrumOf(buildTopology('random-regular', 20_000, 1).mixing);
    expect(Math.abs(gap - (1 - (1 + 2 * Math.sqrt(3)) / 5))).toBeLessThan(0.002);
  });
});

describe('fiedlerVectorOf', () => {
  it('is cos(pi (i + 1/2) / n) on a path, whose halves it parts', () => {
    const vector = fiedlerVectorOf(buildTopology('path', 9, 0).mixing);
    const exact = Float64Array.from(vector, (_, i) => Math.cos((Math.PI * (i + 0.5)) / 9));
    const scale = vector[0]! / exact[0]!;
    // Sums of squared cosines are n / 2. Vectors are known to the root of what eigenvalues are.
    expect(Math.abs(scale)).toBeCloseTo(Math.sqrt(2 / 9), 6);
    vector.forEach((entry, i) => void expect(entry).toBeCloseTo(scale * exact[i]!, 6));
  });

  it.each(['ring', 'torus', 'random-regular', 'complete', 'star'])(
    'solves W v = lambda_2 v on %s',
    (spec) => {
      const { mixing } = buildTopology(spec, 36, 5);
      const vector = fiedlerVectorOf(mixing);
      const { lambda2 } = spectrumOf(mixing);
      const image = new Float64Array(36);
      mixInto(image, mixing, vector);
      image.forEach((entry, i) => void expect(Math.abs(entry - lambda2 * vector[i]!)).toBeLessThan(1e-4));
      expect(vector.reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 12);
    },
  );

  it('gives the same vector for the same matrix', () => {
    const vector = () => fiedlerVectorOf(buildTopology('ring', 40, 0).mixing);
    expect(vector()).toEqual(vector());
  });
});
