/**
 * Messages of hub protocols between peers. A delta has one part:
 *
 *     add      {u32 digest, the protocol's bytes}
 *     replace  {u32 digest, a snapshot}: for a worker that has missed steps
 *     add      nothing: this exchange is the other end's
 *
 * The digest is the CRC-32 of the sender's model, float64 by float64, so that two peers whose models are to be equal
 * notice at once when they are not.
 */
import { crc32 } from 'node:zlib';
import { ByteReader, ByteWriter } from '../../base/bytes.js';
import { GrapevineError } from '../../base/errors.js';
import { squaredDistance } from '../../linalg/real-vectors.js';
import type { Delta, DeltaPart } from '../../wire/frame.js';
import type { Contribution } from '../algorithm.js';
import { MAX_CORRECTION_RATIO } from '../mixing-step.js';

export interface PeerMessage {
  readonly kind: DeltaPart['kind'];
  readonly digest: number;
  readonly bytes: Uint8Array;
}

export function digestOf(model: Float64Array): number {
  return crc32(new Uint8Array(model.buffer, model.byteOffset, model.byteLength));
}

/** A contribution with nothing in it. */
export const NOTHING: Contribution = { gamma: 1, parts: [{ kind: 'add', bytes: new Uint8Array(0) }] };

export function contributionOf({ kind, digest, bytes }: PeerMessage): Contribution {
  const writer = new ByteWriter(4 + bytes.length);
  writer.u32(digest);
  writer.bytes(bytes);
  return { gamma: 1, parts: [{ kind, bytes: writer.finish() }] };
}

/** The message of a delta; null for nothing. @throws GrapevineError PAYLOAD_BAD_LENGTH */
export function messageIn({ parts }: Delta): PeerMessage | null {
  const [part] = parts;
  if (part === undefined || parts.length > 1) {
    const text = `got ${parts.length} parts, wanted one: a message of a hub algorithm.`;
    throw new GrapevineError('PAYLOAD_BAD_LENGTH', text, { got: parts.length });
  }
  if (part.bytes.length === 0) return null;
  const reader = new ByteReader(part.bytes);
  return { kind: part.kind, digest: reader.u32(), bytes: reader.bytes(reader.remaining) };
}

/** Numbers beyond all measure are a broken peer's (mixing-step.ts has the rule). @throws GrapevineError PAYLOAD_BAD_VALUE */
export function requirePlausible(values: Float64Array, model: Float64Array): void {
  const most = MAX_CORRECTION_RATIO ** 2 * Math.max(values.length, squaredDistance(model));
  if (squaredDistance(values) <= most) return;
  throw new GrapevineError('PAYLOAD_BAD_VALUE', 'an uplink moves the model beyond measure');
}

/** @throws GrapevineError PAYLOAD_BAD_VALUE */
export function requireSameModel(got: number, own: Float64Array): void {
  const wanted = digestOf(own);
  if (got === wanted) return;
  const text = `the neighbor's model has digest ${got}, this peer's ${wanted}: they were to be equal to the bit`;
  throw new GrapevineError('PAYLOAD_BAD_VALUE', text, { got, wanted });
}
