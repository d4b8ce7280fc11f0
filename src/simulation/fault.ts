/** What can happen to a peer in a simulation. The simulator inflicts it; faults.ts reads it from specs. */
import { type Random, uniform } from '../base/random.js';
import type { Attack } from './attacks.js';

/** What happens to a process from outside. */
export type Fault =
  /** SIGKILL: its neighbors lose their links to it. */
  | { readonly type: 'kill'; readonly node: number; readonly atMs: number }
  /**
   * SIGKILL, and after a while a new process for the same index: without any state, or from the latest of its checkpoints,
   * which are `checkpointEvery` rounds apart.
   */
  | {
      readonly type: 'restart';
      readonly node: number;
      readonly atMs: number;
      readonly afterMs: number;
      readonly checkpointEvery?: number;
    }
  /** The swarm begins without it; it is started at this time. */
  | { readonly type: 'join'; readonly node: number; readonly atMs: number }
  /**
   * Links between these peers and all others are down for a while, or for ever; with `silent` neither end is told, and
   * frames are lost.
   */
  | {
      readonly type: 'partition';
      readonly nodes: readonly number[];
      readonly atMs: number;
      readonly forMs: number;
      readonly silent: boolean;
    }
  /** SIGSTOP for a while, or for ever: silent, links stay up. */
  | { readonly type: 'freeze'; readonly node: number; readonly atMs: number; readonly forMs: number }
  /**
   * Away for a while, as a suspended computer is: its links go down and what comes to it meanwhile is lost, its state stays,
   * and its training goes on where it was when it comes back. With `renewal` it goes again.
   */
  | {
      readonly type: 'away';
      readonly node: number;
      readonly atMs: number;
      readonly forMs: number;
      readonly renewal?: Renewal;
    }
  /** A straggler: training that begins within this time takes `factor` times as long. */
  | {
      readonly type: 'slow';
      readonly node: number;
      readonly factor: number;
      readonly atMs: number;
      readonly forMs: number;
    }
  /** From then on it claims, after its local steps, what `attack` makes of the honest peers' models. */
  | { readonly type: 'lie'; readonly node: number; readonly atMs: number; readonly attack: Attack };

/** An alternating renewal process: a peer is there for `up` on average, away for `down`, and so on. Plain data. */
export interface Renewal {
  /** Mean virtual milliseconds of exponential times. */
  readonly up: number;
  readonly down: number;
  /** Nobody leaves later. */
  readonly until: number;
  readonly random: Random;
}

export type Absence = Extract<Fault, { type: 'away' }>;

/** What strikes one peer at a time; a slow peer is just slow. */
export type SuddenFault = Exclude<Fault, { type: 'slow' | 'partition' }>;
export type Partition = Extract<Fault, { type: 'partition' }>;

/** How much longer training takes that begins now. */
export function slownessOf(faults: readonly Fault[], node: number, nowMs: number): number {
  let slowness = 1;
  for (const fault of faults) {
    if (fault.type !== 'slow' || fault.node !== node) continue;
    if (nowMs >= fault.atMs && nowMs < fault.atMs + fault.forMs) slowness *= fault.factor;
  }
  return slowness;
}

function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - uniform(random));
}

/** When a peer that is there from `fromMs` on goes away; null where it does not before `until`. */
export function absenceAfter(node: number, fromMs: number, renewal: Renewal): Absence | null {
  const { up, down, until } = renewal;
  const random = renewal.random.slice(); // faults are arguments of a simulation, which another may have, too
  const atMs = fromMs + exponential(random, up);
  if (atMs >= until) return null;
  return { type: 'away', node, atMs, forMs: exponential(random, down), renewal: { ...renewal, random } };
}

/** The absence after `absence`, whose peer has come back. */
export function nextAbsence({ node, renewal }: Absence, returnedMs: number): Absence | null {
  return renewal === undefined ? null : absenceAfter(node, returnedMs, renewal);
}
