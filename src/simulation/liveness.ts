/**
 * A watcher of progress: once the last fault has healed, nobody waits for long, though frames go on being lost.
 *
 * - Deadlock: no wait is ended by the round deadline (PeerOptions.roundDeadlineMs), which is there for stragglers; there are
 *   none any more, so only peers that wait in a circle would need it.
 * - Round: a living peer with a model ends a round within `roundMs`.
 * - Close: in the asynchronous pace the last round ends in levels (asynchronous.ts), when all the living have trained; from
 *   then on within `closeMs`.
 * - Edge: between two living peers that are both in their rounds and have a link it is active at both ends within `edgeMs`.
 *   Each end contributes to it in the next round that it begins, linked or not, and applies what is complete when that
 *   round ends. An edge of which no exchange is begun for rounds on end, since its algorithm draws partners, has no bound.
 * - Join: a newcomer with a link to a neighbor that has a model begins to train within `joinMs`.
 */
import type { EdgeState, PeerState } from '../consensus/peer-state.js';
import type { Violation } from './checkers.js';
import type { Observation } from './simulator.js';

/** In milliseconds. */
export interface LivenessBounds {
  readonly roundMs: number;
  /** Of a peer, when all the living are in their last round or past it. */
  readonly closeMs: number;
  /** null: edges are not watched. */
  readonly edgeMs: number | null;
  readonly joinMs: number;
}

export type Wait = keyof LivenessBounds;

/** Where a peer's rounds are under way. */
function isInRounds({ phase, hasModel }: PeerState): boolean {
  return hasModel && (phase === 'training' || phase === 'exchanging');
}

function edgeTo(state: PeerState, neighbor: number): EdgeState | undefined {
  return state.edges.find((edge) => edge.neighbor === neighbor);
}

/** An asynchronous run closes: what the peer waits for may be the training of others. */
function isClosing({ context, phase, round, lastRound }: PeerState): boolean {
  return context.pace === 'asynchronous' && phase === 'exchanging' && round >= lastRound;
}

/** What a watcher must know of a run beforehand. */
export interface Healing {
  /** When the last fault has healed, in milliseconds. */
  readonly healedMs: number;
  /** Peers that are there then, or come. */
  readonly living: readonly number[];
}

/** Watches one simulation. */
export class LivenessChecker {
  readonly violations: Violation[] = [];
  /** The longest that anybody has waited for each, in milliseconds. */
  readonly longest: Record<Wait, number> = { roundMs: 0, closeMs: 0, edgeMs: 0, joinMs: 0 };
  /** Edges that were not active when everything had healed, or later, and became so. */
  reactivated = 0;
  private readonly states = new Map<number, PeerState>();
  /** What is waited for, since when. */
  private readonly waits = new Map<string, { readonly sinceMs: number; reported: boolean }>();
  private readonly healing: Healing;
  private readonly bounds: LivenessBounds;

  constructor(healing: Healing, bounds: LivenessBounds) {
    this.healing = healing;
    this.bounds = bounds;
  }

  readonly observe = ({ node, state, effects, nowMs }: Observation): void => {
    this.states.set(node, state);
    if (nowMs < this.healing.healedMs) return;
    if (effects.some(({ type }) => type === 'roundFinished' || type === 'finished'))
      this.end('roundMs', `round of peer ${node}`, nowMs);
    for (const effect of effects)
      if (effect.type === 'edgeChanged' && effect.reason === 'deadline')
        this.fail(
          `deadlock: at ${nowMs} ms only its deadline ended the wait of ${node} for ${effect.neighbor}`,
        );
    const closing = isClosing(state);
    this.watch('roundMs', `round of peer ${node}`, isInRounds(state) && !closing, nowMs);
    this.watch('closeMs', `close of peer ${node}`, closing && this.haveAllTrained(), nowMs);
    this.watch('joinMs', `join of peer ${node}`, this.mayJoin(node, state), nowMs);
    if (this.bounds.edgeMs === null) return;
    for (const edge of state.edges) {
      const [low, high] = [Math.min(node, edge.neighbor), Math.max(node, edge.neighbor)];
      const wait = `edge ${low}-${high}`;
      const { waits, active } = this.lookAt(node, edge);
      if (active && this.waits.has(wait)) this.reactivated += 1;
      this.watch('edgeMs', wait, waits, nowMs);
    }
  };

  /** Waits that no step has ended; for the end of a simulation. */
  conclude(nowMs: number): readonly Violation[] {
    for (const wait of this.waits.keys()) {
      const [kind] = wait.split(' ');
      this.measure(`${kind}Ms` as Wait, wait, nowMs);
    }
    return this.violations;
  }

  private haveAllTrained(): boolean {
    return this.healing.living.every((node) => {
      const state = this.states.get(node);
      return (
        state !== undefined && (isClosing(state) || state.phase === 'draining' || state.phase === 'finished')
      );
    });
  }

  private mayJoin(node: number, { phase, hasModel, edges }: PeerState): boolean {
    if (phase !== 'joining' || hasModel) return false;
    return edges.some(({ linked, neighbor, status }) => {
      const donor = this.states.get(neighbor);
      return (
        linked && status !== 'closed' && donor?.hasModel === true && edgeTo(donor, node)?.linked === true
      );
    });
  }

  private lookAt(node: number, edge: EdgeState): { readonly waits: boolean; readonly active: boolean } {
    const [here, there] = [this.states.get(node)!, this.states.get(edge.neighbor)];
    const back = there === undefined ? undefined : edgeTo(there, node);
    if (there === undefined || back === undefined) return { waits: false, active: false };
    const usable = isInRounds(here) && isInRounds(there) && edge.linked && back.linked;
    const open = edge.status !== 'closed' && back.status !== 'closed';
    const active = edge.status === 'active' && back.status === 'active';
    return { waits: usable && open && !active, active: usable && active };
  }

  /** Begins, goes on with or ends a wait. */
  private watch(kind: Wait, wait: string, waits: boolean, nowMs: number): void {
    if (!waits) {
      this.end(kind, wait, nowMs);
      return;
    }
    const since = this.waits.get(wait);
    if (since === undefined) this.waits.set(wait, { sinceMs: nowMs, reported: false });
    else this.measure(kind, wait, nowMs);
  }

  private end(kind: Wait, wait: string, nowMs: number): void {
    this.measure(kind, wait, nowMs);
    this.waits.delete(wait);
  }

  private measure(kind: Wait, wait: string, nowMs: number): void {
    const since = this.waits.get(wait);
    if (since === undefined) return;
    const waitedMs = nowMs - since.sinceMs;
    this.longest[kind] = Math.max(this.longest[kind], waitedMs);
    const mostMs = this.bounds[kind];
    if (since.reported || mostMs === null || waitedMs <= mostMs) return;
    since.reported = true;
    const [waited, from, most] = [waitedMs, since.sinceMs, mostMs].map(Math.round);
    this.fail(`${wait}: ${waited} ms since ${from}, wanted ${most} at most`);
  }

  private fail(message: string): void {
    this.violations.push({ invariant: 'progress', message });
  }
}
