import { describe, expect, it } from 'vitest';
import { planRun } from '../../../src/config/run-plan.js';
import { verifyRunConfig } from '../../../src/config/verify.js';

const planOf = (algorithm: string, pace: 'lockstep' | 'asynchronous' = 'lockstep') =>
  planRun(
    verifyRunConfig({
      peers: 6,
      topology: 'members:graph=torus',
      algorithm,
      pace,
      rounds: 3,
      task: 'quadratic',
    }),
    { cacheDirectory: 'unused: the quadratic has no data' },
  );

describe('a topology that follows its members', () => {
  it.each(['edge-choco', 'choco', 'exact', 'pgq', 'deep-squeeze', 'clipped-gossip'])(
    'can be run by %s',
    (algorithm) => {
      expect(planOf(algorithm).topology.membership).toMatchObject({ family: 'torus', seed: 1 });
    },
  );

  it.each(['gradient-tracking', 'beer', 'lead', 'd2', 'dcd', 'push-sum', 'chebyshev'])(
    'is refused by %s, whose sums over all peers a neighbor that goes would break',
    (algorithm) => {
      expect(() => planOf(algorithm)).toThrow(
        expect.objectContaining({
          code: 'BAD_CONFIG',
          message: expect.stringContaining('follows its members'),
        }),
      );
    },
  );

  it.each(['ad-psgd', 'noloco', 'gasloc'])(
    'is refused by %s in lockstep, which draws its partners',
    (algorithm) => {
      expect(() => planOf(algorithm)).toThrow(
        expect.objectContaining({
          code: 'BAD_CONFIG',
          message: expect.stringContaining('draws its partners'),
        }),
      );
    },
  );

  it('can be run by what draws from the edges there are, at its own pace', () => {
    expect(planOf('ad-psgd', 'asynchronous').topology.membership).toBeDefined();
  });

  it('has no room for a hub', () => {
    expect(() => planOf('power-sgd')).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
  });
});
