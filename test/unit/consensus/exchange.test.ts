import { describe, expect, it } from 'vitest';
import type { Effect } from '../../../src/consensus/events.js';
import {
  advanceEdge,
  isComplete,
  opensRound,
  receiveDelta,
  resendInto,
  sendInto,
} from '../../../src/consensus/exchange.js';
import type { EdgeState } from '../../../src/consensus/peer-state.js';
import { createHandDrivenPeer, edgeOf, handDelta, sentTo } from '../../reference/hand-driven-peer.js';

/** An edge of node 0 to node 1 that has applied `applied` exchanges and contributed to the next one. */
function edgeAfter(applied: number): EdgeState {
  const edge = edgeOf(createHandDrivenPeer({ node: 0, neighbors: [1], parameters: [1, 2] }), 1);
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
    receiveDelta(effects, edge, handDelta(3, [0, 0], { acknowledged: 2 }), 7);
    expect(sentTo(effects, 1).map(({ sequence }) => sequence)).toEqual([3, 4]);
    expect(edge.lastSentMs).toBe(7);
  });

  it('stays quiet when a repetition says that everything has arrived: no two peers answer each other for ever', () => {
    const effects: Effect[] = [];
    receiveDelta(effects, edgeAfter(3), handDelta(3, [0, 0], { acknowledged: 4 }), 0);
    expect(effects).toEqual([]);
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

it('the first delta of a round is the one that exact gossip would have sent, too', () => {
  const opening = (exchanges?: number) =>
    [1, 2, 3, 4, 5].filter((sequence) =>
      opensRound(handDelta(sequence, [0]), exchanges === undefined ? {} : { exchanges }),
    );
  expect(opening()).toEqual([1, 2, 3, 4, 5]);
  expect(opening(2)).toEqual([1, 3, 5]);
  expect(opening(4)).toEqual([1, 5]);
});
