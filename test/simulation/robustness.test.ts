/**
 * Two of sixteen peers lie; the others' quadratics have optima a little apart. How far the honest peers' mean model ends
 * from the mean of their optima, with and without clipping. The same on MNIST's digits: npm run study -- robustness.
 */
import { describe, expect, it } from 'vitest';
import { readFaults } from '../../src/simulation/faults.js';
import { distanceTo, gaussianStart, meanOf, runAlgorithm } from '../reference/algorithm-run.js';
import { oneBlock } from '../reference/gossip-run.js';

const PEERS = 16;
const LIARS = [3, 11];
const honest = Array.from({ length: PEERS }, (_, node) => node).filter((node) => !LIARS.includes(node));
/** Long enough to come down from the start by 0.9^60, and for what liars add to add up. */
const ROUNDS = 60;
const SPREAD = 0.3;
const common = gaussianStart(1, 12, 'optimum')[0]!;
const optima = gaussianStart(PEERS, 12, 'spread').map((offset) =>
  offset.map((value, k) => common[k]! + SPREAD * value),
);
const optimum = meanOf(honest.map((node) => optima[node]!));

/** Distance of the honest peers' mean model from their optimum after ROUNDS. */
async function lost(algorithm: string, attack: string | null): Promise<number> {
  const { models, violations } = await runAlgorithm({
    ...{ algorithm, topology: 'random-regular:degree=6', compressor: 'none', blocks: oneBlock(3, 4) },
    start: Array.from({ length: PEERS }, () => new Float32Array(12)),
    rounds: ROUNDS,
    step: (node, x) => Array.from(x, (value, k) => 0.1 * (value - optima[node]![k]!)),
    faults:
      attack === null
        ? []
        : readFaults(
            LIARS.map((peer) => `lie:peer=${peer},attack=${attack}`),
            { peers: PEERS, seed: 1 },
          ),
  });
  // The mean of all is not kept where peers lie; what both ends of an edge agree on is.
  expect(violations.filter(({ invariant }) => invariant !== 'mean')).toEqual([]);
  return distanceTo(optimum, [meanOf(honest.map((node) => models[ROUNDS]![node]!))]);
}

const attacks = ['sign-flip', 'noise,strength=10', 'a-little-is-enough,strength=15'];

describe('two liars among sixteen peers', () => {
  it.each(attacks)('take plain gossip far from the honest optimum: %s', async (attack) => {
    expect(await lost('exact', attack)).toBeGreaterThan(1);
  });

  it.each(attacks)('cost clipped gossip no more than the honest peers differ: %s', async (attack) => {
    for (const algorithm of ['clipped-gossip:byzantine=2', 'edge-choco:clip=auto,byzantine=2'])
      expect(await lost(algorithm, attack), algorithm).toBeLessThan(SPREAD);
  });

  it('cost nearest-neighbor averaging no more than the honest peers differ', async () => {
    expect(await lost('nearest-neighbor:byzantine=2', attacks[0]!)).toBeLessThan(SPREAD);
  });

  it('are two honest peers where they do not lie: clipping costs next to nothing', async () => {
    // Peers that clip are a little further apart, and the honest fourteen are not quite the mean of all sixteen.
    expect(await lost('clipped-gossip:byzantine=2', null)).toBeLessThan((await lost('exact', null)) + 0.01);
  });
});
