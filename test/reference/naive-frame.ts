/**
 * A naive twin of src/wire: the table of frame.ts written field by field through a DataView, with a CRC-32 that
 * goes bit by bit. Knows nothing of the real encoder, not even its constants.
 */

/** CRC-32 as in ISO 3309 and zip: reflected, polynomial 0xedb88320, all ones before and after. */
export function naiveCrc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

export interface NaiveHeader {
  readonly kind: number;
  readonly swarmTag: readonly number[];
  readonly sender: number;
  readonly receiver: number;
  readonly epoch?: number;
  readonly sequence?: number;
  readonly round?: number;
  readonly acknowledged?: number;
}

export function naiveFrame(header: NaiveHeader, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(48 + body.length);
  const view = new DataView(frame.buffer);
  [...'GVN1'].forEach((letter, k) => view.setUint8(k, letter.charCodeAt(0)));
  view.setUint8(4, 4);
  view.setUint8(5, header.kind);
  view.setUint16(6, header.epoch ?? 0, true);
  view.setUint32(8, body.length, true);
  view.setUint32(12, naiveCrc32(body), true);
  header.swarmTag.forEach((byte, k) => view.setUint8(16 + k, byte));
  view.setUint32(24, header.sender, true);
  view.setUint32(28, header.receiver, true);
  view.setUint32(32, header.sequence ?? 0, true);
  view.setUint32(36, header.round ?? 0, true);
  view.setUint32(40, header.acknowledged ?? 0, true);
  view.setUint32(44, naiveCrc32(frame.subarray(0, 44)), true);
  frame.set(body, 48);
  return frame;
}

/** gamma, part count, flags, the hash where bit 0 of the flags is set, the degree where bit 1 is; then for each part its kind, stream, reserved, its length and its bytes. */
export function naiveDeltaBody(
  gamma: number,
  parts: readonly { readonly kind: number; readonly stream?: number; readonly bytes: readonly number[] }[],
  replicaHash: number | null = null,
  degree: number | null = null,
): Uint8Array {
  const pieces: number[] = [];
  const put = (bytes: number, write: (view: DataView) => void): void => {
    const view = new DataView(new ArrayBuffer(bytes));
    write(view);
    pieces.push(...new Uint8Array(view.buffer));
  };
  put(4, (view) => view.setFloat32(0, gamma, true));
  put(2, (view) => view.setUint16(0, parts.length, true));
  pieces.push((replicaHash === null ? 0 : 1) + (degree === null ? 0 : 2), 0);
  if (replicaHash !== null) put(4, (view) => view.setUint32(0, replicaHash, true));
  if (degree !== null) put(4, (view) => view.setUint32(0, degree, true));
  for (const { kind, stream = 0, bytes } of parts) {
    pieces.push(kind, stream, 0, 0);
    put(4, (view) => view.setUint32(0, bytes.length, true));
    pieces.push(...bytes);
  }
  return Uint8Array.from(pieces);
}

/** Makes both checksums of `frame` right again after its bytes were changed; leaves its lengths as they are. */
export function mendChecksums(
  frame: Uint8Array,
  crc32: (bytes: Uint8Array) => number = naiveCrc32,
): Uint8Array {
  if (frame.length < 48) return frame;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  view.setUint32(12, crc32(frame.subarray(48)), true);
  view.setUint32(44, crc32(frame.subarray(0, 44)), true);
  return frame;
}
