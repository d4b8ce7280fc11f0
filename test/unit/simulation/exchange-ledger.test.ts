/** What excuses an exchange that one end only has applied, and what does not. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Effect } from '../../../src/consensus/events.js';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import { ExchangeLedger } from '../../../src/simulation/exchange-ledger.js';
import { createHandDrivenPeer, edgeOf, handDelta } from '../../reference/hand-driven-peer.js';

const options = { silenceMs: 1000, retransmitMs: 100 };
const input = { type: 'start' } as const;

function peer(node: number, incarnation = 0): PeerState {
  const state = createHandDrivenPeer({
    node,
    neighbors: [1 - node],
    parameters: [1, 2],
    options,
    incarnation,
  });
  edgeOf(state, 1 - node).linked = true;
  return state;
}

const applied = (neighbor: number, sequence: number, values = [3, 4]): Effect => ({
  type: 'exchangeApplied',
  neighbor,
  sequence,
  audit: { correction: Float32Array.from(values), correctionSum: 7, replicaHash: 5 },
});

let states: Map<number, PeerState>;
let ledger: ExchangeLedger;

function see(node: number, ...effects: readonly Effect[]): void {
  ledger.observe({ node, nowMs: 0, input, effects, state: states.get(node)!, training: null });
}

/** Peer 1 leaves with its difference of exchange 1 unanswered, which it has sent so often. */
function leaveUnanswered(tries: number): void {
  const delta = handDelta(1, [0, 0]);
  edgeOf(states.get(1)!, 0).own = delta;
  for (let time = 0; time < tries; time++) see(1, { type: 'sendDelta', to: 0, delta });
  see(1, { type: 'finished', round: 1 });
}

const conclude = (living: readonly number[] = [0, 1]) => ledger.conclude(new Set(living), states);

beforeEach(() => {
  states = new Map([
    [0, peer(0)],
    [1, peer(1)],
  ]);
  ledger = new ExchangeLedger();
});

describe('an exchange that peer 0 has applied and peer 1 has not', () => {
  beforeEach(() => see(0, applied(1, 1)));

  it('has no excuse where both live and have a link', () => {
    leaveUnanswered(7);
    expect(conclude()).toEqual({ gone: 0, restarted: 0, cut: 0, refused: 0, unheard: 0 });
    expect(ledger.problems).toMatchObject([{ invariant: 'half-applied' }]);
  });

  it('has none where peer 1 never finished', () => {
    conclude();
    expect(ledger.problems).toMatchObject([{ invariant: 'half-applied' }]);
  });

  it('is unheard where peer 1 asked for a silence, which holds ten retransmissions', () => {
    leaveUnanswered(8);
    expect(conclude()).toMatchObject({ unheard: 1 });
    expect(ledger.problems).toEqual([]);
  });

  it('is cut where peer 1 had no link when it finished, and not where peer 0 had none', () => {
    edgeOf(states.get(1)!, 0).linked = false;
    leaveUnanswered(1);
    expect(conclude()).toMatchObject({ cut: 1 });
    expect(ledger.problems).toEqual([]);
  });

  it('is no cut for a link that peer 0 alone had lost', () => {
    edgeOf(states.get(0)!, 1).linked = false;
    see(0, { type: 'finished', round: 1 });
    leaveUnanswered(1);
    conclude();
    expect(ledger.problems).toMatchObject([{ invariant: 'half-applied' }]);
  });

  it('is refused where peer 1 closed the edge for it, and not where peer 0 did', () => {
    const refuse = (neighbor: number): Effect => ({
      type: 'refuse',
      neighbor,
      code: 'PAYLOAD_BAD_VALUE',
      message: '',
    });
    see(0, refuse(1));
    conclude();
    expect(ledger.problems).toMatchObject([{ invariant: 'half-applied' }]);
    see(1, refuse(0));
    expect(conclude()).toMatchObject({ refused: 1 });
  });

  it('is gone with a peer that is dead', () => {
    expect(conclude([0])).toMatchObject({ gone: 1 });
    expect(ledger.problems).toEqual([]);
  });

  it('is restarted with a peer that lost its state, if the survivor counted ||c|| as drift', () => {
    states.set(1, peer(1, 1));
    ledger.forget(1);
    edgeOf(states.get(0)!, 1).theirIncarnation = 1;
    states.get(0)!.driftBound = 5;
    expect(conclude()).toMatchObject({ restarted: 1 });
    expect(ledger.problems).toEqual([]);
    states.get(0)!.driftBound = 4.9;
    conclude();
    expect(ledger.problems).toMatchObject([{ invariant: 'drift' }]);
  });
});

describe('exchanges of one edge', () => {
  it('come in order at each end, one apart at most, and alike', () => {
    see(0, applied(1, 1));
    see(1, applied(0, 1));
    see(1, applied(0, 2));
    see(0, applied(1, 2));
    expect(ledger.problems).toEqual([]);
    expect(ledger.compared).toBe(2);
  });

  it('are out of order where one is skipped, comes twice, or runs two ahead', () => {
    see(0, applied(1, 2));
    expect(ledger.problems.map(({ invariant }) => invariant)).toEqual(['order']);
    see(0, applied(1, 2));
    expect(ledger.problems.length).toBeGreaterThan(1);
  });

  it('begin with 1 in another life, and never go back to an earlier one', () => {
    see(0, applied(1, 1));
    see(1, applied(0, 1));
    const edge = edgeOf(states.get(0)!, 1);
    edge.theirIncarnation = 1;
    see(0, applied(1, 1));
    expect(ledger.problems).toEqual([]);
    edge.theirIncarnation = 0;
    see(0, applied(1, 2));
    expect(ledger.problems).toMatchObject([{ invariant: 'order' }]);
  });

  it('are told apart by a sign of zero', () => {
    see(0, applied(1, 1, [0, 7]));
    see(1, applied(0, 1, [-0, 7]));
    expect(ledger.problems).toMatchObject([{ invariant: 'antisymmetry' }]);
  });
});

describe('a peer that goes on from a checkpoint', () => {
  const problems = () => ledger.problems.map(({ invariant }) => invariant);

  function comeBack(saved: { readonly applied: number; readonly begun: boolean }, incarnation = 0): void {
    const state = Object.assign(peer(1), { incarnation });
    Object.assign(edgeOf(state, 0), saved);
    states.set(1, state);
    ledger.forget(1);
    ledger.goBack(1, state);
  }

  beforeEach(() => {
    for (const sequence of [1, 2]) for (const node of [0, 1]) see(node, applied(1 - node, sequence));
  });

  it('may apply again what it has not saved, as the other end did, and goes on from there', () => {
    comeBack({ applied: 1, begun: true });
    see(1, applied(0, 2));
    for (const node of [1, 0]) see(node, applied(1 - node, 3));
    expect(problems()).toEqual([]);
  });

  it('is held to what it did before it was saved, and to what the other end did', () => {
    comeBack({ applied: 1, begun: true });
    see(1, applied(0, 2, [3, 5]));
    expect(problems()).toEqual(['antisymmetry']);
    see(1, applied(0, 2));
    expect(problems()).toEqual(['antisymmetry', 'order']);
  });

  it('forgets an exchange that it alone had applied', () => {
    see(1, applied(0, 3));
    comeBack({ applied: 2, begun: true });
    for (const node of [0, 1]) see(node, applied(1 - node, 3));
    expect(problems()).toEqual([]);
    expect(conclude()).toEqual({ gone: 0, restarted: 0, cut: 0, refused: 0, unheard: 0 });
  });

  it('begins with 1 where its edge had not begun: the number that it saved is of the life before', () => {
    comeBack({ applied: 2, begun: false }, 1);
    see(1, applied(0, 1));
    edgeOf(states.get(0)!, 1).theirIncarnation = 1;
    see(0, applied(1, 1));
    expect(problems()).toEqual([]);
  });
});
