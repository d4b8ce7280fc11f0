import { describe, expect, it } from 'vitest';
import { adviceFor } from '../../../src/topology/advice.js';
import { describeTopology } from '../../../src/topology/describe.js';
import { buildTopology } from '../../../src/topology/registry.js';

const adviceOn = (spec: string, nodes: number) => adviceFor(describeTopology(buildTopology(spec, nodes, 1)));

describe('adviceFor', () => {
  it('has nothing to say of a random regular graph', () => {
    expect(adviceOn('random-regular:degree=4', 64)).toEqual([]);
  });

  it('warns of a small gap with its price and a way out', () => {
    expect(adviceOn('ring', 64)).toEqual([
      expect.stringMatching(/gap is small: 2149 rounds until 0.001 .* random-regular:degree=4/),
    ]);
  });

  it('warns of a hub', () => {
    expect(adviceOn('star', 20)).toEqual([expect.stringMatching(/19 messages a round, 10 times the mean/)]);
  });

  it('warns where the negative end of the spectrum makes the gap small', () => {
    const facts = describeTopology(buildTopology('torus', 16, 1));
    expect(adviceFor({ ...facts, lambda2: 0.5, lambdaMin: -0.8, spectralGap: 0.2 })).toEqual([
      expect.stringMatching(/alternates \(lambda min -0.8000\).*\(I \+ W\) \/ 2/),
    ]);
    expect(adviceFor(facts)).toEqual([]); // 0.6 and -0.6: both ends alike
  });

  it('says so where the gap is out of reach', () => {
    const facts = describeTopology(buildTopology('ring', 12, 1));
    expect(adviceFor({ ...facts, spectralGap: null })).toEqual([
      expect.stringMatching(/too small to compute/),
    ]);
  });

  it('is silent on the union of a schedule, whose gap says little', () => {
    const facts = describeTopology(buildTopology('ring', 64, 1));
    expect(adviceFor({ ...facts, period: 3 })).toEqual([]);
  });
});
