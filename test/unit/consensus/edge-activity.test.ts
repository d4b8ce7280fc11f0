import { describe, expect, it } from 'vitest';
import { compressors } from '../../../src/compression/registry.js';
import { isEdgeActive } from '../../../src/consensus/edge-activity.js';
import { setUpPeer } from '../../../src/consensus/peer-setup.js';
import { defaultPeerOptions } from '../../../src/consensus/peer-state.js';
import { algorithms } from '../../../src/consensus/registry.js';
import { InvariantChecker } from '../../../src/simulation/checkers.js';
import { perfectLink } from '../../../src/simulation/link-model.js';
import { runSimulation } from '../../../src/simulation/simulator.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { gaussianStart } from '../../reference/algorithm-run.js';
import { consensusError, oneBlock } from '../../reference/gossip-run.js';

const PEERS = 8;
const ROUNDS = 60;

async function run(algorithm: string, edgeActivity: number) {
  const start = gaussianStart(PEERS, 36);
  const setup = {
    topology: buildTopology('torus', PEERS, 1),
    beta: 1.6,
    algorithm: algorithms.resolve(algorithm),
    compressor: compressors.resolve(algorithm === 'exact' ? 'none' : 'low-rank:rank=2,bits=4'),
    blocks: oneBlock(6, 6),
    initialReplica: new Float32Array(36),
    seed: 1,
    options: { ...defaultPeerOptions, rounds: ROUNDS, audit: true, edgeActivity },
  };
  const peers = start.map((vector, node) => setUpPeer(setup, node, vector));
  const checker = new InvariantChecker(peers.map(({ parameters }) => parameters));
  const applied: number[] = [];
  const { counters } = await runSimulation({
    peers,
    train: checker.watchTraining(async (_node, _round, x) => ({
      parameters: x.slice(),
      loss: 0,
      samples: 0,
    })),
    trainingMs: () => 1,
    link: perfectLink,
    faults: [],
    seed: 1,
    maxFrameBytes: 1 << 16,
    horizonMs: 1e6,
    observe(seen) {
      checker.observe(seen);
      for (const effect of seen.effects)
        if (effect.type === 'roundFinished') applied.push(effect.appliedEdges);
    },
  });
  const { violations } = checker.conclude([...peers.keys()]);
  const sent = counters.reduce((sum, { deltasSent }) => sum + deltasSent, 0);
  const models = peers.map(({ parameters }) => parameters);
  return { peers, applied, sent, violations, ratio: consensusError(models) / consensusError(start) };
}

describe('with edges active in half of the rounds', () => {
  it.each(['exact', 'choco:gamma=0.3', 'edge-choco', 'pgq:rank=2,iterations=2'])(
    '%s keeps mean and replicas, converges, and waits for nobody',
    async (algorithm) => {
      const [half, whole] = [await run(algorithm, 0.5), await run(algorithm, 1)];
      expect(half.violations).toEqual([]);
      expect(half.applied).toHaveLength(PEERS * ROUNDS);
      expect(half.ratio).toBeLessThan(1e-2);
      // 12 edges x 60 rounds of fair draws: 0.5 within five standard errors of 0.019.
      expect(Math.abs(half.sent / whole.sent - 0.5)).toBeLessThan(0.1);
      for (const { context, edges, round } of half.peers) {
        expect(round).toBe(ROUNDS);
        for (const { neighbor } of edges) {
          const seenBy = (from: number, to: number) =>
            isEdgeActive(half.peers[from]!.context, { neighbor: to, round: 7, share: 0.5 });
          expect(seenBy(context.node, neighbor)).toBe(seenBy(neighbor, context.node));
        }
      }
    },
  );
});
