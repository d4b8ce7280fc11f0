/**
 * The state of a peer for a checkpoint (base/snapshot.ts), and the peer that goes on from it. All fields are saved but those
 * that the configuration gives: an algorithm's memories, replicas, sequence numbers, deltas without an acknowledgment,
 * backed-off steps, and whatever is added to the state later.
 *
 * A peer is saved at the end of a round. Where a swarm is resumed, all of it goes on from one round, so both ends of an edge
 * have applied the same exchanges; or one end has, and then the other sends its difference again and is answered.
 */
import { assert } from '../base/assert.js';
import type { EdgeState, PeerState } from './peer-state.js';
import { forgetTimes } from './round-times.js';

/** What a state holds beside what its configuration gives it. */
export type PeerSnapshot = Omit<PeerState, 'context' | 'algorithm' | 'options' | 'diameter'>;

/** The saved part of `state`: its own arrays and objects, nothing copied. */
export function savedPartOf(state: PeerState): PeerSnapshot {
  const {
    context: _context,
    algorithm: _algorithm,
    options: _options,
    diameter: _diameter,
    ...saved
  } = state;
  return saved;
}

/** Takes in a saved part that was restored into `savedPartOf(state)`: the peer as it was, in the middle of what it did. */
export function adoptSavedPart(state: PeerState, saved: PeerSnapshot): void {
  assert(
    saved.edges.every(({ neighbor }, k) => neighbor === state.edges[k]?.neighbor),
    'a snapshot has the neighbors that the topology gives its peer',
  );
  Object.assign(state, saved);
}

/** Of an edge, what belongs to the process that was there before: links and clocks. */
function relink(edge: EdgeState): void {
  Object.assign(edge, {
    status: 'inactive',
    linked: false,
    lastHeardMs: 0,
    lastSentMs: 0,
    ownSinceMs: 0,
    ownSentMs: 0,
    previousSentMs: 0,
    deltaHeardMs: 0,
    // What a neighbor was ahead with, it will send again: that of the round it goes on from.
    theirs: null,
    theirsNext: null,
  });
}

/**
 * Makes a peer that was saved when it had finished `round` one that waits for its start, without links: `start` begins the
 * round after.
 */
export function beginAfter(state: PeerState, round: number): void {
  const { edges, options } = state;
  edges.forEach(relink);
  forgetTimes(state);
  Object.assign(state, {
    phase: 'idle',
    round,
    level: 0,
    exchangingSinceMs: 0,
    lastTickMs: 0,
    contraction: null,
    shiftSum: 0,
    lastRound: options.rounds,
  });
}

/**
 * Moves a peer that was made afresh to where it was saved when it had finished `round`; it waits for its start.
 * With edges that have no common rounds (pace asynchronous) these begin anew: only the model goes on.
 * @param restore the snapshot, into `template` where one is given
 */
export function goOnFrom(
  state: PeerState,
  round: number,
  restore: (template?: PeerSnapshot) => PeerSnapshot,
): void {
  if (state.context.pace === 'lockstep') adoptSavedPart(state, restore(savedPartOf(state)));
  else {
    const { parameters, edges } = restore();
    state.parameters.set(parameters);
    // How far the neighbors were (coming-back.ts).
    state.edges.forEach((edge, k) => Object.assign(edge, { heardRound: edges[k]?.heardRound ?? 0 }));
  }
  beginAfter(state, round);
}
