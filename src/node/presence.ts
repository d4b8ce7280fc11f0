/**
 * Membership on real links, where the topology follows its members: who is there, by their signs of life; and what follows
 * from it for this peer's edges and links. The view itself, and when it is acted upon, is consensus/membership-view.ts.
 *
 * A member is there from its first sign of life, a record of it (membership.ts) or a frame on a link of its own, until it says
 * that it leaves, is put out, or has given none for `absentMs`; and again when it is heard again. At the start of a swarm
 * nobody has been heard: its founders count every place as taken until round 1 begins, and for `absentMs` at least; who joins
 * later counts none. It misses no edge by that: each of its neighbors comes to it (topology/membership-topology.ts).
 *
 * On an edge that is taken away, the link outlasts the exchange under way, for as long as a straggler has.
 */
import type { Clock } from '../base/clock.js';
import type { Input } from '../consensus/events.js';
import {
  createView,
  type MembershipOptions,
  type MembershipView,
  setPresent,
  settle,
} from '../consensus/membership-view.js';
import { presentEdges } from '../consensus/neighbor-set.js';
import type { PeerState } from '../consensus/peer-state.js';
import { steadyAnnounceMs } from './membership.js';
import type { Transport } from './transport.js';

/** Announcements in a row that gossip may lose, or silences in a row, before a member counts as absent. */
const ABSENT_INTERVALS = 4;
/** Word of what befalls several peers at once comes within this. */
export const VIEW_SETTLE_MS = 1_000;

/** What the peers of a plan do as members come and go; undefined where the topology stays the same. */
export function membershipOf(plan: {
  readonly topology: { readonly membership?: MembershipOptions['rule'] };
  readonly config: { readonly peers: number; readonly silenceMs: number };
}): MembershipOptions | undefined {
  const { peers: places, silenceMs } = plan.config;
  const rule = plan.topology.membership;
  if (rule === undefined) return undefined;
  const absentMs = ABSENT_INTERVALS * Math.max(silenceMs, steadyAnnounceMs(places));
  return { rule, places, absentMs, settleMs: VIEW_SETTLE_MS };
}

export interface PresenceInit {
  readonly options: MembershipOptions;
  readonly state: PeerState;
  readonly transport: Pick<Transport, 'setNeighbors' | 'unlink'>;
  readonly clock: Clock;
  feed(input: Input): void;
  /** The neighbors are others than before. */
  onRewired(): void;
}

/** One peer's; `start` and `stop` once. */
export class Presence {
  private readonly init: PresenceInit;
  private readonly view: MembershipView;
  /** Last sign of life, by place. */
  private readonly heardMs: number[];
  private readonly neverHeard: Set<number>;
  /** What ends the grace of a link whose edge was taken away, by neighbor. */
  private readonly graces = new Map<number, () => void>();
  private begun = false;
  private lastTickMs: number;
  private cancelTick = (): void => {};

  constructor(init: PresenceInit) {
    const { options, state, clock } = init;
    this.init = init;
    const founds = state.incarnation === 0;
    this.view = createView(state.context.node, options, founds);
    this.lastTickMs = clock.nowMs();
    this.heardMs = this.view.present.map(() => this.lastTickMs);
    this.neverHeard = new Set(founds ? this.heardMs.keys() : []);
  }

  /** Before the transport starts: edges and links become those of the view. */
  start(): void {
    const edges = presentEdges(this.init.state).map(({ neighbor }) => neighbor);
    const { neighbors } = this.view;
    this.rewire({
      added: neighbors.filter((neighbor) => !edges.includes(neighbor)),
      removed: edges.filter((neighbor) => !neighbors.includes(neighbor)),
    });
    this.scheduleTick();
  }

  stop(): void {
    this.cancelTick();
    for (const cancel of this.graces.values()) cancel();
    this.graces.clear();
  }

  /** Round 1 begins: nobody is waited for any more who has not been heard. */
  begin(): void {
    this.begun = true;
  }

  hear(place: number): void {
    if (this.heardMs[place] === undefined) return;
    this.neverHeard.delete(place);
    this.heardMs[place] = this.init.clock.nowMs();
    setPresent(this.view, place, true, this.init.clock.nowMs());
  }

  /** It has said so, or was put out. */
  leave(place: number): void {
    this.neverHeard.delete(place);
    setPresent(this.view, place, false, this.init.clock.nowMs());
  }

  /** The core has closed an edge that was taken away: nothing on its link is wanted any more. */
  onClosed(neighbor: number): void {
    const cancel = this.graces.get(neighbor);
    if (cancel === undefined) return;
    cancel();
    this.graces.delete(neighbor);
    this.init.transport.unlink(neighbor);
  }

  private scheduleTick(): void {
    this.cancelTick = this.init.clock.after(this.view.settleMs, () => this.tick());
  }

  private tick(): void {
    const nowMs = this.init.clock.nowMs();
    this.forgiveSleep(nowMs);
    this.lastTickMs = nowMs;
    const { absentMs } = this.init.options;
    this.heardMs.forEach((heardMs, place) => {
      if (this.neverHeard.has(place) && !this.begun) return;
      if (nowMs - heardMs >= absentMs) setPresent(this.view, place, false, nowMs);
    });
    const change = settle(this.view, nowMs);
    if (change !== null) {
      this.rewire(change);
      this.init.onRewired();
    }
    this.scheduleTick();
  }

  /** A tick this late means that this process slept, not that all others were silent. */
  private forgiveSleep(nowMs: number): void {
    const sleptMs = nowMs - this.lastTickMs - this.view.settleMs;
    if (sleptMs <= this.view.settleMs) return;
    for (const place of this.heardMs.keys())
      this.heardMs[place] = Math.min(nowMs, this.heardMs[place]! + sleptMs);
  }

  private rewire({
    added,
    removed,
  }: {
    readonly added: readonly number[];
    readonly removed: readonly number[];
  }) {
    const { state, transport, clock, feed } = this.init;
    for (const neighbor of removed) {
      const end = (): void => this.onClosed(neighbor);
      this.graces.set(neighbor, clock.after(state.options.roundDeadlineMs, end));
      feed({ type: 'neighborRemoved', neighbor });
      if (state.edges.find((edge) => edge.neighbor === neighbor)?.status === 'closed') end();
    }
    for (const neighbor of added) {
      this.graces.get(neighbor)?.();
      this.graces.delete(neighbor);
      feed({ type: 'neighborAdded', neighbor });
    }
    if (added.length + removed.length > 0) transport.setNeighbors(this.view.neighbors);
  }
}
