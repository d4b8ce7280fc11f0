import { describe, expect, it } from 'vitest';
import type { Effect, Input } from '../../../src/consensus/events.js';
import {
  advanceEdge,
  isComplete,
  opensRound,
  receiveDelta,
  resendInto,
  sendInto,
} from '../../../src/consensus/exchange.js';
import type { EdgeState } from '../../../src/consensus/peer-state.js';
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

/** An edge of node 0 to node 1 that has applied `applied` exchanges and contributed to the next one. */
function edgeAfter(applied: number, retransmitMs: number | null = null): EdgeState {
  const peer = createHandDrivenPeer({
    node: 0,
    neighbors: [1],
    parameters: [1, 2],
    options: { retransmitMs },
  });
  const edge = edgeOf(peer, 1);
  edge.linked = true;
  edge.applied = applied;
  if (applied > 0) edge.previous = handDelta(applied, [0, 0]);
  edge.own = handDelta(applied + 1, [0, 0]);
  return edge;
}

function receiveAll(edge: EdgeState, sequences: readonly number[]): string[] {
  return sequences.map((sequence) => receiveDelta([], edge, handDelta(sequence, [0, 0]), 0));
}

describe('a received difference', () => {
  it('is kept once, and dropped by its number when it comes again', () => {
    const edge = edgeAfter(3);
    expect(receiveAll(edge, [4, 4, 3, 1])).toEqual(['kept', 'repeated', 'repeated', 'repeated']);
    expect(edge.theirs?.sequence).toBe(4);
    expect(edge.theirsNext).toBeNull();
  });

  it('may overtake the one before it', () => {
    const edge = edgeAfter(3);
    expect(receiveAll(edge, [5, 4])).toEqual(['kept', 'kept']);
    expect([edge.theirs?.sequence, edge.theirsNext?.sequence]).toEqual([4, 5]);
    expect(isComplete(edge)).toBe(true);
    advanceEdge(edge);
    expect([edge.applied, edge.previous?.sequence, edge.theirs?.sequence]).toEqual([4, 4, 5]);
    expect([edge.own, edge.theirsNext]).toEqual([null, null]);
  });

  it('does not complete an exchange while the one before it is missing', () => {
    const edge = edgeAfter(3);
    receiveAll(edge, [5]);
    expect(isComplete(edge)).toBe(false);
  });

  it('is a gap when no correct neighbor can be there yet', () => {
    expect(receiveAll(edgeAfter(3), [6])).toEqual(['gap']);
    const before = edgeAfter(3);
    before.own = null; // exchange 4 needs a contribution of ours that we have never made
    expect(receiveAll(before, [5])).toEqual(['gap']);
    expect(receiveAll(before, [4])).toEqual(['kept']);
  });
});

describe('acknowledgment and repair', () => {
  it('acknowledges the highest sequence received without a hole', () => {
    const edge = edgeAfter(3);
    const acknowledged = (): number => {
      const effects: Effect[] = [];
      sendInto(effects, edge, handDelta(4, [0, 0]), 0);
      return sentTo(effects, 1)[0]!.acknowledged;
    };
    expect(acknowledged()).toBe(3);
    receiveAll(edge, [5]);
    expect(acknowledged()).toBe(3);
    receiveAll(edge, [4]);
    expect(acknowledged()).toBe(5);
  });

  it('keeps the previous difference until the neighbor says that it has it', () => {
    const edge = edgeAfter(3);
    receiveDelta([], edge, handDelta(3, [0, 0], { acknowledged: 2 }), 0);
    expect(edge.previous?.sequence).toBe(3);
    receiveDelta([], edge, handDelta(4, [0, 0], { acknowledged: 3 }), 0);
    expect(edge.previous).toBeNull();
  });

  it('sends both again, the older first, when the neighbor repeats itself without having them', () => {
    const edge = edgeAfter(3);
    const effects: Effect[] = [];
    const nowMs = Math.max(edge.ownSentMs, edge.previousSentMs) + edge.quietMs;
    receiveDelta(effects, edge, handDelta(3, [0, 0], { acknowledged: 2 }), nowMs - 1);
    expect(effects).toEqual([]); // it may be on its way
    receiveDelta(effects, edge, handDelta(3, [0, 0], { acknowledged: 2 }), nowMs);
    expect(sentTo(effects, 1).map(({ sequence }) => sequence)).toEqual([3, 4]);
    expect(edge.lastSentMs).toBe(nowMs);
  });

  it('sends what a neighbor lacks that repeats a difference which waits here for others', () => {
    const edge = edgeAfter(3);
    const repeated = handDelta(4, [0, 0], { acknowledged: 3 });
    receiveDelta([], edge, repeated, 0);
    const effects: Effect[] = [];
    receiveDelta(effects, edge, repeated, edge.quietMs);
    expect(sentTo(effects, 1).map(({ sequence }) => sequence)).toEqual([4]);
  });

  it('does not send again within half a retransmission what may be on its way: no answer is answered', () => {
    const edge = edgeAfter(3, 100);
    sendInto([], edge, edge.own!, 1000);
    const answeredAt = (nowMs: number): number[] => {
      const effects: Effect[] = [];
      receiveDelta(effects, edge, handDelta(3, [0, 0], { acknowledged: 2 }), nowMs);
      return sentTo(effects, 1).map(({ sequence }) => sequence);
    };
    expect(answeredAt(1049)).toEqual([3]);
    expect(answeredAt(1049)).toEqual([]);
    expect(answeredAt(1050)).toEqual([4]);
    expect(answeredAt(1099)).toEqual([3]);
  });

  it('knows how long ago a difference was sent after its exchange, too', () => {
    const edge = edgeAfter(3, 100);
    sendInto([], edge, edge.own!, 1000);
    receiveAll(edge, [4]);
    advanceEdge(edge);
    const effects: Effect[] = [];
    receiveDelta(effects, edge, handDelta(4, [0, 0], { acknowledged: 3 }), 1049);
    expect(effects).toEqual([]);
    receiveDelta(effects, edge, handDelta(4, [0, 0], { acknowledged: 3 }), 1050);
    expect(sentTo(effects, 1).map(({ sequence }) => sequence)).toEqual([4]);
  });

  it('stays quiet when a repetition says that everything has arrived: no two peers answer each other for ever', () => {
    const effects: Effect[] = [];
    receiveDelta(effects, edgeAfter(3), handDelta(3, [0, 0], { acknowledged: 4 }), 0);
    expect(effects).toEqual([]);
  });

  it('does not grow into a storm on a slow link that was lost in the middle of an exchange', () => {
    const rounds = 40;
    const [latencyMs, frameMs] = [200, 20];
    const peers = [0, 1].map((node) =>
      started({ node, neighbors: [1 - node], parameters: [1, 2], options: { rounds } }),
    );
    const lastMs = [0, 0]; // when the last frame to each arrives: they keep their order
    let [nowMs, frames, events] = [0, 0, 0];
    let due: { readonly atMs: number; readonly to: number; readonly happen: () => Effect[] }[] = [];
    const at = (atMs: number, to: number, happen: () => Effect[]): void => {
      due = [...due, { atMs, to, happen }].sort((a, b) => a.atMs - b.atMs);
    };
    const carryOut = (node: number, effects: readonly Effect[]): void => {
      const to = 1 - node;
      for (const { delta } of only(effects, 'sendDelta')) {
        frames += 1;
        lastMs[to] = Math.max(lastMs[to]! + frameMs, nowMs + latencyMs);
        at(lastMs[to]!, to, () => receive(peers[to]!, node, delta, nowMs));
      }
      for (const _ of only(effects, 'train'))
        at(nowMs + 30 + 15 * node, node, () => finishTraining(peers[node]!, nowMs));
    };
    const feedBoth = (input: (neighbor: number) => Input): void =>
      peers.forEach((peer, node) => void carryOut(node, feed(peer, input(1 - node), nowMs)));
    peers.forEach((peer, node) => void carryOut(node, finishTraining(peer)));
    for (; due.length > 0 && frames < 10 * rounds; events++) {
      const [{ atMs, to, happen }] = due as [(typeof due)[number]];
      due = due.slice(1);
      nowMs = atMs;
      carryOut(to, happen());
      if (events !== 40) continue;
      feedBoth((neighbor) => ({ type: 'neighborDown', neighbor, reason: 'LINK_DOWN' }));
      feedBoth((neighbor) => ({ type: 'neighborUp', neighbor }));
    }
    expect(Math.max(...peers.map(({ round }) => round))).toBe(rounds);
    expect(frames).toBeLessThanOrEqual(2 * rounds + 8); // one of each end a round; what is sent again at the new link
  });

  it('sends nothing without a link', () => {
    const edge = edgeAfter(3);
    edge.linked = false;
    const effects: Effect[] = [];
    resendInto(effects, edge, 5);
    expect(effects).toEqual([]);
    expect(edge.lastSentMs).toBe(0);
  });
});

it('remembers the round of the neighbor in the last exchange, and how many exchanges that round had', () => {
  const edge = edgeAfter(0);
  const positions = [1, 1, 2].map((round, k) => {
    edge.own = handDelta(k + 1, [0, 0]);
    receiveDelta([], edge, handDelta(k + 1, [0, 0], { round }), 0);
    advanceEdge(edge);
    return [edge.theirRound, edge.theirExchange];
  });
  expect(positions).toEqual([
    [1, 1],
    [1, 2],
    [2, 1],
  ]);
});

it('the first delta of a round is the one that exact gossip would have sent, too', () => {
  const opening = (exchanges?: number) =>
    [1, 2, 3, 4, 5].filter((sequence) =>
      opensRound(handDelta(sequence, [0]), exchanges === undefined ? {} : { exchanges }),
    );
  expect(opening()).toEqual([1, 2, 3, 4, 5]);
  expect(opening(2)).toEqual([1, 3, 5]);
  expect(opening(4)).toEqual([1, 5]);
});
