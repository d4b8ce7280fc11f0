import { describe, expect, it } from 'vitest';
import {
  automaticGamma,
  automaticValueGamma,
  stableGammaBound,
  theoreticalGamma,
} from '../../../src/consensus/consensus-step.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';
import { consensusError, oneBlock, runGossip } from '../../reference/gossip-run.js';

const OMEGAS = [0.01, 0.1, 0.5, 0.636];
const constantsOf = (topology: string, nodes: number) => spectrumOf(buildTopology(topology, nodes, 1).mixing);
/** Seven digits are given; graphs' constants come from an eigenvalue solver good to 1e-12. */
const expectDigits = (got: number, wanted: number) => expect(Math.abs(got / wanted - 1)).toBeLessThan(2e-6);

describe('the consensus step of Theorem 4.1 (Koloskova et al. 2020)', () => {
  it.each([
    ['ring', 8, [3.481285e-5, 3.526555e-4, 1.871435e-3, 2.431168e-3]],
    ['ring', 16, [3.178539e-6, 3.192938e-5, 1.629273e-4, 2.087015e-4]],
    ['torus', 16, [8.503401e-5, 8.635579e-4, 4.638219e-3, 6.052531e-3]],
    ['complete', 16, [4.363002e-4, 4.504505e-3, 2.631579e-2, 3.550692e-2]],
  ] as const)('has the values that were worked out for a %s of %i', (topology, nodes, wanted) => {
    const constants = constantsOf(topology, nodes);
    OMEGAS.forEach((omega, k) => {
      expectDigits(theoreticalGamma(omega, constants), wanted[k]!);
    });
  });

  it('is 60 to 80 times below the bound of the norm argument (ring of 16, omega 0.5: 1.14e-2)', () => {
    const constants = constantsOf('ring', 16);
    expect(stableGammaBound(0.5, constants)).toBeCloseTo(1.14e-2, 4);
    const ratio = stableGammaBound(0.5, constants) / theoreticalGamma(0.5, constants);
    expect(ratio).toBeGreaterThan(60);
    expect(ratio).toBeLessThan(80);
  });

  it('is what choco:gamma=theory takes: steady, and slower than auto', async () => {
    const start = Array.from({ length: 4 }, (_, i) =>
      Float32Array.from({ length: 16 }, (_, k) => Math.sin(5 * i + k)),
    );
    const errors = async (algorithm: string): Promise<number[]> => {
      const blocks = oneBlock(4, 4);
      const run = { topology: 'complete', compressor: 'top-k:fraction=0.5', blocks, start, rounds: 60 };
      return (await runGossip({ ...run, algorithm })).map(consensusError);
    };
    const [theory, auto] = [await errors('choco:gamma=theory'), await errors('choco')];
    expect(theory.at(-1)).toBeLessThan(theory[0]!);
    expect(auto.at(-1)).toBeLessThan(0.01 * theory.at(-1)!);
  });
});

describe('the automatic consensus step', () => {
  it('has the values that were worked out for beta 4/3', () => {
    [0.00378, 0.04057, 0.31066, 0.49311].forEach((wanted, k) =>
      expect(automaticGamma(OMEGAS[k]!, 4 / 3)).toBeCloseTo(wanted, 5),
    );
  });

  it('is 1 where nothing is lost, and 0 before anything was measured or where only noise arrives', () => {
    expect(automaticGamma(1, 2)).toBe(1);
    expect([automaticGamma(null, 2), automaticGamma(0, 2), automaticGamma(-3, 2)]).toEqual([0, 0, 0]);
  });
});

describe('the automatic consensus step where values are compressed', () => {
  it('is the cube root of delta omega / (beta^4 (1 - omega)) where that is smaller', () => {
    // A star of 16: delta = 1/16, beta = 1; omega = 1/2 would take 0.41, and 0.8 takes 1 without the bound.
    expect(automaticValueGamma(0.8, { gap: 1 / 16, beta: 1 })).toBeCloseTo(Math.cbrt(4 / 16), 12);
    expect(automaticValueGamma(0.8, { gap: 1 / 16, beta: 2 })).toBeCloseTo(Math.cbrt(4 / 256), 12);
    expect(automaticValueGamma(0.5, { gap: 1 / 16, beta: 1 })).toBeCloseTo(Math.cbrt(1 / 16), 12);
  });

  it('is the automatic step for what loses nothing, for what loses most, and before anything was measured', () => {
    const ring = { gap: 0.05, beta: 4 / 3 };
    expect(automaticValueGamma(1, ring)).toBe(1);
    expect(automaticValueGamma(0.01, ring)).toBe(automaticGamma(0.01, 4 / 3));
    expect(automaticValueGamma(null, ring)).toBe(0);
  });
});
