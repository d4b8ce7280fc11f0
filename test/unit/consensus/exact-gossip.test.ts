import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { consensusError, oneBlock, runGossip } from '../../reference/gossip-run.js';

const DIMENSION = 20;

/** ||X - Xbar||_F after each round, from a Gaussian start. */
async function distances(topology: string, nodes: number, rounds: number): Promise<number[]> {
  const random = createRandom('rates', topology);
  const start = Array.from({ length: nodes }, () =>
    Float32Array.from({ length: DIMENSION }, () => gaussian(random)),
  );
  const trace = await runGossip({
    topology,
    algorithm: 'exact',
    compressor: 'none',
    blocks: oneBlock(1, DIMENSION),
    start,
    rounds,
  });
  return trace.map((models) => Math.sqrt(consensusError(models)));
}

describe('exact gossip contracts ||X - Xbar||_F by 1 - gap a round (Xiao and Boyd 2004)', () => {
  it.each([
    // Metropolis weights: ring lambda_k = (1 + 2 cos(2 pi k / 8)) / 3; torus 4 x 4 has -0.6 and 0.6.
    { topology: 'ring', nodes: 8, gap: 0.1952621459, rounds: 30 },
    { topology: 'torus', nodes: 16, gap: 0.4, rounds: 20 },
  ])(
    '$topology of $nodes: never slower than gap $gap, and at that rate in the end',
    async ({ topology, nodes, gap, rounds }) => {
      const distance = await distances(topology, nodes, rounds);
      for (let t = 1; t <= rounds; t++) {
        expect(distance[t]! / distance[t - 1]!, `round ${t}`).toBeLessThanOrEqual((1 - gap) * (1 + 1e-5));
      }
      expect(distance[rounds]! / distance[rounds - 1]!).toBeGreaterThan((1 - gap) * (1 - 1e-2));
    },
  );
});
