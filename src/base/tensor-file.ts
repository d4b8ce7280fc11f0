/**
 * SafeTensors files (https://github.com/huggingface/safetensors) with tensors of any type, text beside them, and a checksum:
 * 8 bytes of header length, a JSON header with dtype, shape and byte range of each tensor, the raw little-endian numbers.
 *
 * The format has no checksum. Ours is SHA-256 over the whole file, itself counted as 64 zeros, in `__metadata__.sha256`: other
 * readers see one more text. Half a file, a flipped bit and a file cut short are recognised; rename alone shows none of them.
 *
 * Unsigned integers wider than 8 bits go as the signed ones of the same bits: PyTorch before 2.3 has no others, and would
 * refuse the file. The reader is told the kind it wants.
 */
import { createHash } from 'node:crypto';
import { assert } from './assert.js';
import { type ArrayKind, arrayOf, kindOf, type PlainArray } from './snapshot.js';

const dtypes: Readonly<Record<ArrayKind, string>> = {
  Float64Array: 'F64',
  BigInt64Array: 'I64',
  BigUint64Array: 'I64',
  Float32Array: 'F32',
  Int32Array: 'I32',
  Uint32Array: 'I32',
  Int16Array: 'I16',
  Uint16Array: 'I16',
  Int8Array: 'I8',
  Uint8Array: 'U8',
};

const elementBytes: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
};

export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: PlainArray;
}

const NO_DIGEST = '0'.repeat(64);
/** Every header begins so, and the checksum follows. */
const HEADER_START = '{"__metadata__":{"sha256":"';
const DIGEST_AT = 8 + HEADER_START.length;
const encoder = new TextEncoder();
const latin1 = new TextDecoder('latin1');

const bytesOf = ({ buffer, byteOffset, byteLength }: PlainArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function encodeHeader(text: string): Uint8Array {
  const json = encoder.encode(text);
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(json, 8);
  return padded;
}

function digestOf(header: Uint8Array, data: Iterable<Uint8Array>): string {
  const hash = createHash('sha256').update(header);
  for (const piece of data) hash.update(piece);
  return hash.digest('hex');
}

/** The file in pieces, which are to be written one after another: the header, then each tensor's own memory. */
export function encodeTensorFile(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array[] {
  assert(new Set(tensors.map(({ name }) => name)).size === tensors.length, 'names of tensors differ');
  // Widest first: then each begins at a multiple of its element, as readers that map the file want it.
  const ordered = [...tensors].sort((a, b) => b.values.BYTES_PER_ELEMENT - a.values.BYTES_PER_ELEMENT);
  // First, so that nothing a caller writes can be taken for it.
  const header: Record<string, unknown> = { __metadata__: { sha256: NO_DIGEST, ...metadata } };
  let at = 0;
  for (const { name, shape, values } of ordered) {
    const end = at + values.byteLength;
    header[name] = { dtype: dtypes[kindOf(values)], shape, data_offsets: [at, end] };
    at = end;
  }
  const head = encodeHeader(JSON.stringify(header));
  const data = ordered.map(({ values }) => bytesOf(values));
  head.set(encoder.encode(digestOf(head, data)), DIGEST_AT);
  return [head, ...data];
}

export interface StoredTensor {
  readonly shape: readonly number[];
  /** A copy, as an array of `kind`; null where the stored type is another. */
  as(kind: ArrayKind): PlainArray | null;
}

export interface TensorFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readTensor(entry: unknown, data: Uint8Array): StoredTensor | null {
  if (!isRecord(entry) || !Array.isArray(entry.shape) || !Array.isArray(entry.data_offsets)) return null;
  const { dtype, shape, data_offsets: offsets } = entry;
  const size = typeof dtype === 'string' ? elementBytes[dtype] : undefined;
  const [start, end] = offsets as unknown[];
  if (size === undefined || !shape.every(isCount) || !isCount(start) || !isCount(end)) return null;
  const length = shape.reduce((product, side) => product * side, 1);
  if (end - start !== length * size || end > data.length) return null;
  return { shape, as: (kind) => (dtypes[kind] === dtype ? arrayOf(kind, data.subarray(start, end)) : null) };
}

/** What a file of encodeTensorFile holds, or in words why it cannot be trusted. */
export function decodeTensorFile(bytes: Uint8Array): TensorFile | string {
  if (bytes.length < 8) return `it has ${bytes.length} bytes`;
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > bytes.length - 8) return `its header announces ${length} of ${bytes.length} bytes`;
  const head = new Uint8Array(bytes.subarray(0, 8 + length)); // a copy
  if (latin1.decode(head.subarray(8, DIGEST_AT)) !== HEADER_START) return 'it has no checksum';
  const data = bytes.subarray(head.length);
  const digest = latin1.decode(head.subarray(DIGEST_AT, DIGEST_AT + NO_DIGEST.length));
  head.set(encoder.encode(NO_DIGEST), DIGEST_AT);
  if (digestOf(head, [data]) !== digest) return 'its checksum is wrong';
  const header: unknown = JSON.parse(new TextDecoder().decode(head.subarray(8)));
  if (!isRecord(header) || !isRecord(header.__metadata__)) return 'its header is not an object';
  const { __metadata__: metadata, ...entries } = header;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(entries)) {
    const tensor = readTensor(entry, data);
    if (tensor === null) return `the header of "${name}" does not fit`;
    tensors.set(name, tensor);
  }
  return { metadata: metadata as Record<string, string>, tensors };
}
