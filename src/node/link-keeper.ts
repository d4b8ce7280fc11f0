/**
 * The links that this peer keeps up: one loop for each neighbor that it has to dial, which dials, keeps the link, and dials
 * again when it is lost, for as long as the neighbor is one. Neighbors may change while the transport runs; a loop ends when
 * its neighbor is taken away and the link is down, or when the transport stops. No libp2p here.
 */
import type { Clock } from '../base/clock.js';
import { type GrapevineError, isGrapevineError, messageOf } from '../base/errors.js';
import type { Random } from '../base/random.js';
import { createBackoff, pause } from './backoff.js';
import type { Channel } from './link.js';
import type { MemberRecord } from './membership.js';

/** A refusal is settled by people, not by trying again soon. */
export const REFUSED_RETRY_MS = 10_000;
/** Views of the members that differ settle within a few seconds. */
export const NOT_A_NEIGHBOR_RETRY_MS = 1_000;
/** A link that lived this long was a good one: after it, dialing begins anew without a long wait. */
const GOOD_LINK_MS = 5000;

export interface LinkKeeperInit {
  readonly clock: Clock;
  readonly random: Random;
  readonly members: ReadonlyMap<number, MemberRecord>;
  /** Can be dialed, by what it announces. */
  isReachable(record: MemberRecord): boolean;
  /** @throws GrapevineError HELLO_REFUSED, NOT_A_NEIGHBOR, LINK_DOWN, ... */
  dial(neighbor: number, record: MemberRecord): Promise<Channel>;
  /** Resolves with the reason when the link is down. */
  run(neighbor: number, channel: Channel, record: MemberRecord): Promise<GrapevineError>;
  log(line: string): void;
}

interface Loop {
  readonly ending: AbortController;
  readonly ended: Promise<void>;
}

export class LinkKeeper {
  private readonly init: LinkKeeperInit;
  private readonly loops = new Map<number, Loop>();
  /** With those whose neighbor was taken away, and whose link is still up. */
  private readonly running = new Set<Promise<void>>();
  /** Wakes the loop that waits for the address of a neighbor. */
  private readonly waiting = new Map<number, () => void>();

  constructor(init: LinkKeeperInit) {
    this.init = init;
  }

  /** Keeps links to these from now on, and to no others. */
  keep(neighbors: readonly number[]): void {
    for (const [neighbor, { ending }] of this.loops) if (!neighbors.includes(neighbor)) ending.abort();
    for (const neighbor of neighbors) {
      const before = this.loops.get(neighbor);
      if (before !== undefined && !before.ending.signal.aborted) continue;
      const ending = new AbortController();
      const ended = this.keepLinked(neighbor, ending.signal, before?.ended).finally(() => {
        this.running.delete(ended);
      });
      this.running.add(ended);
      this.loops.set(neighbor, { ending, ended });
    }
  }

  /** There is a record of `index`, new or changed. */
  wake(index: number): void {
    this.waiting.get(index)?.();
  }

  /** Resolves when all loops have ended; their links must be closed. */
  async stop(): Promise<void> {
    this.keep([]);
    await Promise.all(this.running);
  }

  private async keepLinked(neighbor: number, signal: AbortSignal, before?: Promise<void>): Promise<void> {
    await before; // of two loops for one neighbor the later would replace the link of the earlier
    const { clock, random, log } = this.init;
    const backoff = createBackoff(random);
    while (!signal.aborted) {
      const record = await this.findMember(neighbor, signal);
      if (record === null) return;
      let retryMs = 0;
      try {
        const channel = await this.init.dial(neighbor, record);
        const upMs = clock.nowMs();
        const reason = await this.init.run(neighbor, channel, record);
        log(`link to peer ${neighbor} is down: ${reason.message}`);
        if (clock.nowMs() - upMs > GOOD_LINK_MS) backoff.reset();
      } catch (error) {
        if (isGrapevineError(error, 'HELLO_REFUSED')) retryMs = REFUSED_RETRY_MS;
        if (isGrapevineError(error, 'NOT_A_NEIGHBOR')) retryMs = NOT_A_NEIGHBOR_RETRY_MS;
        log(`no link to peer ${neighbor} yet: ${messageOf(error)}`);
      }
      await pause(clock, Math.max(retryMs, backoff.nextMs()), signal);
    }
  }

  /** The record of a member that can be dialed, once there is one; null when the loop is to end. */
  private async findMember(index: number, signal: AbortSignal): Promise<MemberRecord | null> {
    const { members, isReachable } = this.init;
    while (!signal.aborted) {
      const record = members.get(index);
      if (record !== undefined && record.state !== 'left' && isReachable(record)) return record;
      await new Promise<void>((resolve) => {
        const finish = (): void => {
          signal.removeEventListener('abort', finish);
          if (this.waiting.get(index) === finish) this.waiting.delete(index);
          resolve();
        };
        signal.addEventListener('abort', finish);
        this.waiting.set(index, finish);
      });
    }
    return null;
  }
}
