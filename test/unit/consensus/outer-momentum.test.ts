import { describe, expect, it } from 'vitest';
import { compressors } from '../../../src/compression/registry.js';
import type { Effect } from '../../../src/consensus/events.js';
import { setUpPeer } from '../../../src/consensus/peer-setup.js';
import { defaultPeerOptions, type PeerState } from '../../../src/consensus/peer-state.js';
import { algorithms } from '../../../src/consensus/registry.js';
import { step } from '../../../src/consensus/step.js';
import { matchingOf, partnersOf } from '../../../src/topology/random-matching.js';
import { buildTopology } from '../../../src/topology/registry.js';
import type { Delta } from '../../../src/wire/frame.js';
import { createQuadratics, gaussianStart, meanOf, runAlgorithm } from '../../reference/algorithm-run.js';
import { oneBlock } from '../../reference/gossip-run.js';
import { only, sentTo } from '../../reference/hand-driven-peer.js';

const NODES = 8;
const DIMENSION = 6;

/** Largest difference of the mean model, over 40 rounds of training, from what the recursion says of it. */
async function meanError(
  algorithm: string,
  recursion: (means: readonly number[][], steps: number[]) => number[],
) {
  const steps: number[][] = [];
  const { step: u } = createQuadratics(NODES, DIMENSION);
  const gradient = u(0.1);
  const { models } = await runAlgorithm({
    topology: 'ring',
    algorithm,
    compressor: 'none',
    blocks: oneBlock(1, DIMENSION),
    start: gaussianStart(NODES, DIMENSION),
    rounds: 40,
    step: gradient,
  });
  const means = models.map(meanOf);
  models.forEach((row, t) => {
    steps[t] = meanOf(row.map((x, node) => gradient(node, x)));
  });
  let largest = 0;
  for (let t = 1; t < means.length; t++)
    recursion(means.slice(0, t), steps[t - 1]!).forEach((value, k) => {
      largest = Math.max(largest, Math.abs(value - means[t]![k]!));
    });
  return largest;
}

describe('outer momentum', () => {
  // Float32 rounding of parameters of size 1, a few times a round.
  const ROUNDING = 1e-6;

  it('of NoLoCo moves the mean as heavy-ball momentum on the mean drift, whoever meets whom', async () => {
    const error = await meanError('noloco:rate=0.6,momentum=0.4', (means, drift) => {
      const [now, before] = [means.at(-1)!, means.at(-2) ?? means.at(-1)!];
      return now.map((phi, k) => phi + 0.4 * (phi - before[k]!) - 0.6 * drift[k]!);
    });
    expect(error).toBeLessThan(ROUNDING);
  });

  it('of GASLoC moves the mean as Nesterov momentum on the mean drift, whoever meets whom', async () => {
    let last: number[] | null = null;
    const error = await meanError('gasloc:rate=0.9,momentum=0.4,peers=2', (means, drift) => {
      const theta = means.at(-1)!;
      const z = theta.map((value, k) => value - 0.9 * drift[k]!);
      const next = z.map((value, k) => value + 0.4 * (value - (last ?? theta)[k]!));
      last = z;
      return next;
    });
    expect(error).toBeLessThan(ROUNDING);
  });
});

describe('random partners', () => {
  const topology = buildTopology('ring', 5, 1);

  function startedPeer(node: number): { readonly peer: PeerState; train(): Effect[] } {
    const setup = {
      topology,
      beta: 1,
      algorithm: algorithms.resolve('noloco'),
      compressor: compressors.resolve('none'),
      blocks: oneBlock(1, 2),
      initialReplica: new Float32Array(2),
      seed: 1,
      options: { ...defaultPeerOptions, rounds: 100 },
    };
    const peer = setUpPeer(setup, node, Float32Array.of(1, 2));
    for (const { neighbor } of peer.edges) step(peer, { type: 'neighborUp', neighbor }, 0);
    step(peer, { type: 'start' }, 0);
    const train = (): Effect[] =>
      step(peer, { type: 'updateReady', round: peer.round, parameters: peer.parameters.slice() }, 0);
    return { peer, train };
  }
  const partners = (node: number, round: number): number[] =>
    Array.from(partnersOf(matchingOf(topology.graph, 1, { seed: 1, round }), node));

  it('are the only ones that a round sends to and waits for', () => {
    // Five peers: one at least has no partner.
    for (let node = 0; node < 5; node++) {
      const { peer, train } = startedPeer(node);
      const effects = train();
      const [partner] = partners(node, 1);
      for (const { neighbor } of peer.edges)
        expect(sentTo(effects, neighbor)).toHaveLength(neighbor === partner ? 1 : 0);
      expect(peer.round).toBe(partner === undefined ? 2 : 1);
      expect(only(effects, 'train')).toHaveLength(partner === undefined ? 1 : 0);
    }
  });

  it('may be some rounds ahead: their difference waits for the round in which the two meet', () => {
    const node = 0;
    const { peer, train } = startedPeer(node);
    const rounds = Array.from({ length: 20 }, (_, k) => k + 1);
    const first = rounds.find((round) => partners(node, round)[0] !== undefined)!;
    const partner = partners(node, first)[0]!;
    const other = startedPeer(partner);
    // The partner trains on until it meets this peer; its other neighbors have gone.
    for (const { neighbor } of other.peer.edges)
      if (neighbor !== node) step(other.peer, { type: 'neighborDown', neighbor, reason: 'gone' }, 0);
    let sent: Delta[] = [];
    while (sent.length === 0) sent = sentTo(other.train(), node);
    expect(sent[0]!.round).toBe(first);
    step(peer, { type: 'deltaReceived', from: partner, delta: sent[0]! }, 0);
    while (peer.round < first) train();
    const effects = train();
    expect(only(effects, 'exchangeApplied').map(({ neighbor }) => neighbor)).toEqual([partner]);
  });
});
