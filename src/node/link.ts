/**
 * One link between two neighbors, from the first HELLO to the last frame, over any channel that carries whole
 * frames. memory-transport.ts and libp2p-transport.ts bring the channels; what is said on them is the same.
 *
 * Both ends say HELLO, judge the other's and read its verdict before either decides, so both know the reason
 * of a refusal. The end that was called learns from the HELLO who calls. There is no clock here: a transport
 * with slow peers aborts a channel whose handshake takes too long.
 */
import { pipe } from 'it-pipe';
import { GrapevineError, isGrapevineError, messageOf } from '../base/errors.js';
import { quoted } from '../base/printable.js';
import { decodeFrame } from '../wire/decode.js';
import { encodeFrame } from '../wire/encode.js';
import {
  FRAME_HEADER_BYTES,
  type Frame,
  type FrameKind,
  type FrameLimits,
  frameKinds,
  type Hello,
  MAX_CONTROL_BODY_BYTES,
} from '../wire/frame.js';
import { helloFrame, isHandshakeKind, judgeHello, MAX_REASON_CHARACTERS, verdictFrame } from './handshake.js';

/** What may be sent before a HELLO is accepted: a stranger cannot make us allocate more than this. */
export const handshakeLimits: FrameLimits = { maxFrameBytes: FRAME_HEADER_BYTES + MAX_CONTROL_BODY_BYTES };

/** Ends the reason of an end whose view of the members says so for now (consensus/membership-view.ts). */
const NOT_A_NEIGHBOR = '[NOT_A_NEIGHBOR]';

/** Why `node` does not link with `neighbor`, whom it does not count among its neighbors. */
export function notANeighbor(node: number, neighbor: number, mayChange: boolean): string {
  return mayChange
    ? `peer ${neighbor} is no neighbor of peer ${node} now ${NOT_A_NEIGHBOR}`
    : `peer ${neighbor} is no neighbor of peer ${node} in the topology`;
}

/** An ordered, bounded, two-way carrier of whole frames. */
export interface Channel {
  /**
   * Frames as they arrive, read no faster than asked for. Ends when the other end has closed.
   * @throws GrapevineError when the channel breaks or the bytes are not frames.
   */
  readonly frames: AsyncIterator<Uint8Array>;
  /** Frames up to `limits` are read from now on; before the first call, handshakeLimits hold. */
  widen(limits: FrameLimits): void;
  /** Resolves when the frame has left our buffers. @throws GrapevineError LINK_DOWN */
  write(frame: Uint8Array): Promise<void>;
  /** Sends what is queued and closes; waits for the other end, but not for long. Never rejects. */
  close(): Promise<void>;
  /** Closes at once: reads fail with `reason`, writes with LINK_DOWN. */
  abort(reason: GrapevineError): void;
}

/** What one end brings to a handshake. */
export interface Introduction {
  readonly node: number;
  readonly swarmTag: Uint8Array;
  readonly hello: Hello;
  /** The neighbor that was called; null at the end that was called and does not know by whom. */
  readonly called: number | null;
  /** Reasons not to link with the peer that says it is `neighbor`; empty when it may. */
  objections(neighbor: number): string[];
}

/**
 * Runs the handshake and returns the neighbor at the other end.
 * @throws GrapevineError HELLO_REFUSED or NOT_A_NEIGHBOR with both ends' reasons, FRAME_*, LINK_DOWN, or what aborted the channel.
 */
export async function shakeHands(channel: Channel, mine: Introduction): Promise<number> {
  const { node, swarmTag, hello, called } = mine;
  if (called !== null) await say(channel, helloFrame({ node, neighbor: called, swarmTag }, hello));
  const theirs = await hear(channel);
  if (theirs.kind !== 'hello') throw outOfPlace(theirs.kind, 'hello');
  const neighbor = called ?? theirs.sender;
  const ends = { node, neighbor, swarmTag };
  if (called === null) await say(channel, helloFrame(ends, hello));
  const differences = judgeHello(ends, hello, theirs);
  // Asked last: who cannot train with us has no claim to an index.
  const objections = differences.length > 0 ? differences : mine.objections(neighbor);
  await say(channel, verdictFrame(ends, objections));
  const verdict = await hear(channel);
  if (verdict.kind !== 'accept' && verdict.kind !== 'refuse')
    throw outOfPlace(verdict.kind, 'accept or refuse');
  if (verdict.kind === 'accept' && objections.length === 0) return neighbor;
  const reasons = verdict.kind === 'accept' ? objections : [...objections, verdict.reason];
  const code = reasons.every((reason) => reason.endsWith(NOT_A_NEIGHBOR))
    ? 'NOT_A_NEIGHBOR'
    : 'HELLO_REFUSED';
  const ours = objections.length === 0 ? '' : ` We refused: ${objections.join('. ')}.`;
  const refused =
    verdict.kind === 'accept'
      ? ''
      : ` It refused (in its words): ${quoted(verdict.reason, MAX_REASON_CHARACTERS)}.`;
  throw new GrapevineError(code, `no link with peer ${neighbor}.${ours}${refused}`, { neighbor });
}

/**
 * Hands each frame to `onFrame`, the next one only after the promise of the last has settled. Resolves when the
 * other end has closed. @throws what the channel or `onFrame` throws; FRAME_BAD_KIND for a second handshake.
 */
export async function pumpFrames(
  channel: Channel,
  onFrame: (frame: Uint8Array) => Promise<void> | void,
): Promise<void> {
  const { frames } = channel;
  await pipe({ [Symbol.asyncIterator]: () => frames }, afterHandshake, async (source) => {
    for await (const frame of source) await onFrame(frame);
  });
}

const handshakeCodes: ReadonlySet<number> = new Set(
  (Object.keys(frameKinds) as FrameKind[]).filter(isHandshakeKind).map((kind) => frameKinds[kind]),
);

async function* afterHandshake(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const frame of source) {
    if (handshakeCodes.has(frame[5]!)) {
      throw new GrapevineError('FRAME_BAD_KIND', 'handshake frame on a link that is already up');
    }
    yield frame;
  }
}

async function say(channel: Channel, frame: Frame): Promise<void> {
  await channel.write(encodeFrame(frame));
}

async function hear(channel: Channel): Promise<Frame> {
  const { value, done } = await channel.frames.next();
  if (done === true) throw linkDown('the other end closed the link during the handshake');
  return decodeFrame(value, handshakeLimits);
}

function outOfPlace(got: FrameKind, wanted: string): GrapevineError {
  return new GrapevineError('FRAME_BAD_KIND', `${got} frame in a handshake, wanted ${wanted}`);
}

/** Why a link never came up. */
export interface LinkRefusal {
  /** Null when the other end did not get as far as saying who it is. */
  readonly neighbor: number | null;
  /** Whose connection it was, where connections prove that. */
  readonly peerId?: string;
  /** HELLO_REFUSED, NOT_A_NEIGHBOR, HELLO_TIMEOUT, FRAME_*, or LINK_DOWN when the other end hung up. */
  readonly error: GrapevineError;
}

/** Closes a channel whose handshake has failed, and says why. */
export async function refuseLink(
  channel: Channel,
  called: number | null,
  error: unknown,
): Promise<LinkRefusal> {
  const reason = linkReason(error);
  if (reason.code !== 'HELLO_REFUSED' && reason.code !== 'NOT_A_NEIGHBOR') channel.abort(reason);
  await channel.close();
  const named = reason.facts.neighbor;
  return { neighbor: called ?? (typeof named === 'number' ? named : null), error: reason };
}

export function linkDown(message: string, cause?: unknown): GrapevineError {
  return new GrapevineError('LINK_DOWN', message, {}, cause);
}

/** `error` as the reason of a link's end. */
export function linkReason(error: unknown): GrapevineError {
  return isGrapevineError(error) ? error : linkDown(`link failed: ${messageOf(error)}`, error);
}
