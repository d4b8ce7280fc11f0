/**
 * How long a frame takes on a virtual link, and what may happen to it: latency with jitter (which reorders),
 * bandwidth (frames queue behind each other), loss, duplication and corruption. Pure: all chance comes from the
 * generator handed in.
 */
import { type Random, uniform, uniformInt } from '../base/random.js';

export interface LinkOptions {
  /** One-way delay in milliseconds. */
  readonly latencyMs: number;
  /** Uniform extra delay in [0, jitterMs] for each frame; frames may overtake each other. */
  readonly jitterMs: number;
  /** Megabits a second a direction; Infinity: no queue. */
  readonly bandwidthMbps: number;
  /** Probability that a frame is lost, arrives twice, or has one bit flipped. */
  readonly loss: number;
  readonly duplication: number;
  readonly corruption: number;
}

export const perfectLink: LinkOptions = {
  latencyMs: 0,
  jitterMs: 0,
  bandwidthMbps: Number.POSITIVE_INFINITY,
  loss: 0,
  duplication: 0,
  corruption: 0,
};

/** True when frames can be lost, so that peers must send again. */
export function losesFrames(link: LinkOptions): boolean {
  return link.loss > 0 || link.corruption > 0;
}

export interface Arrival {
  readonly atMs: number;
  readonly frame: Uint8Array;
}

function flipOneBit(frame: Uint8Array, random: Random): Uint8Array {
  const copy = frame.slice();
  copy[uniformInt(random, copy.length)]! ^= 1 << uniformInt(random, 8);
  return copy;
}

/** One direction of one link. */
export interface VirtualLink {
  /** All that it remembers: when it is free, and its chance. Plain data, changed in place. */
  readonly state: { freeAtMs: number; readonly random: Random };
  /** Arrivals of a frame sent at `nowMs`: none, one or two. */
  carry(frame: Uint8Array, nowMs: number): Arrival[];
}

export function createVirtualLink(options: LinkOptions, random: Random): VirtualLink {
  const state = { freeAtMs: 0, random };
  const bitsPerMs = options.bandwidthMbps * 1000;
  const arrive = (frame: Uint8Array, sentMs: number): Arrival => ({
    atMs: sentMs + options.latencyMs + (options.jitterMs > 0 ? options.jitterMs * uniform(random) : 0),
    frame: options.corruption > 0 && uniform(random) < options.corruption ? flipOneBit(frame, random) : frame,
  });
  return {
    state,
    carry(frame, nowMs) {
      state.freeAtMs = Math.max(state.freeAtMs, nowMs) + (frame.length * 8) / bitsPerMs;
      if (options.loss > 0 && uniform(random) < options.loss) return [];
      const arrivals = [arrive(frame, state.freeAtMs)];
      if (options.duplication > 0 && uniform(random) < options.duplication)
        arrivals.push(arrive(frame, state.freeAtMs));
      return arrivals;
    },
  };
}
