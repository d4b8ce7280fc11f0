import { describe, expect, it } from 'vitest';
import { epochOf } from '../../../src/consensus/exchange.js';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import {
  EDGE_WEIGHT,
  edgeOf,
  feed,
  finishTraining,
  handDelta,
  only,
  receive,
  sentTo,
  started,
} from '../../reference/hand-driven-peer.js';

const peer = (): PeerState => started({ node: 0, neighbors: [1], parameters: [1, 2], algorithm: 'exact' });

/** A new neighbor 2, linked, both incarnations known. */
function withNewNeighbor(): PeerState {
  const one = peer();
  feed(one, { type: 'neighborAdded', neighbor: 2 });
  feed(one, { type: 'neighborUp', neighbor: 2 });
  feed(one, { type: 'syncReceived', from: 2, sync: { incarnation: 3, known: 0, ask: false, model: 'has' } });
  return one;
}

const whole = (values: number[], more: Partial<ReturnType<typeof handDelta>>) => {
  const delta = handDelta(1, values, more);
  return { ...delta, parts: delta.parts.map((part) => ({ ...part, kind: 'replace' as const })) };
};

describe('a neighbor that the membership view adds', () => {
  it('is exchanged with from the next round on, in the epoch of both incarnations', () => {
    const one = withNewNeighbor();
    expect(epochOf(one, edgeOf(one, 2))).toBe(3);
    expect(sentTo(finishTraining(one), 2)).toMatchObject([{ sequence: 1, epoch: 3, degree: 2 }]);
    expect(one.edges.map(({ neighbor }) => neighbor)).toEqual([1, 2]);
  });

  it('is sent nothing before it has said that it knows this incarnation', () => {
    const one = peer();
    feed(one, { type: 'neighborAdded', neighbor: 2 });
    const asked = feed(one, { type: 'neighborUp', neighbor: 2 });
    expect(only(asked, 'sendSync')).toMatchObject([{ to: 2, sync: { known: 0, ask: true, model: 'has' } }]);
    expect(sentTo(finishTraining(one), 2)).toEqual([]);
  });

  it('is answered within a round that waits for others, when it is behind and asks: else it would wait for them, too', () => {
    const one = peer();
    finishTraining(one);
    receive(one, 1, whole([3, 3], { round: 1 }));
    finishTraining(one); // round 2 waits for neighbor 1
    feed(one, { type: 'neighborAdded', neighbor: 2 });
    feed(one, { type: 'neighborUp', neighbor: 2 });
    feed(one, {
      type: 'syncReceived',
      from: 2,
      sync: { incarnation: 3, known: 0, ask: false, model: 'has' },
    });
    const effects = receive(one, 2, whole([3, 3], { epoch: 3, round: 1 }));
    expect(one.round).toBe(2);
    expect(sentTo(effects, 2)).toMatchObject([{ sequence: 1, epoch: 3 }]);
  });

  it.each([
    ['both degrees, the larger one theirs', 5, 1 / 6],
    ['both degrees, the larger one ours', 1, 1 / 3],
    ['no degree of theirs, which is as at the start', undefined, Math.min(EDGE_WEIGHT, 1 / 3)],
  ])('changes the weight of old edges by the deltas of the exchange: %s', (_what, degree, wanted) => {
    const one = withNewNeighbor();
    finishTraining(one);
    const before = one.parameters.slice();
    receive(one, 1, whole([3, 3], degree === undefined ? {} : { degree }));
    expect(edgeOf(one, 1).weight).toBe(wanted);
    [...one.parameters].forEach((value, k) =>
      expect(value).toBeCloseTo(before[k]! + wanted * (3 - before[k]!), 6),
    );
  });

  it('changes no weight of an exchange that neither end has begun since', () => {
    const one = peer();
    finishTraining(one);
    feed(one, { type: 'neighborAdded', neighbor: 2 });
    receive(one, 1, whole([3, 3], {}));
    expect(edgeOf(one, 1).weight).toBe(EDGE_WEIGHT);
  });
});

describe('a neighbor that the membership view takes away', () => {
  it('is sent nothing more, and no round waits for it', () => {
    const one = peer();
    feed(one, { type: 'neighborRemoved', neighbor: 1 });
    expect(edgeOf(one, 1).status).toBe('closed');
    const effects = finishTraining(one);
    expect(only(effects, 'sendDelta')).toEqual([]);
    expect(only(effects, 'roundFinished')).toHaveLength(1);
  });

  it('has the exchange under way applied, if it has begun it, too: else neither end does', () => {
    const one = peer();
    finishTraining(one);
    feed(one, { type: 'neighborRemoved', neighbor: 1 });
    expect(edgeOf(one, 1)).toMatchObject({ status: 'inactive', applied: 0 });
    receive(one, 1, whole([3, 3], {}));
    finishTraining(one);
    expect(edgeOf(one, 1)).toMatchObject({ status: 'closed', applied: 1, own: null });
  });

  it('goes on with the next exchange when it is added again', () => {
    const one = peer();
    finishTraining(one);
    receive(one, 1, whole([3, 3], {}));
    feed(one, { type: 'neighborRemoved', neighbor: 1 });
    feed(one, { type: 'neighborAdded', neighbor: 1 });
    expect(sentTo(finishTraining(one), 1)).toMatchObject([{ sequence: 2, degree: 1 }]);
  });
});
