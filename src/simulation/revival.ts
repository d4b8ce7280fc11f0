/** Peers of a simulation that are started again from a checkpoint of theirs, as a real one is from its disk. */
import { copySnapshot, restoreSnapshot, takeSnapshot } from '../base/snapshot.js';
import { comeBack } from '../consensus/coming-back.js';
import type { Effect } from '../consensus/events.js';
import { goOnFrom, type PeerSnapshot, savedPartOf } from '../consensus/peer-snapshot.js';
import type { Fault } from './fault.js';
import type { VirtualNode } from './virtual-node.js';

/** How long a peer that goes on from a checkpoint waits for its neighbors. Virtual milliseconds. */
export const START_TIMEOUT_MS = 10_000;

/** Who is to be started again from a checkpoint, and how often it makes one. */
export function checkpointsAmong(faults: readonly Fault[]): ReadonlyMap<number, number> {
  return new Map(
    faults.flatMap((fault) =>
      fault.type === 'restart' && fault.checkpointEvery !== undefined
        ? [[fault.node, fault.checkpointEvery]]
        : [],
    ),
  );
}

/** After a step: keeps what the peer is, at the end of every so many rounds. */
export function saveIfDue(node: VirtualNode, effects: readonly Effect[], every: number | undefined): void {
  if (every === undefined) return;
  for (const effect of effects) {
    if (effect.type !== 'roundFinished' || effect.round % every !== 0) continue;
    node.saved = { round: effect.round, peer: copySnapshot(takeSnapshot(savedPartOf(node.state), 'peer')) };
  }
}

/** Moves the peer of a new process, made afresh, to where it was saved; its neighbors are to be asked. */
export function reviveFrom({ round, peer }: NonNullable<VirtualNode['saved']>, node: VirtualNode): void {
  const arrays = new Map(peer.arrays.map(({ name, values }) => [name, values]));
  goOnFrom(
    node.state,
    round,
    (template) => restoreSnapshot(peer.structure, (name) => arrays.get(name), template) as PeerSnapshot,
  );
  comeBack(node.state, node.life);
}
