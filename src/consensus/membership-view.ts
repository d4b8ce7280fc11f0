/**
 * Which places of a swarm are taken, as far as one peer has heard, and who its neighbors are by that: the part of a changing
 * membership that both drivers share. How a peer hears is theirs (node/presence.ts, simulation/virtual-membership.ts).
 *
 * Word comes in bursts: a neighbor dies with its process, and others with it; a partition heals, and all come back. So neighbors
 * change only once the view has been still for `settleMs`, or, where it never is, some times that after the first change: who
 * comes and goes faster does not rewire the swarm each time.
 *
 * Plain data, changed by the functions here alone, and no clock: times are arguments.
 */
import { idOfPlace } from '../topology/members.js';
import { type MembershipTopology, neighborsFor } from '../topology/membership-topology.js';

export interface MembershipOptions {
  readonly rule: MembershipTopology;
  /** Places of the swarm, taken or not. */
  readonly places: number;
  /** A member that has given no sign of life for this long is absent. Milliseconds. */
  readonly absentMs: number;
  /** A view that has not changed for this long is acted upon. Milliseconds. */
  readonly settleMs: number;
}

/** A view that never comes to rest is acted upon after this many times `settleMs`. */
export const MOST_SETTLES = 5;

export interface MembershipView {
  readonly self: number;
  readonly rule: MembershipTopology;
  readonly settleMs: number;
  /** By place: somebody is there. */
  readonly present: boolean[];
  /** As the view was when it last settled; ascending. */
  neighbors: readonly number[];
  /** Of what has changed since: when first, and when last; null where nothing has. */
  unsettled: { readonly sinceMs: number; readonly changedMs: number } | null;
}

/** What has become of the neighbors; each ascending. */
export interface NeighborChange {
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

function neighborsIn({ self, rule, present }: Pick<MembershipView, 'self' | 'rule' | 'present'>): number[] {
  const members = [...present.keys()].filter((place) => present[place]).map(idOfPlace);
  return neighborsFor(members, idOfPlace(self), rule)
    .map(Number)
    .sort((a, b) => a - b);
}

/** @param everybody all places count as taken at first; else this peer is alone */
export function createView(self: number, options: MembershipOptions, everybody: boolean): MembershipView {
  const { rule, places, settleMs } = options;
  const present = Array.from({ length: places }, (_, place) => everybody || place === self);
  return { self, rule, settleMs, present, neighbors: neighborsIn({ self, rule, present }), unsettled: null };
}

/** Somebody is at `place` now, or nobody is. Of this peer's own place there is nothing to hear. */
export function setPresent(view: MembershipView, place: number, present: boolean, nowMs: number): void {
  if (place === view.self || view.present[place] !== !present) return;
  view.present[place] = present;
  view.unsettled = { sinceMs: view.unsettled?.sinceMs ?? nowMs, changedMs: nowMs };
}

/** When the view may be acted upon; null where nothing has changed. */
export function settlesAtMs({ unsettled, settleMs }: MembershipView): number | null {
  if (unsettled === null) return null;
  return Math.min(unsettled.changedMs + settleMs, unsettled.sinceMs + MOST_SETTLES * settleMs);
}

/** Takes the neighbors from the view, if it may be acted upon; null where they stay who they were. */
export function settle(view: MembershipView, nowMs: number): NeighborChange | null {
  const dueMs = settlesAtMs(view);
  if (dueMs === null || nowMs < dueMs) return null;
  const before = view.neighbors;
  view.unsettled = null;
  view.neighbors = neighborsIn(view);
  const added = view.neighbors.filter((neighbor) => !before.includes(neighbor));
  const removed = before.filter((neighbor) => !view.neighbors.includes(neighbor));
  return added.length + removed.length === 0 ? null : { added, removed };
}
