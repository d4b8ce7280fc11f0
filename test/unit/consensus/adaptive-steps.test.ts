import { describe, expect, it } from 'vitest';
import { createRandom, gaussian, uniform } from '../../../src/base/random.js';
import { compressors } from '../../../src/compression/registry.js';
import { chooseSteps, fitOf, MEMORY } from '../../../src/consensus/adaptive-steps.js';
import { setUpPeer } from '../../../src/consensus/peer-setup.js';
import { beginAfter } from '../../../src/consensus/peer-snapshot.js';
import { defaultPeerOptions, type PeerState } from '../../../src/consensus/peer-state.js';
import { algorithms } from '../../../src/consensus/registry.js';
import { perfectLink } from '../../../src/simulation/link-model.js';
import { type Fault, runSimulation } from '../../../src/simulation/simulator.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';
import { gaussianStart } from '../../reference/algorithm-run.js';
import { oneBlock } from '../../reference/gossip-run.js';
import { feed, finishTraining, handDelta, only, receive, started } from '../../reference/hand-driven-peer.js';
import { NaiveAdaptiveSteps } from '../../reference/naive-adaptive-steps.js';

interface Swarm {
  readonly topology: string;
  readonly algorithm?: string;
  readonly localSteps: number;
  readonly least?: number;
  readonly faults?: readonly Fault[];
  /** Standard deviation of the logarithm of a round's training time. */
  readonly jitter?: number;
  readonly rounds: number;
}

const PEERS = 8;

/** Peers that train nothing, a millisecond a step; held to the formulas at every step. */
async function run(swarm: Swarm) {
  const { algorithm = 'exact', localSteps, least = 1, jitter = 0, rounds } = swarm;
  const stepping = { localSteps, least };
  const topology = buildTopology(swarm.topology, PEERS, 1);
  const start = gaussianStart(PEERS, 6);
  const { beta, gap } = spectrumOf(topology.mixing);
  const setup = {
    topology,
    beta,
    gap,
    algorithm: algorithms.resolve(algorithm),
    compressor: compressors.resolve('none'),
    blocks: oneBlock(2, 3),
    initialReplica: start[0]!,
    seed: 1,
    options: { ...defaultPeerOptions, rounds, stepping },
  };
  const naive = new NaiveAdaptiveSteps({ ...stepping, exchanges: setup.algorithm.exchanges });
  const { endMs } = await runSimulation({
    peers: start.map((vector, node) => setUpPeer(setup, node, vector)),
    train: async (_node, _round, x, steps) => ({ parameters: x.slice(), loss: 0, samples: steps! }),
    trainingMs: (node, round) => {
      const z = gaussian(createRandom('jitter', node, round));
      return localSteps * Math.exp(jitter * z);
    },
    link: { ...perfectLink, latencyMs: 0.05 },
    faults: swarm.faults ?? [],
    seed: 1,
    maxFrameBytes: 1 << 16,
    horizonMs: 1e6,
    observe: (seen) => naive.watch(seen),
  });
  const nodes = Array.from({ length: PEERS }, (_, node) => node);
  expect(naive.differences).toEqual([]);
  return { endMs, steps: nodes.map((node) => naive.stepsOf(node)) };
}

const slow = (node: number, factor: number, [fromMs, toMs] = [0, Number.POSITIVE_INFINITY]): Fault => ({
  type: 'slow',
  node,
  factor,
  atMs: fromMs!,
  forMs: toMs! - fromMs!,
});

describe('adaptive local steps', () => {
  it('are what the formulas say, with stragglers that come and go and no two rounds alike', async () => {
    const faults = [slow(0, 9, [30, 400]), slow(3, 2.5), slow(4, 4, [100, 300])];
    for (const topology of ['ring', 'torus', 'star', 'path']) {
      const { steps } = await run({ topology, localSteps: 10, faults, jitter: 0.4, rounds: 40 });
      expect(new Set(steps.flat()).size).toBeGreaterThan(4); // something happened
    }
  });

  it('stay at H where all are equally quick', async () => {
    for (const localSteps of [1, 5, 50]) {
      const { steps } = await run({ topology: 'torus', localSteps, jitter: 0.1, rounds: 30 });
      expect(steps.flat().every((h) => h === localSteps)).toBe(true);
    }
  });

  it('fall to what fits at a straggler, and at nobody else', async () => {
    const factor = 10;
    for (const [localSteps, least, expected] of [
      [20, 1, 2],
      [5, 1, 1],
      [20, 6, 6],
    ] as const) {
      const faults = [slow(3, factor)];
      const { steps } = await run({ topology: 'torus', localSteps, least, faults, rounds: 30 });
      // Three answers are wanted, the first of them in round 2.
      expect(steps[3]!.slice(0, 4)).toEqual(Array(4).fill(localSteps));
      expect(steps[3]!.slice(4)).toEqual(Array(26).fill(expected));
      for (const [node, own] of steps.entries())
        if (node !== 3) expect(own.every((h) => h === localSteps)).toBe(true);
    }
  });

  it('free the swarm of its straggler: rounds take a step of it, or what the others take', async () => {
    const faults = [slow(3, 10)];
    const { endMs } = await run({ topology: 'torus', localSteps: 20, faults, rounds: 24 });
    // 4 rounds of 200 ms, then 20 of 2 steps of 10 ms, and a link of 0.05 ms each way.
    expect(endMs).toBeGreaterThan(4 * 200 + 20 * 20);
    expect(endMs).toBeLessThan(4 * 200 + 20 * 20 + 24 * 0.11);
  });

  it('rise to H again when the straggler has become quick', async () => {
    const faults = [slow(3, 10, [0, 1000])];
    const { steps } = await run({ topology: 'torus', localSteps: 20, faults, rounds: 60 });
    expect(Math.min(...steps[3]!)).toBe(2);
    expect(steps[3]!.slice(-20)).toEqual(Array(20).fill(20));
  });

  it('do not care for two rounds that were slow by chance, or for a night in a bag', async () => {
    const night = 8 * 3_600_000;
    const faults = [slow(3, night, [100, 101])];
    const { steps, endMs } = await run({ topology: 'torus', localSteps: 5, faults, rounds: 40 });
    expect(endMs).toBeGreaterThan(100);
    expect(steps.flat().every((h) => h === 5)).toBe(true);
  });

  it('also fall where stragglers are neighbors of each other, of all but one', async () => {
    const faults = [2, 3, 4].map((node) => slow(node, 6));
    const { steps } = await run({ topology: 'ring', localSteps: 12, faults, rounds: 60 });
    for (const node of [2, 3, 4]) expect(steps[node]!.at(-1)).toBeLessThanOrEqual(4);
    expect(steps[6]!.at(-1)).toBe(12);
  });

  it('see through rounds of several exchanges: only the first difference of a round was trained for', async () => {
    const faults = [slow(3, 10)];
    const algorithm = 'power-gossip:rank=1,iterations=2';
    const { steps } = await run({ topology: 'torus', algorithm, localSteps: 20, faults, rounds: 20 });
    expect(steps[3]!.at(-1)).toBe(2);
    for (const [node, own] of steps.entries()) if (node !== 3) expect(own.at(-1)).toBe(20);
  });
});

describe('the choice', () => {
  const options = { localSteps: 20, least: 2 };

  it('is made again as it was made: a peer that goes on from a checkpoint takes the steps it would have taken', () => {
    const random = createRandom('choices');
    for (let trial = 0; trial < 2000; trial++) {
      const steps = 2 + Math.floor(19 * uniform(random));
      const recent = Array.from({ length: 5 }, () => 20 * uniform(random));
      const once = chooseSteps({ steps, recent }, options);
      expect(chooseSteps({ steps: once, recent }, options)).toBe(once);
      expect(once).toBeGreaterThanOrEqual(2);
      expect(once).toBeLessThanOrEqual(20);
    }
  });

  it('waits until most of its memory is full', () => {
    const few = Array<number>(Math.floor(MEMORY / 2)).fill(3);
    expect(chooseSteps({ steps: 20, recent: few }, options)).toBe(20);
    expect(chooseSteps({ steps: 20, recent: [...few, 3] }, options)).toBe(3);
  });

  it('leaves all steps to a peer whose clock does not see them', () => {
    expect(fitOf({ steps: 3, tookMs: 0 }, [0, 0], 20)).toBe(20);
  });
});

describe('a peer driven by hand', () => {
  const init = { node: 0, neighbors: [1, 2], parameters: [1, 2] };

  /** A round in which training takes `tookMs`, and the differences of 1 and 2 are there after these times. */
  function round(peer: PeerState, nowMs: number, [tookMs, ...afterMs]: readonly number[]): number {
    const k = peer.round;
    const events = [
      { atMs: nowMs + tookMs!, does: () => finishTraining(peer, nowMs + tookMs!) },
      ...afterMs.map((after, index) => ({
        atMs: nowMs + after,
        does: () => receive(peer, index + 1, handDelta(k, [0, 0], { round: k }), nowMs + after),
      })),
    ].toSorted((a, b) => a.atMs - b.atMs);
    for (const { does } of events) does();
    expect(peer.round).toBe(k + 1);
    return events.at(-1)!.atMs;
  }

  it('asks for steps only where they adapt', () => {
    const plain = started(init);
    expect(plain.stepping).toBeNull();
    const begun = finishAll(plain);
    expect(only(begun, 'train')).toEqual([expect.not.objectContaining({ steps: expect.anything() })]);
    expect(only(begun, 'roundFinished')).toEqual([expect.not.objectContaining({ steps: expect.anything() })]);
    const adaptive = started({ ...init, options: { stepping: { localSteps: 5, least: 1 } } });
    const effects = finishAll(adaptive);
    expect(only(effects, 'train').map(({ steps }) => steps)).toEqual([5]);
    expect(only(effects, 'roundFinished').map(({ steps }) => steps)).toEqual([5]);
  });

  function finishAll(peer: PeerState) {
    finishTraining(peer);
    receive(peer, 1, handDelta(1, [0, 0]));
    return receive(peer, 2, handDelta(1, [0, 0]));
  }

  it('looks at the median of its neighbors: between one that took 20 ms and one that took 40, 30', () => {
    const peer = started({ ...init, options: { stepping: { localSteps: 10, least: 1 } } });
    let nowMs = round(peer, 0, [100, 20, 40]);
    for (let t = 0; t < 3; t++) nowMs = round(peer, nowMs, [100, 20, 40]);
    expect(peer.stepping!.recent.map((fit) => Math.round(1000 * fit) / 1000)).toEqual([3.3, 3.3, 3.3]);
    expect(peer.stepping!.steps).toBe(3);
  });

  it('looks at those that rounds wait for: a neighbor without a link says nothing', () => {
    const peer = started({ ...init, options: { stepping: { localSteps: 10, least: 1 } } });
    let nowMs = round(peer, 0, [100, 20, 40]);
    for (let t = 0; t < 2; t++) nowMs = round(peer, nowMs, [100, 20, 40]);
    feed(peer, { type: 'neighborDown', neighbor: 2, reason: 'LINK_DOWN' }, nowMs);
    round(peer, nowMs, [100, 20]);
    expect(peer.stepping!.recent.map((fit) => Math.round(1000 * fit) / 1000)).toEqual([3.3, 3.3, 2.2]);
  });

  it('keeps its steps over a break, and forgets times, which another clock will measure', () => {
    const peer = started({ ...init, options: { stepping: { localSteps: 10, least: 1 } } });
    let nowMs = round(peer, 0, [100, 20, 40]);
    for (let t = 0; t < 3; t++) nowMs = round(peer, nowMs, [100, 20, 40]);
    beginAfter(peer, peer.round - 1);
    expect(peer.stepping).toMatchObject({ steps: 3, tookMs: null, neighbors: [] });
    for (const neighbor of [1, 2]) feed(peer, { type: 'neighborUp', neighbor }, 0);
    expect(only(feed(peer, { type: 'start' }, 0), 'train').map(({ steps }) => steps)).toEqual([3]);
  });

  it('does not take a repeated difference for a new answer', () => {
    const peer = started({ ...init, options: { stepping: { localSteps: 10, least: 1 } } });
    const nowMs = round(peer, 0, [100, 20, 40]);
    receive(peer, 1, handDelta(2, [0, 0], { round: 2 }), nowMs + 10);
    receive(peer, 1, handDelta(2, [0, 0], { round: 2 }), nowMs + 90);
    expect(peer.stepping!.neighbors.find(({ neighbor }) => neighbor === 1)!.answerMs).toBe(10);
  });
});
