/**
 * A simulation between two events as plain data (base/snapshot.ts), and back: peers, events to come, links, clocks. With its
 * arguments it is all that decides what comes next, so a simulation that goes on from it goes on to the bit, at the same
 * virtual times.
 */
import { GrapevineError } from '../base/errors.js';
import { adoptSavedPart, beginAfter, type PeerSnapshot, savedPartOf } from '../consensus/peer-snapshot.js';
import type { EventQueue, Scheduled } from './event-queue.js';
import type { VirtualLink } from './link-model.js';
import type { Event, Fault, NodeEvent, SuddenFault, VirtualNode } from './virtual-node.js';

/** An event as it is saved: of a fault its place in the list, since an attack is a function. */
type SavedEvent = Exclude<Event, { type: 'fault' }> | { readonly type: 'fault'; readonly index: number };

/** All of a simulation but its arguments: plain data, nothing copied. */
export interface SavedSimulation {
  readonly nowMs: number;
  readonly timerTokens: number;
  readonly queue: {
    readonly scheduled: number;
    readonly events: readonly Scheduled<{ readonly node: number; readonly event: SavedEvent }>[];
  };
  readonly nodes: readonly (Omit<VirtualNode, 'state' | 'links' | 'attack'> & {
    readonly peer: PeerSnapshot;
    readonly links: ReadonlyMap<number, VirtualLink['state']>;
    /** The fault that made it a liar; -1 where it is none. */
    readonly lie: number;
  })[];
}

/** The parts of a simulator. */
interface Simulation {
  readonly nodes: readonly VirtualNode[];
  readonly queue: EventQueue<NodeEvent>;
  readonly faults: readonly Fault[];
}

export function saveSimulation(
  at: Simulation & { readonly nowMs: number; readonly timerTokens: number },
): SavedSimulation {
  const { nodes, queue, faults, nowMs, timerTokens } = at;
  const { scheduled, events } = queue.pending();
  return {
    nowMs,
    timerTokens,
    queue: {
      scheduled,
      events: events.map(({ event: { node, event }, ...at }) => {
        if (event.type !== 'fault') return { ...at, event: { node, event } };
        return { ...at, event: { node, event: { type: 'fault', index: faults.indexOf(event.fault) } } };
      }),
    },
    nodes: nodes.map(({ state, links, attack, ...rest }) => ({
      ...rest,
      peer: savedPartOf(state),
      links: new Map([...links].map(([to, link]) => [to, link.state])),
      lie: faults.findIndex((fault) => fault.type === 'lie' && fault.attack === attack),
    })),
  };
}

/** Moves a simulation made afresh to the saved one. */
export function loadSimulation({ queue: saved, nodes: savedNodes }: SavedSimulation, into: Simulation): void {
  const { nodes, queue, faults } = into;
  queue.restore({
    scheduled: saved.scheduled,
    events: saved.events.map(({ event: { node, event }, ...at }) => {
      if (event.type !== 'fault') return { ...at, event: { node, event } };
      return { ...at, event: { node, event: { type: 'fault', fault: faults[event.index] as SuddenFault } } };
    }),
  });
  savedNodes.forEach(({ peer, links, lie, ...rest }, index) => {
    const node = nodes[index]!;
    const liar = faults[lie];
    adoptSavedPart(node.state, peer);
    for (const [to, state] of links) Object.assign(node.links.get(to)!.state, state);
    Object.assign(node, rest, { attack: liar?.type === 'lie' ? liar.attack : null });
  });
}

/**
 * A run that was saved may get more rounds. Where all peers have come to their end, they are made to begin again from there,
 * and true is returned: they are to be started.
 * @throws GrapevineError BAD_USAGE where only some have ended
 */
export function giveMoreRounds(nodes: readonly VirtualNode[]): boolean {
  const living = nodes.filter(({ alive }) => alive).map(({ state }) => state);
  if (living.every(({ lastRound, options }) => lastRound === options.rounds)) return false;
  const ended = living.filter(({ phase }) => phase === 'draining' || phase === 'finished');
  if (ended.length > 0 && living.some(({ phase }) => phase !== 'finished')) {
    throw new GrapevineError(
      'BAD_USAGE',
      `some peers of this checkpoint have ended at round ${ended[0]!.round}: resume with the rounds that it began with, ` +
        'then once more with more of them.',
    );
  }
  for (const state of living) {
    if (ended.length > 0) beginAfter(state, state.round);
    state.lastRound = state.options.rounds;
  }
  return ended.length > 0;
}
