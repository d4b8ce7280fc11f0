import { describe, expect, it } from 'vitest';
import { compressors } from '../../../src/compression/registry.js';
import { setUpPeer } from '../../../src/consensus/peer-setup.js';
import { defaultPeerOptions } from '../../../src/consensus/peer-state.js';
import { algorithms } from '../../../src/consensus/registry.js';
import { InvariantChecker } from '../../../src/simulation/checkers.js';
import { perfectLink } from '../../../src/simulation/link-model.js';
import { type Fault, runSimulation } from '../../../src/simulation/simulator.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';
import { oneBlock } from '../../reference/gossip-run.js';

const SIZE = 12;

/** Violations of a run on four peers whose common start is all -0, and who train a little. */
async function run(algorithm: string, compressor: string, faults: readonly Fault[] = []) {
  const topology = buildTopology('complete', 4, 1);
  const initialReplica = new Float32Array(SIZE).fill(-0);
  const setup = {
    topology,
    beta: spectrumOf(topology.mixing).beta,
    algorithm: algorithms.resolve(algorithm),
    compressor: compressors.resolve(compressor),
    blocks: oneBlock(3, 4),
    initialReplica,
    seed: 1,
    options: { ...defaultPeerOptions, rounds: 40, audit: true, silenceMs: 3, roundDeadlineMs: 6 },
  };
  const peers = [0, 1, 2, 3].map((node) => setUpPeer(setup, node, initialReplica));
  const checker = new InvariantChecker(peers.map(({ parameters }) => parameters));
  const seenParts = { add: 0, replace: 0 };
  await runSimulation({
    peers,
    // Entries on their way from -0 to 0.1 (node 1), to -0.1 (node 2), and two that nobody trains.
    train: checker.watchTraining(async (node, round, x) => ({
      parameters: x.map((value, i) =>
        i % 6 === 0 ? value : value + (round % 7 === i % 7 ? 0.1 * (node - 1) : 0),
      ),
      loss: 0,
      samples: 0,
    })),
    trainingMs: () => 1,
    link: perfectLink,
    faults,
    seed: 1,
    maxFrameBytes: 1 << 20,
    horizonMs: 10_000,
    observe(seen) {
      const { input } = seen;
      if (input.type === 'deltaReceived') for (const { kind } of input.delta.parts) seenParts[kind]++;
      checker.observe(seen);
    },
  });
  return { violations: checker.violations, seenParts };
}

describe('negative zeros in the common start', () => {
  for (const algorithm of ['edge-choco', 'choco', 'choco:gamma=0.5', 'exact']) {
    for (const compressor of ['none', 'top-k:count=2', 'low-rank:rank=1', 'sign']) {
      if (algorithm === 'exact' && compressor !== 'none') continue;
      it(`leave replicas equal to the bit: ${algorithm}, ${compressor}`, async () => {
        const { violations, seenParts } = await run(algorithm, compressor);
        expect(violations).toEqual([]);
        expect(seenParts[algorithm === 'exact' ? 'replace' : 'add']).toBeGreaterThan(100);
      });
    }
  }

  it('leave them equal where a replica travels whole, after a silence too long for differences', async () => {
    const frozen: Fault = { type: 'freeze', node: 2, atMs: 4, forMs: 25 };
    const { violations, seenParts } = await run('choco', 'top-k:count=2', [frozen]);
    expect(violations).toEqual([]);
    expect(seenParts.replace).toBeGreaterThan(0);
  });
});
