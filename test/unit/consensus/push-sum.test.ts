import { describe, expect, it } from 'vitest';
import { compressors } from '../../../src/compression/registry.js';
import { setUpPeer } from '../../../src/consensus/peer-setup.js';
import { defaultPeerOptions, type PeerState } from '../../../src/consensus/peer-state.js';
import { inTurn } from '../../../src/consensus/push-sum.js';
import { algorithms } from '../../../src/consensus/registry.js';
import { step } from '../../../src/consensus/step.js';
import type { LinkOptions } from '../../../src/simulation/link-model.js';
import { orient } from '../../../src/topology/orientation.js';
import { buildTopology } from '../../../src/topology/registry.js';
import type { Delta, DeltaPart } from '../../../src/wire/frame.js';
import { gaussianStart, meanOf, runAlgorithm } from '../../reference/algorithm-run.js';
import { oneBlock } from '../../reference/gossip-run.js';
import { denseMessage, only } from '../../reference/hand-driven-peer.js';
import { multiply } from '../../reference/matrix-form.js';

const NODES = 8;
const DIMENSION = 5;

interface PushSumMemory {
  readonly numerator: Float32Array;
  readonly weight: number;
}

const gossip = (
  algorithm: string,
  topology: string,
  over: { link?: LinkOptions; seed?: number; rounds?: number },
) =>
  runAlgorithm({
    topology,
    algorithm,
    compressor: 'none',
    blocks: oneBlock(1, DIMENSION),
    start: gaussianStart(NODES, DIMENSION),
    rounds: 60,
    step: (_node, x) => Array.from(x, () => 0),
    ...over,
  });

const memories = (trace: Awaited<ReturnType<typeof gossip>>): PushSumMemory[] =>
  trace.states.map(({ node }) => node as PushSumMemory);

function expectConserved(trace: Awaited<ReturnType<typeof gossip>>): void {
  const nodes = memories(trace);
  const weights = nodes.map(({ weight }) => weight);
  // float64 sums of float32 shares
  expect(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - NODES)).toBeLessThan(1e-12);
  expect(Math.min(...weights)).toBeGreaterThan(0);
  const [before, after] = [meanOf(trace.models[0]!), meanOf(nodes.map(({ numerator }) => numerator))];
  before.forEach((value, k) => expect(Math.abs(after[k]! - value)).toBeLessThan(1e-6)); // float32, 60 rounds
}

describe('push-sum', () => {
  const cases = ['star', 'random', 'torus'].flatMap((topology) =>
    ['push-sum', 'push-sum:peers=1', 'push-sum:links=one-way', 'push-sum:peers=2,links=one-way'].map(
      (algorithm) => ({ topology, algorithm }),
    ),
  );

  it.each(cases)(
    'keeps sum of x and sum of w = n, and z comes to the mean: $algorithm on a $topology',
    async (given) => {
      const trace = await gossip(given.algorithm, given.topology, { rounds: 100 });
      expectConserved(trace);
      const mean = meanOf(trace.models[0]!);
      for (const z of trace.models[100]!) z.forEach((value, k) => expect(value).toBeCloseTo(mean[k]!, 3));
    },
  );

  const faulty = {
    latencyMs: 8,
    jitterMs: 40,
    bandwidthMbps: 10,
    loss: 0.3,
    duplication: 0.2,
    corruption: 0.03,
  };
  it.each([1, 2, 3])('keeps both under loss, doubling and reordering: seed %i', async (seed) => {
    for (const algorithm of ['push-sum', 'push-sum:peers=1,links=one-way']) {
      const trace = await gossip(algorithm, 'random', { link: faulty, seed, rounds: 25 });
      expect(trace.violations).toEqual([]);
      expect(trace.halfApplied).toBe(0);
      expectConserved(trace);
    }
  });

  it('needs its weights: on a star x <- P x alone ends at the hub’s favor, four times the mean of a leaf', async () => {
    const trace = await gossip('push-sum', 'star', { rounds: 100 });
    const nodes = memories(trace);
    // The stationary vector of P is in proportion to 1 + degree: 8 at the hub, 2 at a leaf, 22 in all.
    nodes.forEach(({ weight }, node) => expect(weight).toBeCloseTo((8 * (node === 0 ? 8 : 2)) / 22, 4));
    const mean = meanOf(trace.models[0]!);
    nodes.forEach(({ numerator }, node) =>
      numerator.forEach((value, k) =>
        expect(value).toBeCloseTo((mean[k]! * 8 * (node === 0 ? 8 : 2)) / 22, 4),
      ),
    );
    // The same without this code: P of a star, fifty times.
    const p = nodes.map((_, j) =>
      nodes.map((_row, i) => (i === 0 ? 1 / 8 : i === j ? 1 / 2 : j === 0 ? 1 / 2 : 0)),
    );
    let x = trace.models[0]!.map((row) => Array.from(row));
    for (let t = 0; t < 100; t++) x = multiply(p, x);
    expect(x[0]![0]! / x[1]![0]!).toBeCloseTo(4, 6);
  });

  it('sends over an edge in one direction, and nothing of its own in the other', async () => {
    const { graph } = buildTopology('ring', NODES, 1);
    expect(orient(graph).map((out) => out.length)).toEqual(new Array(NODES).fill(1));
    // Half of each goes one on: after one round peer 1 has half of its own and half of peer 0's.
    const trace = await gossip('push-sum:links=one-way', 'ring', { rounds: 1 });
    const [start, after] = [trace.models[0]!, trace.models[1]!];
    after.forEach((z, i) => {
      const from = orient(graph).findIndex((out) => out.includes(i));
      z.forEach((value, k) => expect(value).toBeCloseTo((start[i]![k]! + start[from]![k]!) / 2, 6));
    });
  });

  it('has weights in proportion to 1 + out-degree on one-way edges, so nobody is left with next to nothing', async () => {
    const trace = await gossip('push-sum:links=one-way', 'random', { rounds: 100 });
    const degrees = orient(buildTopology('random', NODES, 1).graph).map((out) => 1 + out.length);
    const sum = degrees.reduce((total, degree) => total + degree, 0);
    expect(new Set(degrees).size).toBeGreaterThan(1);
    memories(trace).forEach(({ weight }, node) =>
      expect(weight).toBeCloseTo((NODES * degrees[node]!) / sum, 4),
    );
  });

  it('takes out-neighbors in turn, so that each gets its share', () => {
    const out = Uint32Array.of(2, 5, 7);
    expect([1, 2, 3, 4].map((round) => [...inTurn(out, 1, round)])).toEqual([[2], [5], [7], [2]]);
    expect([1, 2, 3].map((round) => [...inTurn(out, 2, round)])).toEqual([
      [2, 5],
      [7, 2],
      [5, 7],
    ]);
    expect([...inTurn(out, 'all', 9)]).toEqual([2, 5, 7]);
    expect([...inTurn(out, 3, 9)]).toEqual([2, 5, 7]);
  });
});

describe('a peer of push-sum whose neighbor is silent', () => {
  const vectorPart = (values: readonly number[]): DeltaPart => ({
    kind: 'replace',
    bytes: denseMessage(values),
  });
  const weightPart = (weight: number): DeltaPart => ({
    kind: 'replace',
    stream: 1,
    bytes: denseMessage([weight]),
  });
  const given = (sequence: number, parts: readonly DeltaPart[]): Delta => ({
    sequence,
    round: sequence,
    acknowledged: 0,
    gamma: 1,
    parts,
  });

  function startedPeer(rounds: number): PeerState {
    const setup = {
      topology: buildTopology('ring', 4, 1),
      beta: 1,
      algorithm: algorithms.resolve('push-sum'),
      compressor: compressors.resolve('none'),
      blocks: oneBlock(1, 1),
      initialReplica: new Float32Array(1),
      seed: 1,
      options: { ...defaultPeerOptions, rounds, audit: true },
    };
    const peer = setUpPeer(setup, 0, Float32Array.of(6));
    for (const neighbor of [1, 3]) step(peer, { type: 'neighborUp', neighbor }, 0);
    step(peer, { type: 'start' }, 0);
    step(peer, { type: 'neighborDown', neighbor: 1, reason: 'silent' }, 0);
    return peer;
  }

  /** A round in which neighbor 3 gives nothing. */
  function giveAway(peer: PeerState): void {
    const { round } = peer;
    step(peer, { type: 'updateReady', round, parameters: peer.parameters.slice() }, 0);
    step(peer, { type: 'deltaReceived', from: 3, delta: given(round, [weightPart(0)]) }, 0);
  }
  const memory = (peer: PeerState): PushSumMemory => peer.node as PushSumMemory;

  it('never gives away what it has promised: its weight stays above 0', () => {
    const peer = startedPeer(20);
    for (let round = 1; round <= 10; round++) giveAway(peer);
    // A third was promised in round 1; of the other two thirds one was given, then half of the rest each time.
    expect(memory(peer).weight).toBeCloseTo(1 / 3 + 1 / 3 / 2 ** 9, 6);
    step(peer, { type: 'deltaReceived', from: 1, delta: given(1, [weightPart(0)]) }, 0);
    giveAway(peer);
    step(peer, { type: 'deltaReceived', from: 1, delta: given(2, [weightPart(0)]) }, 0); // it is in the round again
    expect(memory(peer).weight).toBeGreaterThan(0);
    expect(memory(peer).weight).toBeLessThan(1e-3);
    expect(peer.parameters[0]).toBeCloseTo(6, 2);
  });

  it('takes a share that comes after the last round into x and w, and has their quotient', () => {
    const peer = startedPeer(1);
    giveAway(peer);
    expect(peer.phase).toBe('finished');
    expect(peer.parameters[0]).toBeCloseTo(6, 6);
    const delta = given(1, [vectorPart([1]), weightPart(0.5)]);
    const effects = step(peer, { type: 'deltaReceived', from: 1, delta }, 0);
    expect(only(effects, 'exchangeApplied')).toHaveLength(1);
    // Of x = 6 and w = 1 two thirds are gone; then 1 and 1/2 come.
    expect(memory(peer).numerator[0]).toBeCloseTo(3, 6);
    expect(memory(peer).weight).toBeCloseTo(1 / 3 + 1 / 2, 6);
    expect(peer.parameters[0]).toBeCloseTo(3 / (1 / 3 + 1 / 2), 5);
  });

  it.each([-0.1, 5, Number.NaN])('refuses a share with weight %d, and keeps what it has', (weight) => {
    const peer = startedPeer(5);
    step(peer, { type: 'updateReady', round: 1, parameters: peer.parameters.slice() }, 0);
    const delta = given(1, [vectorPart([1]), weightPart(weight)]);
    const effects = step(peer, { type: 'deltaReceived', from: 3, delta }, 0);
    expect(only(effects, 'refuse').map(({ code }) => code)).toEqual(['PAYLOAD_BAD_VALUE']);
    expect(memory(peer).weight).toBe(1);
    expect(peer.parameters[0]).toBe(6);
  });
});
