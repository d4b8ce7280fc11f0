/** What can happen to the peers of a simulation, and when. */
import type { Attack } from './attacks.js';

/** What happens to a process from outside. */
export type Fault =
  /** SIGKILL: its neighbors lose their links to it. */
  | { readonly type: 'kill'; readonly node: number; readonly atMs: number }
  /** SIGKILL, and after a while a new process for the same index, without any state. */
  | { readonly type: 'restart'; readonly node: number; readonly atMs: number; readonly afterMs: number }
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
