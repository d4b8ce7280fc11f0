/** One vector through a compressor and back, as a single block of one row. */
import { createRandom } from '../../src/base/random.js';
import { decodeInto } from '../../src/compression/message.js';
import { compressors } from '../../src/compression/registry.js';

/** Bytes of a block header, before the body. */
const HEADER_BYTES = 8;

/** One block of one row. */
export const rowOf = (length: number) => [{ name: 'x', offset: 0, rows: 1, cols: length }];

/** Calls return the next message of one sender and what it decodes to. */
export function createSender(spec: string, length: number) {
  const compressor = compressors.resolve(spec);
  const blocks = rowOf(length);
  const state = compressor.createState(blocks, createRandom('sender', length));
  return (values: Float32Array) => {
    const message = compressor.encode(values, blocks, state);
    const out = new Float32Array(length);
    decodeInto(out, message, blocks);
    return { message, body: message.subarray(HEADER_BYTES), out };
  };
}

/** The first message of a sender. */
export function compressVector(spec: string, values: readonly number[]) {
  return createSender(spec, values.length)(Float32Array.from(values));
}

/** Announced length of the body for `length` entries, in bytes. */
export function bodyBytes(spec: string, length: number): number {
  return compressors.resolve(spec).encodedBytes(rowOf(length)) - HEADER_BYTES;
}
