/** The watcher of progress, by hand: two peers, and who waits for how long. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Effect } from '../../../src/consensus/events.js';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import { LivenessChecker } from '../../../src/simulation/liveness.js';
import { createHandDrivenPeer, edgeOf } from '../../reference/hand-driven-peer.js';

const bounds = { roundMs: 100, closeMs: 200, edgeMs: 300, joinMs: 400 };
const HEALED_MS = 1000;

let states: PeerState[];
let checker: LivenessChecker;

function peer(node: number, incarnation = 0, pace: 'lockstep' | 'asynchronous' = 'lockstep'): PeerState {
  const options = { rounds: 5, pace };
  const state = createHandDrivenPeer({ node, neighbors: [1 - node], parameters: [1], options, incarnation });
  Object.assign(edgeOf(state, 1 - node), { linked: true, status: 'active' });
  return Object.assign(state, { phase: 'exchanging', round: 2 });
}

function see(node: number, nowMs: number, ...effects: readonly Effect[]): void {
  checker.observe({ node, nowMs, input: { type: 'start' }, effects, state: states[node]!, training: null });
}

const ended = (round: number): Effect => ({
  type: 'roundFinished',
  round,
  appliedEdges: 1,
  contraction: null,
  parameters: new Float32Array(1),
});

const messages = (nowMs: number): string[] => checker.conclude(nowMs).map(({ message }) => message);

beforeEach(() => {
  states = [peer(0), peer(1)];
  checker = new LivenessChecker({ healedMs: HEALED_MS, living: [0, 1] }, bounds);
});

describe('a round', () => {
  it('may take as long as it likes before all has healed, and its bound from then on', () => {
    see(0, 0);
    see(0, 999);
    see(0, HEALED_MS);
    see(0, 1100, ended(2));
    see(0, 1200, ended(3));
    expect(messages(1300)).toEqual([]);
    expect(messages(1301)).toEqual(['round of peer 0: 101 ms since 1200, wanted 100 at most']);
    expect(checker.longest.roundMs).toBe(101);
  });

  it('that only its deadline ends is a deadlock', () => {
    const late: Effect = { type: 'edgeChanged', neighbor: 1, status: 'inactive', reason: 'deadline' };
    see(0, 999, late);
    expect(messages(1000)).toEqual([]);
    see(0, 1000, late);
    expect(messages(1000)).toEqual(['deadlock: at 1000 ms only its deadline ended the wait of 0 for 1']);
  });

  it('of an asynchronous run that closes waits until all have trained, and then for its levels', () => {
    states = [peer(0, 0, 'asynchronous'), peer(1, 0, 'asynchronous')];
    states[0]!.round = 5;
    for (let nowMs = 1000; nowMs <= 5000; nowMs += 50) {
      see(0, nowMs);
      see(1, nowMs, ended(2));
    }
    expect(messages(5000)).toEqual([]);
    states[1]!.round = 5;
    see(1, 5050);
    see(0, 5050);
    expect(messages(5251)).toEqual(
      [1, 0].map((node) => `close of peer ${node}: 201 ms since 5050, wanted 200 at most`),
    );
  });
});

describe('an edge', () => {
  const inactiveAt = (node: number): void => {
    edgeOf(states[node]!, 1 - node).status = 'inactive';
  };

  it('is to be active at both ends, from when both are there and have a link', () => {
    inactiveAt(0);
    edgeOf(states[1]!, 0).linked = false;
    see(0, 1000);
    see(1, 1500, ended(2));
    edgeOf(states[1]!, 0).linked = true;
    see(1, 1600, ended(3));
    edgeOf(states[0]!, 1).status = 'active';
    see(0, 1900, ended(2));
    expect(checker.reactivated).toBe(1);
    expect(checker.longest.edgeMs).toBe(300);
    inactiveAt(1);
    see(1, 2000, ended(4));
    see(1, 2301, ended(5));
    expect(messages(2301)).toContain('edge 0-1: 301 ms since 2000, wanted 300 at most');
  });

  it('to a peer that has finished is not waited for', () => {
    inactiveAt(0);
    states[1]!.phase = 'finished';
    see(0, 1000, ended(2));
    see(1, 1000);
    see(0, 2000, ended(3));
    expect(messages(2000).filter((message) => message.startsWith('edge'))).toEqual([]);
  });
});

describe('a newcomer', () => {
  it('is to begin once a neighbor with a model and a link is there', () => {
    states[1] = Object.assign(peer(1, 1), { phase: 'joining' });
    see(1, 1000);
    see(0, 1050, ended(2));
    see(1, 1100);
    expect(messages(1500)).not.toContainEqual(expect.stringContaining('join'));
    expect(messages(1501)).toContain('join of peer 1: 401 ms since 1100, wanted 400 at most');
  });

  it('may wait for ever where nobody has a model', () => {
    states = [peer(0, 1), peer(1, 1)].map((state) => Object.assign(state, { phase: 'joining' }));
    see(0, 1000);
    see(1, 1000);
    see(0, 9000);
    expect(messages(9000)).toEqual([]);
  });
});
