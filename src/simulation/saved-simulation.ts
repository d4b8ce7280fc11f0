/**
 * A simulation between two events as plain data (base/snapshot.ts), and back: peers, events to come, links, clocks. With its
 * arguments it is all that decides what comes next, so a simulation that goes on from it goes on to the bit, at the same
 * virtual times.
 */
import { GrapevineError } from '../base/errors.js';
import { adoptSavedPart, beginAfter, type PeerSnapshot, savedPartOf } from '../consensus/peer-snapshot.js';
import type { EventQueue, Scheduled } from './event-queue.js';
import type { Fault, Partition, SuddenFault } from './fault.js';
import type { SavedNetwork, VirtualNetwork } from './network.js';
import type { Event, NodeEvent, VirtualNode } from './virtual-node.js';

type Lie = Extract<SuddenFault, { type: 'lie' }>;

/** An event as it is saved: of a lie its place in the list of faults, since an attack is a function. */
type SavedEvent =
  | Exclude<Event, { type: 'fault' }>
  | { readonly type: 'fault'; readonly fault: Exclude<SuddenFault, Lie> }
  | { readonly type: 'lie'; readonly index: number };

/** All of a simulation but its arguments: plain data, nothing copied. */
export interface SavedSimulation {
  readonly nowMs: number;
  readonly timerTokens: number;
  readonly queue: {
    readonly scheduled: number;
    readonly events: readonly Scheduled<{ readonly node: number; readonly event: SavedEvent }>[];
  };
  readonly network: SavedNetwork;
  readonly partitions: readonly Partition[];
  readonly nodes: readonly (Omit<VirtualNode, 'state' | 'attack'> & {
    readonly peer: PeerSnapshot;
    /** The fault that made it a liar; -1 where it is none. */
    readonly lie: number;
  })[];
}

/** The parts of a simulator. */
interface Simulation {
  readonly nodes: readonly VirtualNode[];
  readonly queue: EventQueue<NodeEvent>;
  readonly network: VirtualNetwork;
  readonly partitions: Set<Partition>;
  readonly faults: readonly Fault[];
}

function savedEvent(event: Event, faults: readonly Fault[]): SavedEvent {
  if (event.type !== 'fault') return event;
  const { fault } = event;
  return fault.type === 'lie' ? { type: 'lie', index: faults.indexOf(fault) } : { type: 'fault', fault };
}

function loadedEvent(event: SavedEvent, faults: readonly Fault[]): Event {
  return event.type === 'lie' ? { type: 'fault', fault: faults[event.index] as SuddenFault } : event;
}

export function saveSimulation(
  at: Simulation & { readonly nowMs: number; readonly timerTokens: number },
): SavedSimulation {
  const { nodes, queue, network, partitions, faults, nowMs, timerTokens } = at;
  const { scheduled, events } = queue.pending();
  return {
    nowMs,
    timerTokens,
    queue: {
      scheduled,
      events: events.map(({ event: { node, event }, ...at }) => {
        return { ...at, event: { node, event: savedEvent(event, faults) } };
      }),
    },
    network: network.saved(),
    partitions: [...partitions],
    nodes: nodes.map(({ state, attack, ...rest }) => ({
      ...rest,
      peer: savedPartOf(state),
      lie: faults.findIndex((fault) => fault.type === 'lie' && fault.attack === attack),
    })),
  };
}

/** Moves a simulation made afresh to the saved one. */
export function loadSimulation(saved: SavedSimulation, into: Simulation): void {
  const { nodes, queue, network, partitions, faults } = into;
  queue.restore({
    scheduled: saved.queue.scheduled,
    events: saved.queue.events.map(({ event: { node, event }, ...at }) => {
      return { ...at, event: { node, event: loadedEvent(event, faults) } };
    }),
  });
  network.restore(saved.network);
  for (const partition of saved.partitions) partitions.add(partition);
  saved.nodes.forEach(({ peer, lie, ...rest }, index) => {
    const node = nodes[index]!;
    const liar = faults[lie];
    adoptSavedPart(node.state, peer);
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
