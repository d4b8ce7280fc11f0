/**
 * Frames to bytes. The layout is frame.ts's; decode.ts is the other direction. Encoding copies each byte of
 * the body once, into the frame that goes to the network.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { assert } from '../base/assert.js';
import {
  type Delta,
  deltaFlags,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  FRAME_VERSION,
  type Frame,
  frameKinds,
  MAX_CONTROL_BODY_BYTES,
  MAX_DELTA_PARTS,
  partKinds,
} from './frame.js';

/** The fixed fields of a delta body: gamma, part count, flags. */
export const DELTA_HEADER_BYTES = 8;
/** What follows them where the flags say so. */
export const REPLICA_HASH_BYTES = 4;
export const DEGREE_BYTES = 4;
/** Bytes before each part: kind, stream, reserved, length. */
export const PART_HEADER_BYTES = 8;

/** The tag that binds a frame to its swarm: the first 8 bytes of SHA-256 of the swarm id. */
export function swarmTagOf(swarm: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(swarm).digest().subarray(0, 8));
}

/** Length of the frame that `encodeFrame` makes of `delta`. */
export function deltaFrameBytes(delta: Delta): number {
  return FRAME_HEADER_BYTES + deltaBodyBytes(delta);
}

function deltaBodyBytes(delta: Delta): number {
  const head =
    DELTA_HEADER_BYTES +
    (delta.replicaHash === undefined ? 0 : REPLICA_HASH_BYTES) +
    (delta.degree === undefined ? 0 : DEGREE_BYTES);
  return delta.parts.reduce((sum, part) => sum + PART_HEADER_BYTES + part.bytes.length, head);
}

function writeDeltaBody(frame: Uint8Array, view: DataView, delta: Delta): void {
  assert(delta.parts.length >= 1 && delta.parts.length <= MAX_DELTA_PARTS, 'a delta has 1 to 16 parts');
  let at = FRAME_HEADER_BYTES;
  view.setFloat32(at, delta.gamma, true);
  view.setUint16(at + 4, delta.parts.length, true);
  const { replicaHash, degree } = delta;
  const flags =
    (replicaHash === undefined ? 0 : deltaFlags.replicaHash) | (degree === undefined ? 0 : deltaFlags.degree);
  view.setUint16(at + 6, flags, true);
  at += DELTA_HEADER_BYTES;
  if (replicaHash !== undefined) {
    view.setUint32(at, replicaHash, true);
    at += REPLICA_HASH_BYTES;
  }
  if (degree !== undefined) {
    view.setUint32(at, degree, true);
    at += DEGREE_BYTES;
  }
  for (const part of delta.parts) {
    frame[at] = partKinds[part.kind];
    frame[at + 1] = part.stream ?? 0;
    view.setUint32(at + 4, part.bytes.length, true);
    frame.set(part.bytes, at + PART_HEADER_BYTES);
    at += PART_HEADER_BYTES + part.bytes.length;
  }
}

/** The JSON body of a control frame; `accept` and `heartbeat` have none. */
function controlBody(frame: Exclude<Frame, { kind: 'delta' | 'model' }>): Uint8Array {
  if (frame.kind === 'accept' || frame.kind === 'heartbeat') return new Uint8Array(0);
  const value =
    frame.kind === 'hello' ? frame.hello : frame.kind === 'sync' ? frame.sync : { reason: frame.reason };
  const body = new TextEncoder().encode(JSON.stringify(value));
  assert(body.length <= MAX_CONTROL_BODY_BYTES, 'a control body fits its limit');
  return body;
}

/** The bytes of `frame`, ready for the network. */
export function encodeFrame(frame: Frame): Uint8Array {
  const given =
    frame.kind === 'delta' ? null : frame.kind === 'model' ? frame.model.bytes : controlBody(frame);
  const bodyBytes = frame.kind === 'delta' ? deltaBodyBytes(frame.delta) : given!.length;
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + bodyBytes);
  const view = new DataView(bytes.buffer);
  if (frame.kind === 'delta') writeDeltaBody(bytes, view, frame.delta);
  else bytes.set(given!, FRAME_HEADER_BYTES);
  view.setUint32(0, FRAME_MAGIC, true);
  bytes[4] = FRAME_VERSION;
  bytes[5] = frameKinds[frame.kind];
  view.setUint32(8, bodyBytes, true);
  view.setUint32(12, crc32(bytes.subarray(FRAME_HEADER_BYTES)), true);
  bytes.set(frame.swarmTag, 16);
  view.setUint32(24, frame.sender, true);
  view.setUint32(28, frame.receiver, true);
  view.setUint32(32, frame.kind === 'delta' ? frame.delta.sequence : 0, true);
  const dated = frame.kind === 'delta' ? frame.delta : frame.kind === 'model' ? frame.model : null;
  view.setUint16(6, dated?.epoch ?? 0, true);
  view.setUint32(36, dated?.round ?? 0, true);
  view.setUint32(40, frame.kind === 'delta' ? frame.delta.acknowledged : 0, true);
  view.setUint32(44, crc32(bytes.subarray(0, 44)), true);
  return bytes;
}
