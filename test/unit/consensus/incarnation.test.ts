import { describe, expect, it } from 'vitest';
import type { Effect } from '../../../src/consensus/events.js';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import { algorithms } from '../../../src/consensus/registry.js';
import {
  createHandDrivenPeer,
  edgeOf,
  feed,
  finishTraining,
  handDelta,
  only,
  receive,
  sentTo,
  started,
} from '../../reference/hand-driven-peer.js';

/** Delivers what goes between two peers, and its answers, until nothing is left; all effects, in order. */
function converse(peers: readonly [PeerState, PeerState], effects: readonly Effect[], nowMs = 0): Effect[] {
  const all: Effect[] = [];
  const queue = effects.map((effect) => ({ effect, sender: null as PeerState | null }));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { effect } = next;
    all.push(effect);
    if (!('to' in effect)) continue;
    const receiver = peers.find(({ context }) => context.node === effect.to)!;
    const from = peers.find((peer) => peer !== receiver)!.context.node;
    const answers =
      effect.type === 'sendSync'
        ? feed(receiver, { type: 'syncReceived', from, sync: effect.sync }, nowMs)
        : effect.type === 'sendModel'
          ? feed(receiver, { type: 'modelReceived', from, model: effect.model }, nowMs)
          : effect.type === 'sendDelta'
            ? receive(receiver, from, effect.delta, nowMs)
            : [];
    queue.push(...answers.map((answer) => ({ effect: answer, sender: receiver })));
  }
  return all;
}

/** Peer 0 after `exchanges` exchanges with peer 1, whose model stays what it was. */
function survivor(exchanges: number, algorithm = 'edge-choco'): PeerState {
  const peer = started({ node: 0, neighbors: [1], parameters: [1, 2], algorithm });
  for (let k = 1; k <= exchanges; k++) {
    finishTraining(peer, k);
    receive(peer, 1, handDelta(k, [0.5, 0.5]), k);
  }
  return peer;
}

const newcomer = (incarnation = 1): PeerState =>
  createHandDrivenPeer({ node: 1, neighbors: [0], parameters: [7, 7], incarnation });

/** Both ends hear of the link. */
function link(peers: readonly [PeerState, PeerState]): Effect[] {
  const [first, second] = peers.map((peer, k) =>
    feed(peer, { type: 'neighborUp', neighbor: peers[1 - k]!.context.node }),
  );
  return converse(peers, [...first!, ...second!]);
}

describe('a peer that is started again', () => {
  it("trains on from its neighbor's model, in its neighbor's round", () => {
    const [old, fresh] = [survivor(3), newcomer()];
    feed(old, { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' });
    link([old, fresh]);
    expect(fresh.hasModel).toBe(true);
    expect(only(feed(fresh, { type: 'start' }), 'train')).toMatchObject([{ round: 4 }]);
    expect(fresh.parameters).toEqual(old.parameters);
  });

  it('begins with exchange 1 of the next epoch, and its neighbor with it', () => {
    const [old, fresh] = [survivor(3), newcomer()];
    link([old, fresh]);
    feed(fresh, { type: 'start' });
    const mine = finishTraining(fresh);
    expect(sentTo(mine, 0)).toMatchObject([{ epoch: 1, sequence: 1, parts: [{ kind: 'replace' }] }]);
    const all = converse([old, fresh], [...mine, ...finishTraining(old)]);
    all.push(...finishTraining(old)); // it had not waited
    const sums = only(all, 'exchangeApplied').map(({ audit }) => audit!);
    expect(sums).toHaveLength(2);
    expect(sums[0]!.correctionSum + sums[1]!.correctionSum).toBe(0);
    expect(sums[0]!.replicaHash).toBe(sums[1]!.replicaHash);
    expect(edgeOf(old, 1)).toMatchObject({ applied: 1, status: 'active' });
  });

  it('is not sent what belongs to its past, and what does arrive of it is dropped', () => {
    const [old, fresh] = [survivor(3), newcomer()];
    const before = sentTo(finishTraining(old), 1)[0]!;
    expect(before).not.toHaveProperty('epoch');
    link([old, fresh]);
    receive(fresh, 0, before);
    receive(old, 1, handDelta(4, [9, 9]));
    expect(edgeOf(fresh, 0).theirs).toBeNull();
    expect(edgeOf(old, 1)).toMatchObject({ own: null, theirs: null, applied: 0 });
  });

  it('is not waited for before it has answered once', () => {
    const [old, fresh] = [survivor(3), newcomer()];
    link([old, fresh]);
    expect(edgeOf(old, 1).status).toBe('inactive');
    expect(only(finishTraining(old), 'roundFinished')).toHaveLength(1);
  });

  it('costs one correction at most, and its neighbor says which', () => {
    const old = survivor(3);
    const norm = edgeOf(old, 1).correctionNorm;
    expect(norm).toBeGreaterThan(0);
    const effects = link([old, newcomer()]);
    expect(old.driftBound).toBe(norm);
    expect(only(effects, 'notice').map(({ code }) => code)).toContain('PEER_RESTARTED');
  });

  it('costs nothing when it has shown that it had applied the last exchange', () => {
    const old = survivor(3);
    receive(old, 1, handDelta(4, [0.5, 0.5]));
    link([old, newcomer()]);
    expect(old.driftBound).toBe(0);
  });

  it('is heard where it claims a life that is known to be over, and takes a new one', () => {
    const old = survivor(2);
    link([old, newcomer(5)]);
    const fresh = newcomer(2);
    link([old, fresh]);
    expect(fresh.incarnation).toBe(6);
    expect(edgeOf(old, 1).theirIncarnation).toBe(6);
    expect(fresh.hasModel).toBe(true);
  });

  it('is told apart from one before it that was counted alike, as two late holders of one place are', () => {
    const old = survivor(2);
    link([old, newcomer(1)]);
    edgeOf(old, 1).applied = 1; // as after an exchange with it
    feed(old, { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' });
    expect(edgeOf(old, 1)).toMatchObject({ applied: 1, theirIncarnation: 1 });
    const other = newcomer(1);
    link([old, other]);
    expect(other.incarnation).toBeGreaterThan(1);
    expect(edgeOf(old, 1)).toMatchObject({ applied: 0, theirIncarnation: other.incarnation });
    expect(other.hasModel).toBe(true);
  });

  it('comes back to an edge that it had left for good', () => {
    const old = survivor(2);
    feed(old, { type: 'neighborLeft', neighbor: 1 });
    feed(old, { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' });
    expect(edgeOf(old, 1).status).toBe('closed');
    link([old, newcomer()]);
    expect(edgeOf(old, 1)).toMatchObject({ status: 'inactive', synced: true });
  });

  it('is refused where the algorithm keeps sums over all peers', () => {
    const old = survivor(2, 'gradient-tracking');
    const sync = { incarnation: 1, known: 0, ask: true, model: 'none' as const };
    const effects = feed(old, { type: 'syncReceived', from: 1, sync });
    expect(only(effects, 'refuse')).toMatchObject([{ neighbor: 1, code: 'MEMBERSHIP_FIXED' }]);
    expect(() =>
      createHandDrivenPeer({
        node: 1,
        neighbors: [0],
        parameters: [0],
        algorithm: 'gradient-tracking',
        incarnation: 1,
      }),
    ).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
  });
});

describe('a model', () => {
  const offered = (bytes: Uint8Array, epoch = 1): Effect[] => {
    const fresh = newcomer();
    feed(fresh, { type: 'neighborUp', neighbor: 0 });
    feed(fresh, {
      type: 'syncReceived',
      from: 0,
      sync: { incarnation: 0, known: 1, ask: false, model: 'has' },
    });
    return feed(fresh, { type: 'modelReceived', from: 0, model: { epoch, round: 3, bytes } });
  };
  const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

  it.each([
    ['too short', 'PAYLOAD_BAD_LENGTH', floats(1)],
    ['too long', 'PAYLOAD_BAD_LENGTH', floats(1, 2, 3)],
    ['not a number', 'PAYLOAD_BAD_VALUE', floats(1, Number.NaN)],
    ['infinite', 'PAYLOAD_BAD_VALUE', floats(1, Number.POSITIVE_INFINITY)],
    ['beyond measure', 'PAYLOAD_BAD_VALUE', floats(1, 1e30)],
  ])('that is %s is refused: %s', (_what, code, bytes) => {
    expect(only(offered(bytes), 'refuse').map((refusal) => refusal.code)).toEqual([code]);
  });

  it('of this run is taken, and one of another epoch is not', () => {
    expect(only(offered(floats(3, 4)), 'notice').map(({ code }) => code)).toEqual(['JOINED']);
    expect(offered(floats(3, 4), 2)).toEqual([]);
  });

  it('is asked of the next neighbor when the first has none', () => {
    const fresh = createHandDrivenPeer({ node: 1, neighbors: [0, 2], parameters: [7, 7], incarnation: 1 });
    const asked = only(
      [0, 2].flatMap((neighbor) => feed(fresh, { type: 'neighborUp', neighbor })),
      'sendSync',
    );
    expect(asked.map(({ to, sync }) => [to, sync.model])).toEqual([
      [0, 'wanted'],
      [2, 'none'],
    ]);
    const sync = { incarnation: 1, known: 1, ask: false, model: 'none' as const };
    const next = only(feed(fresh, { type: 'syncReceived', from: 0, sync }), 'sendSync');
    expect(next).toMatchObject([{ to: 2, sync: { model: 'wanted' } }]);
  });
});

it('algorithms that bear churn make all that an edge keeps alike in a new epoch', () => {
  const keeps = ['edge-choco', 'choco', 'pgq', 'power-gossip'];
  for (const name of keeps) {
    const { toleratesChurn, resetEdge } = algorithms.resolve(name);
    expect([name, toleratesChurn, resetEdge === undefined]).toEqual([name, true, false]);
  }
});
