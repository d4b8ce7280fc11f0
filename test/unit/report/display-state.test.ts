import { describe, expect, it } from 'vitest';
import type { MetricsEvent } from '../../../src/metrics/events.js';
import {
  type DisplayState,
  emptyDisplay,
  foldDisplay,
  progressOf,
} from '../../../src/report/display-state.js';
import { fakeRun } from '../../reference/fake-run.js';

const fold = (events: readonly MetricsEvent[]): DisplayState => events.reduce(foldDisplay, emptyDisplay);

describe('foldDisplay', () => {
  const events = fakeRun({ peers: 8, rounds: 10 });

  it('shows every peer before its first round, with the links that it will have', () => {
    const { peers, totalRounds } = fold(events.slice(0, 1));
    expect(peers.map((peer) => peer.status)).toEqual(new Array(8).fill('starting'));
    expect(peers.map((peer) => peer.links)).toEqual(new Array(8).fill(3)); // 2 x 4 torus: two rows coincide
    expect(totalRounds).toBe(10);
  });

  it('ends with seven peers done and one lost, in the round where it was lost', () => {
    const { peers, outcome, evaluation, atMs } = fold(events);
    expect(peers.map((peer) => peer.status).filter((status) => status === 'done')).toHaveLength(7);
    expect(peers[5]).toMatchObject({
      status: 'lost',
      round: 6,
      activeLinks: 0,
      reason: 'no heartbeat for 5 s',
    });
    expect(outcome).toBe('done');
    expect(evaluation?.round).toBe(10);
    expect(atMs).toBe((events.at(-1) as { atMs: number }).atMs);
  });

  it('keeps the last measured accuracy through rounds without one', () => {
    const upTo7 = events.filter(
      (event) => event.event === 'run' || (event.event === 'round' && event.round <= 7),
    );
    const fifth = events.find((event) => event.event === 'round' && event.peer === 0 && event.round === 5);
    expect(fold(upTo7).peers[0]!.round).toBe(7);
    expect(fold(upTo7).peers[0]!.accuracy).toBe((fifth as { accuracy: number }).accuracy);
  });

  it('changes no state that it was given', () => {
    const states: string[] = [];
    let state = emptyDisplay;
    const kept: DisplayState[] = [];
    for (const event of events) {
      kept.push(state);
      states.push(JSON.stringify(state));
      state = foldDisplay(state, event);
    }
    expect(kept.map((each) => JSON.stringify(each))).toEqual(states);
  });

  it('ignores a peer that the topology does not have', () => {
    const state = fold(events.slice(0, 1));
    expect(
      foldDisplay(state, { event: 'peer-lost', atMs: 0, peer: 99, round: 1, reason: 'x' }).peers,
    ).toEqual(state.peers);
  });
});

describe('progressOf', () => {
  it('is the mean over the living peers', () => {
    const events = fakeRun({ peers: 4, rounds: 10, lostPeer: null });
    const rounds = events.filter((event) => event.event === 'round');
    const at = (peer: number, round: number) =>
      rounds.find((event) => event.peer === peer && event.round === round)!;
    const lost: MetricsEvent = { event: 'peer-lost', atMs: 0, peer: 3, round: 1, reason: 'x' };
    expect(progressOf(fold([events[0]!, at(0, 8), at(1, 6), at(2, 1), at(3, 1), lost]))).toBeCloseTo(0.5, 12);
  });

  it('is unknown without a number of rounds or without a living peer', () => {
    expect(progressOf(emptyDisplay)).toBeNull();
    expect(progressOf(fold(fakeRun({ peers: 4, rounds: 2, config: { rounds: undefined } })))).toBeNull();
  });
});
