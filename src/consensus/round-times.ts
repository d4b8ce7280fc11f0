/**
 * When a peer trained, spoke and heard: what it knows to choose its local steps by (adaptive-steps.ts). Called where these
 * things happen, and of no effect where all peers take all steps.
 */
import type { Delta } from '../wire/frame.js';
import { chooseSteps, fitOf, MEMORY } from './adaptive-steps.js';
import { opensRound } from './exchange.js';
import type { EdgeState, PeerState } from './peer-state.js';

/** Training begins: how many steps it is to take; nothing where they do not adapt. */
export function beginSteps(
  { stepping, options, edges }: PeerState,
  nowMs: number,
): { readonly steps?: number } {
  if (stepping === null || options.stepping === undefined) return {};
  const { localSteps } = options.stepping;
  const active = edges.filter(({ status }) => status === 'active').map(({ neighbor }) => neighbor);
  const answersMs = stepping.neighbors
    .filter(({ neighbor }) => active.includes(neighbor))
    .flatMap(({ answerMs }) => answerMs ?? []);
  const { steps, tookMs } = stepping;
  if (tookMs !== null && answersMs.length > 0) {
    const fit = fitOf({ steps, tookMs }, answersMs, localSteps);
    stepping.recent = [...stepping.recent, fit].slice(-MEMORY);
    stepping.steps = chooseSteps(stepping, options.stepping);
  }
  stepping.tookMs = null;
  stepping.trainingSinceMs = nowMs;
  return { steps: stepping.steps };
}

/** Training has ended. */
export function noteTrained({ stepping }: PeerState, nowMs: number): void {
  if (stepping !== null) stepping.tookMs = nowMs - stepping.trainingSinceMs;
}

/** This peer has made its difference of exchange `sequence`. */
export function noteSaid({ stepping }: PeerState, { neighbor, own }: EdgeState, nowMs: number): void {
  if (stepping === null || own === null) return;
  const { sequence } = own;
  const known = stepping.neighbors.find((times) => times.neighbor === neighbor);
  if (known?.sequence === sequence - 1) {
    Object.assign(known, { sequence, saidMs: nowMs, saidBeforeMs: known.saidMs });
    return;
  }
  // The first one, or the first of another life of the edge.
  const fresh = { neighbor, sequence, saidMs: nowMs, saidBeforeMs: null, heard: 0, answerMs: null };
  stepping.neighbors = [...stepping.neighbors.filter((times) => times !== known), fresh];
}

/** A difference has come; only a neighbor's first of a round says how long the neighbor trained. */
export function noteHeard(
  { stepping, algorithm }: PeerState,
  { neighbor }: EdgeState,
  { delta, nowMs }: { readonly delta: Delta; readonly nowMs: number },
): void {
  const times = stepping?.neighbors.find((each) => each.neighbor === neighbor);
  const { sequence } = delta;
  if (times === undefined || sequence <= times.heard || sequence > times.sequence + 1) return;
  times.heard = sequence;
  const since = sequence > times.sequence ? times.saidMs : times.saidBeforeMs;
  if (since !== null && opensRound(delta, algorithm)) times.answerMs = nowMs - since;
}

/** A peer that goes on from a checkpoint has a clock that says nothing of before: it keeps h, and looks anew. */
export function forgetTimes({ stepping }: PeerState): void {
  if (stepping !== null) Object.assign(stepping, { trainingSinceMs: 0, tookMs: null, neighbors: [] });
}
