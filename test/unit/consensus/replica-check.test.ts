/**
 * Both ends of an edge compare what they hold alike: one flipped bit is seen at both ends at the same exchange, moves no
 * parameter there, and is gone afterwards; what is equal is never called different.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { AnyAlgorithm } from '../../../src/consensus/algorithm.js';
import type { PublicEdge } from '../../../src/consensus/public-vector.js';
import { HASH_EVERY, MAX_RESETS, replicaHashOf } from '../../../src/consensus/replica-check.js';
import {
  type AlgorithmRun,
  type AlgorithmTrace,
  gaussianStart,
  meanOf,
  runAlgorithm,
} from '../../reference/algorithm-run.js';
import { type Flip, withFlippedBit } from '../../reference/flipped-bit.js';
import { consensusError, oneBlock } from '../../reference/gossip-run.js';
import {
  denseMessage,
  edgeOf,
  finishTraining,
  handDelta,
  only,
  receive,
  sentTo,
  started,
} from '../../reference/hand-driven-peer.js';
import { naiveCrc32 } from '../../reference/naive-frame.js';

const NODES = 8;
const [ROWS, COLS] = [3, 4];
const EVERY = 10;
const ROUNDS = 150;

/** Peers that start apart and do not train: the mean must stay and the distance must vanish. */
function gossip(
  algorithm: string,
  compressor: string,
  over: Partial<AlgorithmRun> = {},
): Promise<AlgorithmTrace> {
  return runAlgorithm({
    topology: 'torus',
    algorithm,
    compressor,
    blocks: oneBlock(ROWS, COLS),
    start: gaussianStart(NODES, ROWS * COLS),
    initialReplica: new Float32Array(ROWS * COLS),
    rounds: ROUNDS,
    hashEvery: EVERY,
    step: (_node, x) => Array.from(x, () => 0),
    ...over,
  });
}

interface Family {
  readonly algorithm: string;
  readonly compressor: string;
  /** The exchange after which a bit flips, and where: what heals by itself is only seen just before a comparison. */
  readonly flip: { readonly exchange: number } & Pick<Flip, 'other' | 'within'>;
  /** Exchanges a round. @default 1 */
  readonly exchanges?: number;
  /** The mean is kept in expectation only. */
  readonly meanInExpectation?: true;
  /** Corrections also went into D, whose sum stays what seven exchanges with a flipped bit made of it. */
  readonly meanMovesOn?: true;
}

const lowRank = 'low-rank:rank=1,bits=32';
const families: readonly Family[] = [
  { algorithm: 'edge-choco', compressor: lowRank, flip: { exchange: 23 } },
  { algorithm: 'edge-choco:gamma=0.5', compressor: 'top-k:count=6', flip: { exchange: 20 } },
  { algorithm: 'choco:gamma=0.4', compressor: lowRank, flip: { exchange: 23 } },
  { algorithm: 'beer:gamma=0.4', compressor: lowRank, flip: { exchange: 23 } },
  { algorithm: 'motef:gamma=0.4,lambda=0.3', compressor: lowRank, flip: { exchange: 29, other: 1 } },
  { algorithm: 'lead:gamma=0.5', compressor: 'quantize:bits=8', flip: { exchange: 29 } },
  {
    algorithm: 'lead:gamma=0.5',
    compressor: 'quantize:bits=8',
    flip: { exchange: 23, within: (memory) => (memory as PublicEdge).theirs.base },
    meanMovesOn: true,
  },
  { algorithm: 'dcd', compressor: 'quantize:bits=8', flip: { exchange: 23 }, meanInExpectation: true },
  { algorithm: 'ecd', compressor: 'none', flip: { exchange: 29 }, meanInExpectation: true },
  { algorithm: 'pgq:rank=1,iterations=1,bits=8', compressor: 'none', flip: { exchange: 23 } },
  {
    algorithm: 'pgq:rank=2,iterations=2',
    compressor: 'none',
    flip: { exchange: 23, other: 2 },
    exchanges: 2,
  },
  { algorithm: 'power-gossip', compressor: 'none', flip: { exchange: 29, other: 1 } },
  { algorithm: 'power-gossip', compressor: 'none', flip: { exchange: 21, other: 2 } },
  { algorithm: 'chebyshev:exchanges=4', compressor: 'none', flip: { exchange: 29, other: 0 }, exchanges: 4 },
];

/** Lowest neighbor of peer 0 in the run's topology. */
const EDGE = { node: 0, neighbor: 1 };

function sequenceOf(message: string): number {
  return Number(/#(\d+):/.exec(message)![1]);
}

describe.each(families)('$algorithm with $compressor, one bit flipped after $flip', (family) => {
  const { algorithm, compressor, flip, exchanges = 1 } = family;
  const sabotage = (sound: AnyAlgorithm) =>
    withFlippedBit(sound, { ...EDGE, ...flip, at: (exchange) => exchange === flip.exchange });
  let trace: AlgorithmTrace;
  beforeAll(async () => {
    trace = await gossip(algorithm, compressor, { sabotage });
  });
  const seenAt = (Math.floor(flip.exchange / EVERY) + 1) * EVERY;
  const round = Math.ceil(seenAt / exchanges);

  it('is seen at both ends at the next comparison, and by nobody else', () => {
    const byNode = [...trace.differences].sort((a, b) => a.node - b.node);
    expect(byNode).toEqual([
      { node: 0, round },
      { node: 1, round },
    ]);
  });

  it('leaves the ends equal from then on, on this edge and all others', () => {
    const { violations, halfApplied } = trace;
    expect(halfApplied).toBe(0);
    for (const { invariant, message } of violations) {
      expect(invariant).not.toBe('mean');
      expect(message).toContain('edge 0-1#');
      expect(sequenceOf(message)).toBeGreaterThanOrEqual(flip.exchange);
      expect(sequenceOf(message)).toBeLessThan(seenAt);
    }
  });

  it('moves nothing at the reset, keeps the mean, and does not stand in the way', () => {
    const { models, states, notices } = trace;
    const errors = models.map((peers) => consensusError([...peers]));
    expect(errors.at(-1)!).toBeLessThan(0.05 * errors[0]!);
    expect(notices).toHaveLength(2); // and none of the guard
    for (const state of states) for (const edge of state.edges) expect(edge.status).toBe('active');
    if (family.meanInExpectation === true || family.meanMovesOn === true) return;
    const mean = meanOf(models[round - 1]!);
    for (const peers of models.slice(round))
      meanOf(peers).forEach((value, k) => expect(Math.abs(value - mean[k]!)).toBeLessThan(1e-5));
  });
});

const lossy = {
  latencyMs: 8,
  jitterMs: 40,
  bandwidthMbps: 10,
  loss: 0.2,
  duplication: 0.15,
  corruption: 0.03,
};

describe('no false alarm', () => {
  it.each([
    ['edge-choco', lowRank],
    ['choco', 'top-k:count=3'],
    ['beer', lowRank],
    ['motef', lowRank],
    ['lead', 'quantize:bits=8'],
    ['dcd', 'quantize:bits=8'],
    ['ecd', 'quantize:bits=8'],
    ['pgq', 'none'],
    ['power-gossip', 'none'],
    ['chebyshev', 'none'],
  ])('%s, compared in every exchange, under loss, doubling and reordering', async (algorithm, compressor) => {
    const over = { hashEvery: 1, rounds: 25, link: lossy };
    const { differences, violations, states } = await gossip(algorithm, compressor, over);
    expect(differences).toEqual([]);
    expect(violations).toEqual([]);
    expect(states.some(({ edges }) => edges.some(({ check }) => check.hash !== null))).toBe(true); // it was compared
  });

  it.each(['exact', 'deep-squeeze', 'd2', 'gradient-tracking'])(
    '%s keeps nothing, and sends no hash',
    async (algorithm) => {
      const compressor = algorithm === 'deep-squeeze' ? 'quantize:bits=8' : 'none';
      const { states } = await gossip(algorithm, compressor, { hashEvery: 1, rounds: 3 });
      for (const { edges } of states) for (const { check } of edges) expect(check.hash).toBeNull();
    },
  );
});

it('an edge that differs again and again is closed after some resets, with the reason, and the others go on', async () => {
  const { states, notices, differences, models } = await gossip('edge-choco', lowRank, {
    sabotage: (sound) => withFlippedBit(sound, { ...EDGE, at: (exchange) => exchange > 5 }),
  });
  expect(differences).toHaveLength(2 * (MAX_RESETS + 1));
  const last = notices.at(-1)!;
  expect(last).toMatch(
    /^exchange 40 of peers [01] and [01]: replicas [0-9a-f]{8} here and [0-9a-f]{8} there, wanted the same/,
  );
  expect(last).toMatch(/after 3 resets in a row: the edge is closed\. Run the same release/);
  expect(edgeOf(states[0]!, 1).status).toBe('closed');
  expect(edgeOf(states[1]!, 0).status).toBe('closed');
  const errors = models.map((peers) => consensusError([...peers]));
  expect(errors.at(-1)!).toBeLessThan(0.05 * errors[0]!);
});

it('a comparison that agrees ends the row of resets', async () => {
  // Flips before every second comparison: as many resets as one likes, none of them twice in a row.
  const { differences, states } = await gossip('edge-choco', lowRank, {
    rounds: 145,
    sabotage: (sound) => withFlippedBit(sound, { ...EDGE, at: (exchange) => exchange % 20 === 5 }),
  });
  expect(differences).toHaveLength(2 * 7);
  expect(edgeOf(states[0]!, 1).check).toMatchObject({ resets: 7, resetsInRow: 0 });
  expect(edgeOf(states[0]!, 1).status).toBe('active');
});

describe('what travels', () => {
  /** Peer 0 after `count` exchanges with peer 1, which sends zeros. */
  function exchanged(count: number) {
    const peer = started({ node: 0, neighbors: [1], parameters: [3, 5] });
    let sent = sentTo(finishTraining(peer), 1);
    for (let k = 1; k <= count; k++) {
      receive(peer, 1, handDelta(k, [0, 0]));
      sent = sentTo(finishTraining(peer), 1);
    }
    return { peer, delta: sent[0]! };
  }

  it('is a CRC-32 of the lower replica and then the higher, in exchange 50 and not before', () => {
    expect(exchanged(HASH_EVERY - 2).delta.replicaHash).toBeUndefined();
    const { peer, delta } = exchanged(HASH_EVERY - 1);
    const { own, theirs } = edgeOf(peer, 1).memory as { own: Float32Array; theirs: Float32Array };
    const bytes = Uint8Array.of(
      ...new Uint8Array(own.slice().buffer),
      ...new Uint8Array(theirs.slice().buffer),
    );
    expect([delta.sequence, delta.replicaHash]).toEqual([HASH_EVERY, naiveCrc32(bytes)]);
    expect(replicaHashOf(1, 0, { own: theirs, theirs: own })).toBe(delta.replicaHash);
  });

  it('is not compared with an end that sends none', () => {
    const { peer } = exchanged(HASH_EVERY - 1);
    expect(only(receive(peer, 1, handDelta(HASH_EVERY, [0, 0])), 'notice')).toEqual([]);
  });

  it('that differs moves no parameter, and the next message is the model itself', () => {
    const { peer, delta } = exchanged(HASH_EVERY - 1);
    const before = peer.parameters.slice();
    const replicaHash = (delta.replicaHash! ^ 1) >>> 0;
    const effects = receive(peer, 1, handDelta(HASH_EVERY, [9, 9], { replicaHash }));
    expect(only(effects, 'notice').map(({ code }) => code)).toEqual(['REPLICAS_DIFFER']);
    expect(only(effects, 'exchangeApplied')).toEqual([
      {
        type: 'exchangeApplied',
        neighbor: 1,
        sequence: HASH_EVERY,
        audit: { correction: null, correctionSum: 0, replicaHash: 0 },
      },
    ]);
    expect(peer.parameters).toEqual(before);
    const [sent] = sentTo(finishTraining(peer), 1);
    expect(sent).toMatchObject({ sequence: HASH_EVERY + 1 });
    expect(sent!.parts).toEqual([{ kind: 'replace', bytes: denseMessage([...peer.parameters]) }]);
  });
});
