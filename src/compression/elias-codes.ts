/**
 * The body of QSGD with Elias codes, whose length depends on the values (Alistarh et al. 2017, section 3.2 and
 * appendix): one float32 scale for each bucket, then a row of bits. Each bucket begins with one bit and goes on in
 * that form, the shorter of
 *
 *     0, dense  (Code'_s): for each entry  Elias(level + 1), and a sign bit where the level is not 0
 *     1, sparse (Code_s):  for each level that is not 0, Elias(distance from the previous one; the first counts
 *                          from one entry before the bucket), a sign bit, Elias(level); then Elias(distance to the
 *                          entry after the bucket), which ends it. The paper ends with the string instead.
 *
 * A sign bit is 1 for negative numbers; value = scale * code. Zeros fill the last byte. For s = sqrt(d) the paper
 * counts 2.8 d bits (corollary 3.3). Gaussian numbers take 2.77 d; here the sparse form is the shorter one, dense
 * words would take 2.95 d. No body is longer than the scales, d (1 + |Elias(s + 1)|) bits and one a bucket.
 *
 * bits = 128 + b, b from 2 to 16: levels are below 2^(b-1). parameter = bucket.
 */
import type { ByteWriter } from '../base/bytes.js';
import { GrapevineError } from '../base/errors.js';
import { BitReader, BitWriter } from './bit-stream.js';
import { bucketCount, bucketLength } from './buckets.js';
import { eliasBits, eliasIn, putElias, takeElias, wordOf } from './elias.js';
import { type BlockParams, type BlockShape, type BlockSlice, refuseValue, viewOf } from './operator.js';
import { checkScale, levelsOf } from './quantizer.js';
import type { ScaledCodes } from './random-rounding.js';

/** Added to the header's bits to tell these bodies from those with codes of fixed width. */
export const ELIAS_FLAG = 128;

/** Longest body for a block, with levels up to `levels`. */
export function longestEliasBytes(shape: BlockShape, bucket: number, levels: number): number {
  const buckets = bucketCount(shape, bucket);
  const bits = shape.rows * shape.cols * (1 + eliasBits(levels + 1)) + buckets;
  return 4 * buckets + Math.ceil(bits / 8);
}

/** Bits of a bucket in the dense and in the sparse form. */
function formBits(codes: Int16Array): { dense: number; sparse: number } {
  let dense = 0;
  let sparse = 0;
  let previous = -1;
  for (let i = 0; i < codes.length; i++) {
    const level = Math.abs(codes[i]);
    dense += eliasBits(level + 1);
    if (level === 0) continue;
    dense += 1;
    sparse += eliasBits(i - previous) + 1 + eliasBits(level);
    previous = i;
  }
  return { dense, sparse: sparse + eliasBits(codes.length - previous) };
}

/** 1 for negative codes, else 0. */
const signBit = (code: number): number => code >>> 31;

function putDense(stream: BitWriter, codes: Int16Array): void {
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    const word = Math.abs(code) + 1;
    const length = eliasBits(word);
    if (code === 0) stream.put(0, 1);
    else stream.put(wordOf(word) | (signBit(code) << length), length + 1);
  }
}

function putSparse(stream: BitWriter, codes: Int16Array): void {
  let previous = -1;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) continue;
    putElias(stream, i - previous);
    const level = Math.abs(code);
    stream.put(signBit(code) | (wordOf(level) << 1), 1 + eliasBits(level));
    previous = i;
  }
  putElias(stream, codes.length - previous);
}

/** Appends scales and codes; `length` is the bucket's. */
export function writeEliasCodes(writer: ByteWriter, { scales, codes }: ScaledCodes, length: number): void {
  writer.f32Array(scales);
  const buckets = Array.from(scales, (_, b) => codes.subarray(b * length, (b + 1) * length));
  const forms = buckets.map(formBits);
  const bits = forms.reduce((sum, { dense, sparse }) => sum + 1 + Math.min(dense, sparse), 0);
  const stream = new BitWriter(Math.ceil(bits / 8));
  buckets.forEach((bucket, b) => {
    const useSparse = forms[b].sparse < forms[b].dense;
    stream.put(useSparse ? 1 : 0, 1);
    if (useSparse) putSparse(stream, bucket);
    else putDense(stream, bucket);
  });
  writer.bytes(stream.finish());
}

/** Where the codes of a bucket go: added to `values` with their scale or, where there are none, only checked. */
interface Bucket {
  readonly length: number;
  readonly scale: number;
  readonly values: Float32Array | null;
  /** Refuses a code out of range; `i` counts from the bucket's start. */
  readonly levels: number;
  readonly refuse: (i: number, code: number) => never;
}

/** `level`, or -level where the lowest bit of `sign` is 1; without a branch, which nobody could foretell. */
function signed(level: number, sign: number): number {
  const minus = -(sign & 1);
  return (level ^ minus) - minus;
}

function place(bucket: Bucket, i: number, code: number): void {
  if (bucket.values !== null) bucket.values[i] += Math.fround(bucket.scale * code);
  else if (code > bucket.levels || code < -bucket.levels) bucket.refuse(i, code);
}

/** Reads a dense bucket; false when the bits are none. */
function takeDense(reader: BitReader, bucket: Bucket): boolean {
  let { position } = reader;
  for (let i = 0; i < bucket.length; i++) {
    const bits = reader.peek(position);
    const word = eliasIn(bits);
    if (word === 0) return false; // eliasIn reads all words up to 2^16, and levels are below 2^15
    const length = eliasBits(word);
    position += length;
    if (word === 1) continue;
    place(bucket, i, signed(word - 1, bits >>> length));
    position++;
  }
  reader.position = position;
  return !reader.overrun;
}

/** Reads a sparse bucket; false when the bits are none. */
function takeSparse(reader: BitReader, bucket: Bucket): boolean {
  let { position } = reader;
  for (let at = -1; ; ) {
    let distance = eliasIn(reader.peek(position));
    if (distance > 0) position += eliasBits(distance);
    else {
      reader.position = position;
      distance = takeElias(reader);
      position = reader.position;
    }
    if (distance === 0 || distance > bucket.length - at) return false;
    at += distance;
    if (at === bucket.length) break;
    const bits = reader.peek(position);
    const level = eliasIn(bits >>> 1);
    if (level === 0) return false;
    position += 1 + eliasBits(level);
    place(bucket, at, signed(level, bits));
  }
  reader.position = position;
  return !reader.overrun;
}

/** Refuses a body that ends before its scales and one bit for each bucket. */
function requireScales(body: Uint8Array, block: BlockShape, buckets: number): void {
  const least = 4 * buckets + Math.ceil(buckets / 8);
  if (body.length >= least) return;
  throw new GrapevineError(
    'PAYLOAD_BAD_LENGTH',
    `block "${block.name}" (${block.rows} x ${block.cols}): got a body of ${body.length} bytes, wanted at least ${least} for ${buckets} buckets. Drop the message.`,
    { block: block.name, got: body.length, wanted: least },
  );
}

/** Adds the codes of a body to `values`, or checks them; false when the bits are not those of a block. */
function takeCodes(
  body: Uint8Array,
  block: BlockShape,
  { bucket, levels, values }: { bucket: number; levels: number; values: Float32Array | null },
): boolean {
  const size = block.rows * block.cols;
  const longest = bucketLength(block, bucket);
  const view = viewOf(body);
  const reader = new BitReader(body.subarray(4 * bucketCount(block, bucket)));
  for (let start = 0, at = 0; start < size; start += longest, at += 4) {
    const length = Math.min(longest, size - start);
    const target: Bucket = {
      length,
      scale: view.getFloat32(at, true),
      values: values === null ? null : values.subarray(start, start + length),
      levels,
      refuse: (i, code) =>
        refuseValue(block, `entry ${start + i} has the code ${code}, wanted up to ${levels}`),
    };
    const sparse = reader.take(1) === 1;
    if (!(sparse ? takeSparse(reader, target) : takeDense(reader, target))) return false;
  }
  return reader.atCleanEnd;
}

/** Decoder.check for a body with Elias codes, `bits` without the flag. */
export function checkEliasCodes(
  body: Uint8Array,
  block: BlockShape,
  { bits, parameter: bucket }: BlockParams,
): void {
  const buckets = bucketCount(block, bucket);
  requireScales(body, block, buckets);
  const levels = levelsOf(bits);
  const view = viewOf(body);
  for (let b = 0; b < buckets; b++) checkScale(block, view.getFloat32(4 * b, true), levels);
  if (!takeCodes(body, block, { bucket, levels, values: null }))
    refuseValue(block, 'its bits are not the Elias codes of a block');
}

/** Decoder.decodeAddInto for such a body. */
export function addEliasCodesInto(
  out: BlockSlice,
  body: Uint8Array,
  { parameter: bucket }: BlockParams,
): void {
  takeCodes(body, out, { bucket, levels: 0, values: out.values });
}
