/**
 * What a live display knows, folded from the events one by one: foldDisplay(state, event) is pure and never
 * reads a clock, so a display can be replayed from a metrics file. Time on it is the events' own.
 */
import type { EndEvent, EvaluationEvent, MetricsEvent, RoundEvent, RunEvent } from '../metrics/events.js';

export type PeerStatus = 'starting' | 'training' | 'done' | 'lost';

export interface PeerDisplay {
  readonly peer: number;
  readonly status: PeerStatus;
  /** Rounds finished. */
  readonly round: number;
  readonly loss: number | null;
  /** Of the last round that was evaluated. */
  readonly accuracy: number | null;
  readonly payloadBytes: number;
  readonly wireBytes: number;
  readonly uncompressedBytes: number;
  readonly activeLinks: number;
  readonly links: number;
  /** Why it was lost. */
  readonly reason: string | null;
}

export interface DisplayState {
  readonly run: RunEvent | null;
  /** Rounds the run is to last; null if the configuration does not say. */
  readonly totalRounds: number | null;
  /** By node index. */
  readonly peers: readonly PeerDisplay[];
  readonly evaluation: EvaluationEvent | null;
  /** Latest time of any event. */
  readonly atMs: number;
  /** The latest thing worth a person's attention. */
  readonly notice: string | null;
  readonly outcome: EndEvent['outcome'] | null;
}

/** Before the first event. */
export const emptyDisplay: DisplayState = {
  run: null,
  totalRounds: null,
  peers: [],
  evaluation: null,
  atMs: 0,
  notice: null,
  outcome: null,
};

function startingPeer(run: RunEvent, peer: number): PeerDisplay {
  const links = run.topology.edges.filter(([a, b]) => a === peer || b === peer).length;
  return {
    peer,
    status: 'starting',
    round: 0,
    loss: null,
    accuracy: null,
    payloadBytes: 0,
    wireBytes: 0,
    uncompressedBytes: 0,
    activeLinks: 0,
    links,
    reason: null,
  };
}

function foldRun(state: DisplayState, run: RunEvent): DisplayState {
  const totalRounds = typeof run.config.rounds === 'number' ? run.config.rounds : null;
  const peers = Array.from({ length: run.topology.nodes }, (_, peer) => startingPeer(run, peer));
  return { ...state, run, totalRounds, peers };
}

function withPeer(state: DisplayState, peer: number, change: Partial<PeerDisplay>): DisplayState {
  const known = state.peers[peer];
  return known === undefined ? state : { ...state, peers: state.peers.with(peer, { ...known, ...change }) };
}

function foldRound(state: DisplayState, event: RoundEvent): DisplayState {
  const before = state.peers[event.peer];
  const done = state.totalRounds !== null && event.round >= state.totalRounds;
  return withPeer(state, event.peer, {
    status: before?.status === 'lost' ? 'lost' : done ? 'done' : 'training',
    round: event.round,
    loss: event.loss,
    accuracy: event.accuracy ?? before?.accuracy ?? null,
    payloadBytes: event.payloadBytes,
    wireBytes: event.wireBytes,
    uncompressedBytes: event.uncompressedBytes,
    activeLinks: event.activeLinks,
    links: event.links,
  });
}

/** The state after `event`. O(peers) for a round. Edge events change nothing: round events carry the links. */
export function foldDisplay(before: DisplayState, event: MetricsEvent): DisplayState {
  if (event.event === 'run') return foldRun(before, event);
  const state = { ...before, atMs: Math.max(before.atMs, event.atMs) };
  switch (event.event) {
    case 'round':
      return foldRound(state, event);
    case 'evaluation':
      return { ...state, evaluation: event };
    case 'peer-lost': {
      const notice = `peer ${event.peer} lost in round ${event.round}: ${event.reason}`;
      return {
        ...withPeer(state, event.peer, { status: 'lost', activeLinks: 0, reason: event.reason }),
        notice,
      };
    }
    case 'notice':
      return { ...state, notice: event.message };
    case 'end':
      return { ...state, outcome: event.outcome };
    case 'edge':
      return state;
    default:
      return event satisfies never;
  }
}

/** The peers that anything is known of: all, or the one whose events these are. */
export function shownPeers({ run, peers }: DisplayState): readonly PeerDisplay[] {
  return run?.peer === undefined ? peers : peers.filter(({ peer }) => peer === run.peer);
}

/** Share of the run that is behind the living peers, in [0, 1]; null where the rounds are not known. */
export function progressOf(state: DisplayState): number | null {
  if (state.totalRounds === null || state.totalRounds === 0) return null;
  const living = shownPeers(state).filter((peer) => peer.status !== 'lost');
  if (living.length === 0) return null;
  const rounds = living.reduce((sum, peer) => sum + peer.round, 0) / living.length;
  return Math.min(1, rounds / state.totalRounds);
}
