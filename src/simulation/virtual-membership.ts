/**
 * Membership in a simulation whose topology follows its members. What befalls a peer is heard of by each other peer at a
 * time of its own, which the seed draws: so views differ for a while, and edges are wanted by one end only, as in a real
 * swarm. Of a death a peer hears after `absentMs`, of an arrival soon; of what is past by then, not at all.
 *
 * A link is up while both ends want it. An edge that one end gives up keeps its link until the exchange under way has been
 * applied, and, where frames are lost, for a few retransmissions more: the other end may not have got the last one.
 */
import { createRandom, uniform } from '../base/random.js';
import type { Effect, Input } from '../consensus/events.js';
import {
  createView,
  type MembershipOptions,
  setPresent,
  settle,
  settlesAtMs,
} from '../consensus/membership-view.js';
import { presentEdges } from '../consensus/neighbor-set.js';
import type { EventQueue } from './event-queue.js';
import type { Partition, SuddenFault } from './fault.js';
import type { LinkUps } from './link-ups.js';
import type { NodeEvent, VirtualNode } from './virtual-node.js';

/** Word gets around within this share of `absentMs`: members announce themselves some times in it. */
const HEARSAY_SHARE = 0.25;
/** Retransmissions that a link outlasts an edge by; the part of one end is then lost about as rarely as a link is. */
const LINGER_RETRANSMITS = 4;

interface Surroundings {
  readonly nodes: readonly VirtualNode[];
  readonly queue: EventQueue<NodeEvent>;
  readonly linkUps: LinkUps;
  readonly seed: number;
  feed(node: number, input: Input): Promise<void> | void;
}

export class VirtualMembership {
  private readonly options: MembershipOptions;
  private readonly at: Surroundings;

  constructor(options: MembershipOptions, at: Surroundings) {
    this.options = options;
    this.at = at;
    for (const [index, node] of at.nodes.entries()) node.view = createView(index, options, true);
  }

  /** The swarm begins: all places count as taken, until nothing has been heard of one for long enough. */
  begin(nowMs: number): void {
    const { nodes } = this.at;
    for (const [place, { alive }] of nodes.entries()) {
      if (alive) continue;
      for (const to of nodes.keys())
        this.spread(place, to, { present: false, fromMs: nowMs + this.options.absentMs });
    }
  }

  /** A process for `index` begins, which knows nobody. */
  async welcome(index: number, nowMs: number): Promise<void> {
    const { nodes, feed } = this.at;
    const node = nodes[index]!;
    node.view = createView(index, this.options, false);
    node.unlinkMs.clear();
    for (const { neighbor } of presentEdges(node.state))
      await feed(index, { type: 'neighborRemoved', neighbor });
    for (const other of nodes.keys()) {
      this.spread(index, other, { present: true, fromMs: nowMs });
      this.spread(other, index, { present: true, fromMs: nowMs });
    }
  }

  /** All will miss a peer that is struck by this, unless it is back by then. */
  onFault(fault: SuddenFault, nowMs: number): void {
    if (fault.type === 'lie') return;
    const { node } = fault;
    for (const other of this.at.nodes.keys()) {
      this.spread(node, other, { present: false, fromMs: nowMs + this.options.absentMs });
      if ('forMs' in fault && Number.isFinite(fault.forMs))
        this.spread(node, other, { present: true, fromMs: nowMs + fault.forMs });
    }
  }

  /** The two sides of a partition lose sight of each other, or see each other again. */
  onDivide({ nodes: side }: Partition, how: 'divide' | 'heal', nowMs: number): void {
    const [present, fromMs] = how === 'heal' ? [true, nowMs] : [false, nowMs + this.options.absentMs];
    for (const a of side)
      for (const b of this.at.nodes.keys()) {
        if (side.includes(b)) continue;
        this.spread(a, b, { present, fromMs });
        this.spread(b, a, { present, fromMs });
      }
  }

  /** `index` hears whether somebody is at `place`, if that is still so. */
  hear(
    index: number,
    { place, present }: { readonly place: number; readonly present: boolean },
    nowMs: number,
  ) {
    const { view } = this.at.nodes[index]!;
    if (view === null || this.reaches(place, index, nowMs) !== present) return;
    setPresent(view, place, present, nowMs);
    const dueMs = settlesAtMs(view);
    if (dueMs !== null) this.at.queue.push(dueMs, { node: index, event: { type: 'settle' } });
  }

  /** `index` takes its neighbors from its view, if that has settled. */
  async settle(index: number, nowMs: number): Promise<void> {
    const { nodes, linkUps, feed } = this.at;
    const node = nodes[index]!;
    const change = node.view === null ? null : settle(node.view, nowMs);
    for (const neighbor of change?.removed ?? []) {
      await feed(index, { type: 'neighborRemoved', neighbor });
      const edge = node.state.edges.find((each) => each.neighbor === neighbor);
      if (edge?.linked && edge.status !== 'closed') this.release(index, neighbor, nowMs, false);
    }
    for (const neighbor of change?.added ?? []) {
      node.unlinkMs.delete(neighbor);
      await feed(index, { type: 'neighborAdded', neighbor });
      linkUps.link(index, neighbor, nowMs);
    }
  }

  /** An edge that was given up has applied its last exchange. */
  onEffect(index: number, effect: Effect, nowMs: number): void {
    if (effect.type === 'edgeChanged' && effect.status === 'closed' && effect.reason === 'removed')
      this.release(index, effect.neighbor, nowMs, true);
  }

  /** The link of an edge goes down at both ends, if it is still not wanted. */
  unlink(index: number, at: { readonly neighbor: number; readonly dueMs: number }, nowMs: number): void {
    const { nodes, linkUps } = this.at;
    const { neighbor } = at;
    const { state, unlinkMs } = nodes[index]!;
    if (unlinkMs.get(neighbor) !== at.dueMs) return;
    unlinkMs.delete(neighbor);
    if (!state.edges.some((edge) => edge.neighbor === neighbor && edge.linked)) return;
    linkUps.tellDown([index, neighbor], nowMs);
    linkUps.tellDown([neighbor, index], nowMs);
  }

  /** Gives the link time for the exchange under way, or for an end that has not got the last one. */
  private release(index: number, neighbor: number, nowMs: number, isClosed: boolean): void {
    const { retransmitMs, roundDeadlineMs } = this.at.nodes[index]!.state.options;
    const graceMs = isClosed ? LINGER_RETRANSMITS * (retransmitMs ?? 0) : roundDeadlineMs;
    const dueMs = nowMs + graceMs;
    this.at.nodes[index]!.unlinkMs.set(neighbor, dueMs);
    this.at.queue.push(dueMs, { node: index, event: { type: 'unlink', neighbor, dueMs } });
  }

  /** Word of `place` is on its way to `to`. */
  private spread(
    place: number,
    to: number,
    { present, fromMs }: { readonly present: boolean; readonly fromMs: number },
  ): void {
    if (place === to) return;
    const share = uniform(createRandom(this.at.seed, 'membership', place, to, String(fromMs)));
    const atMs = fromMs + HEARSAY_SHARE * this.options.absentMs * share;
    this.at.queue.push(atMs, { node: to, event: { type: 'heard', place, present } });
  }

  private reaches(place: number, index: number, nowMs: number): boolean {
    const { alive, awaySinceMs, frozenUntilMs } = this.at.nodes[place]!;
    return (
      alive && awaySinceMs === null && nowMs >= frozenUntilMs && !this.at.linkUps.isDivided(place, index)
    );
  }
}
