/** What a peer's metrics say of a round that it has finished, and of an edge that has changed. */
import { namedOmegas } from '../compression/contraction.js';
import type { Effect } from '../consensus/events.js';
import { presentEdges } from '../consensus/neighbor-set.js';
import type { PeerState } from '../consensus/peer-state.js';
import type { EdgeEvent, RoundEvent } from '../metrics/events.js';

/** What its driver has counted and timed, since the run began. */
export interface Measured {
  readonly totals: Pick<RoundEvent, 'payloadBytes' | 'uncompressedBytes' | 'samples'>;
  readonly seconds: RoundEvent['seconds'];
  readonly sentBytes: number;
  /** Of the latest local steps. */
  readonly loss: number;
}

export function roundEventOf(
  { context, edges }: Pick<PeerState, 'context' | 'edges'>,
  effect: Extract<Effect, { type: 'roundFinished' }>,
  { totals, seconds, sentBytes, loss }: Measured,
): Omit<RoundEvent, 'atMs'> {
  return {
    event: 'round',
    peer: context.node,
    round: effect.round,
    loss,
    accuracy: null,
    activeLinks: effect.appliedEdges,
    links: presentEdges({ edges }).length,
    ...(context.pace === 'lockstep' ? {} : { exchanges: edges.map(({ applied }) => applied) }),
    payloadBytes: totals.payloadBytes,
    wireBytes: sentBytes,
    uncompressedBytes: totals.uncompressedBytes,
    samples: totals.samples,
    ...(effect.steps === undefined ? {} : { steps: effect.steps }),
    seconds,
    ...namedOmegas(context.blocks, effect.contraction),
  };
}

export function edgeEventOf(
  { context, round }: Pick<PeerState, 'context' | 'round'>,
  { neighbor, status, reason }: Extract<Effect, { type: 'edgeChanged' }>,
): Omit<EdgeEvent, 'atMs'> {
  return { event: 'edge', peer: context.node, neighbor, round, state: status, reason };
}
