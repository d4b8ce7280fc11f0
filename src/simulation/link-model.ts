/**
 * How long a frame takes on a virtual link, and what may happen to it: latency with jitter (which reorders),
 * bandwidth (frames queue behind each other), loss, duplication and corruption. Pure: all chance comes from the
 * generator handed in.
 *
 * A frame of B bytes that begins at s on a link of R megabits a second and L milliseconds is sent until
 * max(s, end of the one before) + 8 B / (1000 R), and arrives L and its jitter later. Losses in bursts are those of
 * Gilbert 1960, "Capacity of a burst-noise channel": a chain of a good state, which loses nothing, and a bad one, which
 * loses every frame (the case h = 0), with steps of one frame.
 */
import { gaussian, type Random, uniform, uniformInt } from '../base/random.js';

/**
 * How the extra delay of a frame is spread; its mean is jitterMs / 2 in each case. `uniform` is bounded; `exponential`
 * is that of one queue; `lognormal` has the long tail of wide-area networks.
 */
export const jitterShapes = ['uniform', 'exponential', 'lognormal'] as const;
export type JitterShape = (typeof jitterShapes)[number];

/** What carries frames: nothing, or TCP over IPv4 with noise and yamux, as in a real swarm. */
export type Framing = 'none' | 'tcp';

export interface LinkOptions {
  /** One-way delay in milliseconds. */
  readonly latencyMs: number;
  /** Twice the mean extra delay of a frame, in milliseconds; frames may overtake each other. */
  readonly jitterMs: number;
  /** @default uniform, in [0, jitterMs] */
  readonly jitterShape?: JitterShape;
  /** Megabits a second a direction; Infinity: no queue. */
  readonly bandwidthMbps: number;
  /** Probability that a frame is lost, arrives twice, or has one bit flipped. */
  readonly loss: number;
  readonly duplication: number;
  readonly corruption: number;
  /** Mean length of a run of lost frames, at least 1. @default losses are independent: 1 / (1 - loss) */
  readonly lossBurst?: number;
  /** What is sent around each frame, and takes its time. @default none */
  readonly framing?: Framing;
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

/** True where a chain can lose this share of the frames in runs of this length: 1 / p(good to bad) is at least 1. */
export function canBurst(loss: number, lossBurst: number): boolean {
  return lossBurst >= 1 && loss <= (1 - loss) * lossBurst;
}

/** Of yamux: the header of a frame on a stream. */
const YAMUX_BYTES = 12;
/** Of noise: a length and a tag around at most so many bytes. */
const NOISE_BYTES = 18;
const NOISE_MESSAGE_BYTES = 65_519;
/** Headers of IPv4 (20) and TCP with timestamps (32) around a segment, of the 1500 bytes of Ethernet. */
const SEGMENT_HEADER_BYTES = 52;
const SEGMENT_BYTES = 1_448;

/** What a frame of `bytes` puts on the link; acknowledgments of TCP go the other way and are left out. */
export function sentBytes(bytes: number, framing: Framing = 'none'): number {
  if (framing === 'none') return bytes;
  const muxed = bytes + YAMUX_BYTES;
  const secured = muxed + NOISE_BYTES * Math.ceil(muxed / NOISE_MESSAGE_BYTES);
  return secured + SEGMENT_HEADER_BYTES * Math.ceil(secured / SEGMENT_BYTES);
}

/** How long `bytes` take at `mbps` megabits a second, in milliseconds. */
export function transferMs(bytes: number, mbps: number): number {
  return (bytes * 8) / (mbps * 1000);
}

/** When the last frame taken in is through. */
export interface QueueState {
  freeAtMs: number;
}

/** Frames one after another, each for its own time: a link's direction, or a peer's uplink or downlink. */
export class FrameQueue {
  readonly state: QueueState = { freeAtMs: 0 };
  private readonly mbps: number;

  constructor(mbps: number) {
    this.mbps = mbps;
  }

  /** When a frame that comes at `nowMs` begins, and when its last byte is through. */
  admit(bytes: number, nowMs: number): { readonly beginMs: number; readonly endMs: number } {
    const beginMs = Math.max(this.state.freeAtMs, nowMs);
    this.state.freeAtMs = beginMs + transferMs(bytes, this.mbps);
    return { beginMs, endMs: this.state.freeAtMs };
  }
}

export interface Arrival {
  /** When the last byte is there. */
  readonly atMs: number;
  /** When the first one is: never later. */
  readonly headMs: number;
  readonly frame: Uint8Array;
}

/** When a frame enters a link: its first byte and its last, which an uplink may let through later. */
export interface Departure {
  readonly beginMs: number;
  readonly endMs: number;
}

function flipOneBit(frame: Uint8Array, random: Random): Uint8Array {
  const copy = frame.slice();
  copy[uniformInt(random, copy.length)]! ^= 1 << uniformInt(random, 8);
  return copy;
}

function jitterOf({ jitterMs, jitterShape = 'uniform' }: LinkOptions, random: Random): number {
  if (jitterMs === 0) return 0;
  if (jitterShape === 'uniform') return jitterMs * uniform(random);
  const mean = jitterMs / 2;
  if (jitterShape === 'exponential') return -mean * Math.log(1 - uniform(random));
  return mean * Math.exp(gaussian(random) - 0.5); // log-normal with sigma 1, whose mean is exp(mu + 1/2)
}

/** Before the first frame: the chain of bursts begins in its stationary law. */
function firstLosses({ loss, lossBurst }: LinkOptions, random: Random): LinkState['losses'] {
  return { bad: loss > 0 && lossBurst !== undefined && uniform(random) < loss };
}

/** Whether a frame is lost, one answer a frame. */
function isLost({ loss, lossBurst }: LinkOptions, { losses, random }: LinkState): boolean {
  if (loss === 0) return false;
  if (lossBurst === undefined) return uniform(random) < loss;
  const lost = losses.bad;
  const toBad = loss / ((1 - loss) * lossBurst);
  losses.bad = uniform(random) < (lost ? 1 - 1 / lossBurst : toBad);
  return lost;
}

export interface LinkState {
  readonly queue: QueueState;
  /** The next frame of a link that loses in bursts is lost; false where losses are independent. */
  readonly losses: { bad: boolean };
  readonly random: Random;
}

/** One direction of one link. */
export interface VirtualLink {
  /** All that it remembers. Plain data, changed in place. */
  readonly state: LinkState;
  /** Arrivals of a frame that enters at `departure`, or all at once at that time: none, one or two. */
  carry(frame: Uint8Array, departure: number | Departure): Arrival[];
}

export function createVirtualLink(options: LinkOptions, random: Random): VirtualLink {
  const queue = new FrameQueue(options.bandwidthMbps);
  const state = { queue: queue.state, losses: firstLosses(options, random), random };
  const arrive = (frame: Uint8Array, sent: Departure): Arrival => {
    const delayMs = options.latencyMs + jitterOf(options, random);
    const damaged = options.corruption > 0 && uniform(random) < options.corruption;
    return {
      atMs: sent.endMs + delayMs,
      headMs: sent.beginMs + delayMs,
      frame: damaged ? flipOneBit(frame, random) : frame,
    };
  };
  return {
    state,
    carry(frame, departure) {
      const entered = typeof departure === 'number' ? { beginMs: departure, endMs: departure } : departure;
      const { beginMs, endMs } = queue.admit(sentBytes(frame.length, options.framing), entered.beginMs);
      // A link that is faster than the uplink before it waits for the last byte, and does not take its time anew.
      const sent = { beginMs, endMs: Math.max(endMs, entered.endMs) };
      if (isLost(options, state)) return [];
      const arrivals = [arrive(frame, sent)];
      if (options.duplication > 0 && uniform(random) < options.duplication)
        arrivals.push(arrive(frame, sent));
      return arrivals;
    },
  };
}
