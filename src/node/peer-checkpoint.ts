/** What is saved of one peer on real links: the core's state, the optimizer's, and what the driver has counted. */
import { assert } from '../base/assert.js';
import { goOnFrom, type PeerSnapshot, savedPartOf } from '../consensus/peer-snapshot.js';
import type { PeerState } from '../consensus/peer-state.js';
import type { PhaseSeconds } from '../metrics/events.js';
import type { OptimizerState } from '../training/optimizer.js';
import type { Trainer } from '../training/trainer.js';
import { type Parts, type SavedState, snapshotOf } from './checkpoint.js';

/** Sums since the start of the run, over all processes that the peer has lived in. */
export interface PeerCounts {
  readonly seconds: PhaseSeconds;
  readonly totals: {
    readonly payloadBytes: number;
    readonly uncompressedBytes: number;
    readonly samples: number;
  };
  readonly sentBytes: number;
}

/** Copies, for encodeCheckpoint. */
export interface SavedPeer {
  readonly round: number;
  readonly parameters: Float32Array;
  readonly parts: Parts;
}

/** The owner of peer `node`'s checkpoints. */
export function ownerOf(node: number): string {
  return `peer-${node}`;
}

/** Copies the core's state before it returns, and asks for the optimizer's before the next round can be asked for. */
export async function savePeer(from: {
  readonly state: PeerState;
  readonly trainer: Trainer;
  readonly round: number;
  readonly counts: PeerCounts;
}): Promise<SavedPeer> {
  const { state, trainer, round, counts } = from;
  assert(trainer.saveState !== undefined, 'a trainer whose peer is saved can be saved');
  const peer = snapshotOf('peer', savedPartOf(state));
  const parameters = state.parameters.slice();
  const optimizer = snapshotOf('optimizer', await trainer.saveState());
  return { round, parameters, parts: { peer, optimizer, counts: snapshotOf('counts', counts) } };
}

/**
 * Moves a peer that was made afresh, and its trainer, to where `saved` was; it waits for its start. What it had counted.
 */
export async function restorePeer(
  saved: SavedState,
  { state, trainer }: { readonly state: PeerState; readonly trainer: Trainer },
): Promise<PeerCounts> {
  assert(trainer.restoreState !== undefined, 'a trainer whose peer is saved can be restored');
  await trainer.restoreState(saved.restore('optimizer') as OptimizerState);
  goOnFrom(state, saved.round, (template) => saved.restore('peer', template) as PeerSnapshot);
  return saved.restore('counts') as PeerCounts;
}
