/** When a round in lockstep waits although nobody answers. */
import { expect, it } from 'vitest';
import type { Effect } from '../../../src/consensus/events.js';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import { feed, finishTraining, handDelta, only, receive, started } from '../../reference/hand-driven-peer.js';

const options = { silenceMs: 1000, roundDeadlineMs: 5000 };
const peerZero = { node: 0, neighbors: [1, 2], parameters: [4, 8], options };

/** Ticks on time, as a process that is awake has them. */
function ticksUntil(peer: PeerState, untilMs: number): Effect[] {
  const effects: Effect[] = [];
  for (let nowMs = peer.lastTickMs + 250; nowMs <= untilMs; nowMs += 250)
    effects.push(...feed(peer, { type: 'timerFired', timer: 'tick' }, nowMs));
  return effects;
}

it('the silence of all neighbors at once makes a peer wait, where it is told to: until one is back, or for cutOffMs', () => {
  const cutOffMs = 5000;
  const alone = (): PeerState => {
    const peer = started({ ...peerZero, options: { ...options, cutOffMs } });
    finishTraining(peer);
    for (const neighbor of [1, 2]) receive(peer, neighbor, handDelta(1, [0, 0]));
    finishTraining(peer);
    return peer;
  };
  const waits = alone();
  const silent = ticksUntil(waits, cutOffMs - 1);
  expect(only(silent, 'edgeChanged').map(({ neighbor, reason }) => [neighbor, reason])).toEqual([
    [1, 'silent'],
    [2, 'silent'],
  ]);
  expect(only(silent, 'roundFinished')).toEqual([]);
  expect(only(ticksUntil(waits, cutOffMs), 'roundFinished')).toHaveLength(1);
  const isMet = alone();
  ticksUntil(isMet, 3000);
  expect(only(receive(isMet, 1, handDelta(2, [0, 0])), 'roundFinished')).toHaveLength(1);
  const stops = alone();
  ticksUntil(stops, 3000);
  feed(stops, { type: 'stopRequested', afterRound: 0 }, 3000);
  expect(only(ticksUntil(stops, 3250), 'roundFinished')).toHaveLength(1);
});
