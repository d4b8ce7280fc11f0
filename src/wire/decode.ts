/**
 * Bytes to frames, written for bytes that a stranger has chosen: every length is checked against a limit and
 * against what is there before anything is allocated or read. Parts of a delta are views into the frame.
 * Nothing here trusts a checksum for more than finding accidents.
 */
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import { type ErrorCode, type ErrorFacts, GrapevineError } from '../base/errors.js';
import { quoted } from '../base/printable.js';
import { DEGREE_BYTES, DELTA_HEADER_BYTES, PART_HEADER_BYTES, REPLICA_HASH_BYTES } from './encode.js';
import {
  type Delta,
  type DeltaPart,
  deltaFlags,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  FRAME_VERSION,
  type Frame,
  type FrameKind,
  type FrameLimits,
  frameKinds,
  MAX_CONTROL_BODY_BYTES,
  MAX_DEGREE,
  MAX_DELTA_PARTS,
  MAX_STREAMS,
  type ModelOffer,
  type PartKind,
  partKinds,
  syncModels,
} from './frame.js';

const kindOfCode = new Map<number, FrameKind>(
  Object.entries(frameKinds).map(([kind, code]) => [code, kind as FrameKind]),
);
const partKindOfCode = new Map<number, PartKind>(
  Object.entries(partKinds).map(([kind, code]) => [code, kind as PartKind]),
);

const hash = z.string().max(128);
const helloSchema = z.strictObject({
  protocol: z.int().min(0).max(65535),
  swarm: hash,
  configHash: hash,
  topologyHash: hash,
  layoutHash: hash,
  maxFrameBytes: z
    .int()
    .min(FRAME_HEADER_BYTES)
    .max(2 ** 31),
});
const refuseSchema = z.strictObject({ reason: z.string().max(500) });
const byeSchema = z.strictObject({ reason: z.enum(['finished', 'interrupted', 'failed']) });

const u32 = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const syncSchema = z.strictObject({
  incarnation: u32,
  known: u32,
  ask: z.boolean(),
  model: z.enum(syncModels),
  at: z.strictObject({ round: u32, applied: u32, sent: u32, waits: z.boolean() }).optional(),
});

function refuse(code: ErrorCode, message: string, facts: ErrorFacts = {}): never {
  throw new GrapevineError(code, message, facts);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Checks a header and returns the length of the whole frame in bytes, header included.
 * @param header at least FRAME_HEADER_BYTES bytes; what follows is not looked at.
 * @throws GrapevineError FRAME_TRUNCATED, FRAME_BAD_MAGIC, FRAME_BAD_VERSION, FRAME_BAD_KIND, FRAME_BAD_HEADER,
 * FRAME_TOO_LARGE
 */
export function readFrameLength(header: Uint8Array, limits: FrameLimits): number {
  if (header.length < FRAME_HEADER_BYTES) {
    refuse('FRAME_TRUNCATED', `frame header of ${header.length} bytes, wanted ${FRAME_HEADER_BYTES}`);
  }
  const view = viewOf(header);
  if (view.getUint32(0, true) !== FRAME_MAGIC) {
    refuse('FRAME_BAD_MAGIC', 'bytes do not begin with "GVN1": the other end is not a grapevine peer');
  }
  if (header[4] !== FRAME_VERSION) {
    refuse(
      'FRAME_BAD_VERSION',
      `frame version ${header[4]}, wanted ${FRAME_VERSION}: run the same release on both ends`,
    );
  }
  if (crc32(header.subarray(0, 44)) !== view.getUint32(44, true)) {
    refuse('FRAME_BAD_CHECKSUM', 'frame header does not match its checksum: the link corrupts bytes');
  }
  const kind = kindOfCode.get(header[5]!);
  if (kind === undefined) refuse('FRAME_BAD_KIND', `frame kind ${header[5]}, wanted 1 to ${kindOfCode.size}`);
  if (view.getUint16(6, true) !== 0 && !isDated(kind)) {
    refuse('FRAME_BAD_HEADER', `${kind} frame with an epoch, wanted 0`);
  }
  return FRAME_HEADER_BYTES + checkBodyLength(view.getUint32(8, true), kind, limits);
}

/** True when frames of this kind belong to an epoch of the edge, and tell a round. */
function isDated(kind: FrameKind): boolean {
  return kind === 'delta' || kind === 'model';
}

function checkBodyLength(bodyBytes: number, kind: FrameKind, limits: FrameLimits): number {
  const whole = limits.maxFrameBytes - FRAME_HEADER_BYTES;
  const limit = isDated(kind) ? whole : Math.min(whole, MAX_CONTROL_BODY_BYTES);
  if (bodyBytes > limit) {
    refuse('FRAME_TOO_LARGE', `${kind} frame announces a body of ${bodyBytes} bytes, the limit is ${limit}`, {
      bodyBytes,
      limit,
    });
  }
  return bodyBytes;
}

/** @param first where the first part begins */
function decodeParts(body: Uint8Array, first: number, count: number): DeltaPart[] {
  const view = viewOf(body);
  const parts: DeltaPart[] = [];
  let at = first;
  for (let p = 0; p < count; p++) {
    if (body.length - at < PART_HEADER_BYTES)
      refuse('FRAME_BAD_BODY', `delta ends inside the header of part ${p}`);
    const kind = partKindOfCode.get(body[at]!);
    if (kind === undefined) refuse('FRAME_BAD_BODY', `delta part ${p} is of unknown kind ${body[at]}`);
    const stream = body[at + 1]!;
    if (stream >= MAX_STREAMS)
      refuse('FRAME_BAD_BODY', `delta part ${p} is of stream ${stream}, wanted 0 to ${MAX_STREAMS - 1}`);
    if (view.getUint16(at + 2, true) !== 0) {
      refuse('FRAME_BAD_BODY', `reserved bytes of delta part ${p} are not zero`);
    }
    const length = view.getUint32(at + 4, true);
    at += PART_HEADER_BYTES;
    if (length > body.length - at) {
      refuse('FRAME_BAD_BODY', `delta part ${p} announces ${length} bytes, ${body.length - at} are left`);
    }
    const bytes = body.subarray(at, at + length);
    parts.push(stream === 0 ? { kind, bytes } : { kind, stream, bytes });
    at += length;
  }
  if (at !== body.length) refuse('FRAME_BAD_BODY', `delta has ${body.length - at} bytes after its last part`);
  return parts;
}

interface DeltaNumbers {
  readonly epoch?: number;
  readonly sequence: number;
  readonly round: number;
  readonly acknowledged: number;
}

function decodeDelta(body: Uint8Array, numbers: DeltaNumbers): Delta {
  if (body.length < DELTA_HEADER_BYTES) {
    refuse('FRAME_BAD_BODY', `delta body of ${body.length} bytes, wanted at least ${DELTA_HEADER_BYTES}`);
  }
  const view = viewOf(body);
  const gamma = view.getFloat32(0, true);
  const count = view.getUint16(4, true);
  if (!(gamma >= 0 && gamma <= 2)) refuse('FRAME_BAD_BODY', `delta with gamma ${gamma}, wanted 0 to 2`);
  if (count < 1 || count > MAX_DELTA_PARTS) {
    refuse('FRAME_BAD_BODY', `delta of ${count} parts, wanted 1 to ${MAX_DELTA_PARTS}`);
  }
  const flags = view.getUint16(6, true);
  const known = deltaFlags.replicaHash | deltaFlags.degree;
  if ((flags & ~known) !== 0)
    refuse('FRAME_BAD_BODY', `delta with flags ${flags}, wanted none but the bits of ${known}`);
  if (numbers.sequence < 1) refuse('FRAME_BAD_HEADER', 'delta with sequence 0, wanted 1 or more');
  const hashed = (flags & deltaFlags.replicaHash) !== 0;
  const counted = (flags & deltaFlags.degree) !== 0;
  const hashEnd = DELTA_HEADER_BYTES + (hashed ? REPLICA_HASH_BYTES : 0);
  const first = hashEnd + (counted ? DEGREE_BYTES : 0);
  if (body.length < first) refuse('FRAME_BAD_BODY', 'delta ends inside its replica hash or degree');
  const degree = counted ? view.getUint32(hashEnd, true) : 1;
  if (degree < 1 || degree > MAX_DEGREE)
    refuse('FRAME_BAD_BODY', `delta with degree ${degree}, wanted 1 to ${MAX_DEGREE}`);
  return {
    ...numbers,
    gamma,
    ...(hashed ? { replicaHash: view.getUint32(DELTA_HEADER_BYTES, true) } : {}),
    ...(counted ? { degree } : {}),
    parts: decodeParts(body, first, count),
  };
}

/** Whether its numbers are a model of this run is the receiver's to judge: it knows how many there are to be. */
function decodeModel(
  body: Uint8Array,
  dated: { readonly epoch: number; readonly round: number },
): ModelOffer {
  if (body.length === 0 || body.length % 4 !== 0)
    refuse('FRAME_BAD_BODY', `model of ${body.length} bytes, wanted a multiple of 4`);
  if (dated.round < 1) refuse('FRAME_BAD_HEADER', 'model for round 0, wanted 1 or more');
  return { ...dated, bytes: body };
}

function decodeJson<T>(body: Uint8Array, schema: z.ZodType<T>, kind: FrameKind): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new GrapevineError('FRAME_BAD_BODY', `body of a ${kind} frame is not JSON`, {}, cause);
  }
  const outcome = schema.safeParse(value);
  if (outcome.success) return outcome.data;
  return refuse('FRAME_BAD_BODY', `body of a ${kind} frame: ${quoted(z.prettifyError(outcome.error), 300)}`);
}

/**
 * Decodes one whole frame. The parts of a delta are views of `bytes`: keep `bytes` as it is while they live.
 * @throws GrapevineError FRAME_*, as readFrameLength, and FRAME_BAD_CHECKSUM, FRAME_BAD_BODY
 */
export function decodeFrame(bytes: Uint8Array, limits: FrameLimits): Frame {
  const length = readFrameLength(bytes, limits);
  if (bytes.length !== length) {
    refuse('FRAME_TRUNCATED', `frame of ${bytes.length} bytes, its header says ${length}`);
  }
  const view = viewOf(bytes);
  const body = bytes.subarray(FRAME_HEADER_BYTES);
  if (crc32(body) !== view.getUint32(12, true)) {
    refuse('FRAME_BAD_CHECKSUM', 'frame body does not match its checksum: the link corrupts bytes');
  }
  const kind = kindOfCode.get(bytes[5]!)!;
  const numbers = {
    sequence: view.getUint32(32, true),
    round: view.getUint32(36, true),
    acknowledged: view.getUint32(40, true),
  };
  const base = {
    swarmTag: bytes.subarray(16, 24),
    sender: view.getUint32(24, true),
    receiver: view.getUint32(28, true),
  };
  const epoch = view.getUint16(6, true);
  const { sequence, round, acknowledged } = numbers;
  if (kind !== 'delta' && (sequence | acknowledged | (kind === 'model' ? 0 : round)) !== 0) {
    refuse('FRAME_BAD_HEADER', `${kind} frame with a sequence, round or acknowledgment, wanted 0`);
  }
  switch (kind) {
    case 'delta':
      return { ...base, kind, delta: decodeDelta(body, epoch === 0 ? numbers : { epoch, ...numbers }) };
    case 'model':
      return { ...base, kind, model: decodeModel(body, { epoch, round }) };
    case 'sync':
      return { ...base, kind, sync: decodeJson(body, syncSchema, kind) };
    case 'hello':
      return { ...base, kind, hello: decodeJson(body, helloSchema, kind) };
    case 'refuse':
      return { ...base, kind, ...decodeJson(body, refuseSchema, kind) };
    case 'bye':
      return { ...base, kind, ...decodeJson(body, byeSchema, kind) };
    case 'accept':
    case 'heartbeat':
      if (body.length > 0)
        refuse('FRAME_BAD_BODY', `${kind} frame with a body of ${body.length} bytes, wanted none`);
      return { ...base, kind };
    default:
      return kind satisfies never;
  }
}

/** Who a frame must be from and for. */
export interface Addressing {
  readonly swarmTag: Uint8Array;
  readonly sender: number;
  readonly receiver: number;
}

/**
 * Refuses a frame of another swarm or between other peers: a valid frame replayed elsewhere is still wrong.
 * @throws GrapevineError FRAME_WRONG_SWARM, FRAME_WRONG_PEER
 */
export function checkAddressing(frame: Frame, wanted: Addressing): void {
  if (!frame.swarmTag.every((byte, i) => byte === wanted.swarmTag[i])) {
    refuse('FRAME_WRONG_SWARM', 'frame belongs to another swarm: start both peers with the same swarm id');
  }
  if (frame.sender !== wanted.sender || frame.receiver !== wanted.receiver) {
    refuse(
      'FRAME_WRONG_PEER',
      `frame from peer ${frame.sender} for peer ${frame.receiver}, wanted from ${wanted.sender} for ${wanted.receiver}`,
      { sender: frame.sender, receiver: frame.receiver },
    );
  }
}
