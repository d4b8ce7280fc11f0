/** Rounds that have come apart: nobody waits in a circle (lockstep.ts). */
import { describe, expect, it } from 'vitest';
import type { Effect } from '../../../src/consensus/events.js';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import {
  feed,
  finishTraining,
  handDelta,
  only,
  receive,
  sentTo,
  started,
} from '../../reference/hand-driven-peer.js';

const between = (): PeerState => started({ node: 0, neighbors: [1, 2], parameters: [1, 2] });
const roundsOf = (effects: readonly Effect[]): number[] =>
  only(effects, 'roundFinished').map(({ round }) => round);
describe('a neighbor whose last difference was of a later round', () => {
  /** Round 2 of a peer whose neighbor 1 answered round 1 from `round`; neighbor 2 has answered both. */
  const afterRound = (round: number): number[] => {
    const peer = between();
    finishTraining(peer);
    receive(peer, 1, handDelta(1, [0, 0], { round }));
    receive(peer, 2, handDelta(1, [0, 0], { round: 1 }));
    finishTraining(peer);
    return roundsOf(receive(peer, 2, handDelta(2, [0, 0], { round: 2 })));
  };

  it('is not waited for until this peer has come to that round', () => {
    expect(afterRound(2)).toEqual([2]);
    expect(afterRound(7)).toEqual([2]);
  });

  it('is waited for when it is not ahead', () => {
    expect(afterRound(1)).toEqual([]);
  });
});

describe('an exchange that was begun in an earlier round', () => {
  /** In round 2, with neighbor 1 back that was away when round 1 ended. */
  const inRoundTwo = (): PeerState => {
    const peer = between();
    finishTraining(peer);
    receive(peer, 2, handDelta(1, [0, 0], { round: 1 }));
    expect(roundsOf(feed(peer, { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' }))).toEqual([1]);
    feed(peer, { type: 'neighborUp', neighbor: 1 });
    finishTraining(peer);
    return peer;
  };

  it('is applied as soon as it is complete, and the edge takes part in the round under way', () => {
    const effects = receive(inRoundTwo(), 1, handDelta(1, [0, 0], { round: 1 }));
    expect(only(effects, 'exchangeApplied').map(({ neighbor, sequence }) => [neighbor, sequence])).toEqual([
      [1, 1],
    ]);
    expect(sentTo(effects, 1).map(({ sequence, round }) => [sequence, round])).toEqual([[2, 2]]);
    expect(roundsOf(effects)).toEqual([]);
  });

  it('of this round waits for the others, as ever', () => {
    const effects = receive(inRoundTwo(), 2, handDelta(2, [0, 0], { round: 2 }));
    expect(only(effects, 'exchangeApplied').map(({ neighbor, sequence }) => [neighbor, sequence])).toEqual([
      [2, 2],
    ]);
    expect(roundsOf(effects)).toEqual([2]); // neighbor 1 is not active, so nobody waits for it
  });
});
