/** How long a peer that has ended its rounds stays for what is still under way, on links that lose frames. */
import { describe, expect, it } from 'vitest';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import { feed, finishTraining, only, started } from '../../reference/hand-driven-peer.js';

const lossy = { silenceMs: 1000, roundDeadlineMs: 5000, retransmitMs: 100, rounds: 1 };
const tick = { type: 'timerFired', timer: 'tick' } as const;
const drain = { type: 'timerFired', timer: 'drain' } as const;
const drainAt = (atMs: number) => ({ type: 'setTimer', timer: 'drain', atMs });

/** At 1000; its neighbor has not answered. */
function draining(): PeerState {
  const peer = started({ node: 0, neighbors: [1], parameters: [4, 8], options: lossy });
  finishTraining(peer);
  for (let nowMs = 250; nowMs <= 1000; nowMs += 250) feed(peer, tick, nowMs);
  expect(peer.phase).toBe('draining');
  return peer;
}

describe('a peer that waits to leave', () => {
  it('gives a link that comes up a whole silence, where an answer is owed on it', () => {
    const peer = draining();
    expect(only(feed(peer, { type: 'neighborUp', neighbor: 1 }, 1100), 'setTimer')).toContainEqual(
      drainAt(2100),
    );
  });

  it('gives itself a whole silence after a sleep, whichever of its timers comes first', () => {
    const peer = draining();
    expect(feed(peer, drain, 9000)).toEqual([drainAt(10_000)]);
    expect(only(feed(peer, tick, 9000), 'setTimer')).toContainEqual(drainAt(10_000));
    expect(peer.phase).toBe('draining');
  });

  it('leaves when nobody has answered for a silence in which it was awake', () => {
    const peer = draining();
    for (let nowMs = 1250; nowMs <= 2000; nowMs += 250) feed(peer, tick, nowMs);
    expect(only(feed(peer, drain, 2000), 'finished')).toHaveLength(1);
  });
});
