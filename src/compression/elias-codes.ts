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
import { eliasBits, putElias, takeElias } from './elias.js';
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

function putDense(stream: BitWriter, codes: Int16Array): void {
  for (let i = 0; i < codes.length; i++) {
    putElias(stream, Math.abs(codes[i]) + 1);
    if (codes[i] !== 0) stream.put(codes[i] < 0 ? 1 : 0, 1);
  }
}

function putSparse(stream: BitWriter, codes: Int16Array): void {
  let previous = -1;
  for (let i = 0; i < codes.length; i++) {
    if (codes[i] === 0) continue;
    putElias(stream, i - previous);
    stream.put(codes[i] < 0 ? 1 : 0, 1);
    putElias(stream, Math.abs(codes[i]));
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

type Visit = (index: number, code: number) => void;

/** Reads a dense bucket; false when the bits are none. */
function takeDense(reader: BitReader, length: number, visit: Visit): boolean {
  for (let i = 0; i < length; i++) {
    const word = takeElias(reader);
    if (word === 0) return false;
    if (word > 1) visit(i, reader.take(1) === 1 ? 1 - word : word - 1);
    if (reader.overrun) return false;
  }
  return true;
}

/** Reads a sparse bucket; false when the bits are none. */
function takeSparse(reader: BitReader, length: number, visit: Visit): boolean {
  let at = -1;
  for (;;) {
    const distance = takeElias(reader);
    if (reader.overrun || distance === 0 || distance > length - at) return false;
    at += distance;
    if (at === length) return true;
    const negative = reader.take(1) === 1;
    const level = takeElias(reader);
    if (level === 0) return false;
    visit(at, negative ? -level : level);
  }
}

/** Calls `visit` for each code of a bucket that is not 0, in order; false when the bits are no bucket. */
function takeBucket(reader: BitReader, length: number, visit: Visit): boolean {
  const sparse = reader.take(1) === 1;
  return sparse ? takeSparse(reader, length, visit) : takeDense(reader, length, visit);
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

/** Calls `visit` with index, value and code of each code that is not 0; false when the bits are no such body. */
function readCodes(
  body: Uint8Array,
  shape: BlockShape,
  {
    bucket,
    visit,
  }: { readonly bucket: number; readonly visit: (i: number, value: number, code: number) => void },
): boolean {
  const size = shape.rows * shape.cols;
  const length = bucketLength(shape, bucket);
  const view = viewOf(body);
  const reader = new BitReader(body.subarray(4 * bucketCount(shape, bucket)));
  for (let start = 0, at = 0; start < size; start += length, at += 4) {
    const scale = view.getFloat32(at, true);
    const add: Visit = (index, code) => visit(start + index, scale * code, code);
    if (!takeBucket(reader, Math.min(length, size - start), add)) return false;
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
  const visit = (i: number, _: number, code: number): void => {
    if (Math.abs(code) > levels)
      refuseValue(block, `entry ${i} has the code ${code}, wanted up to ${levels}`);
  };
  if (!readCodes(body, block, { bucket, visit }))
    refuseValue(block, 'its bits are not the Elias codes of a block');
}

/** Decoder.decodeAddInto for such a body. */
export function addEliasCodesInto(
  out: BlockSlice,
  body: Uint8Array,
  { parameter: bucket }: BlockParams,
): void {
  const { values } = out;
  const visit = (i: number, value: number): void => {
    values[i] += Math.fround(value);
  };
  readCodes(body, out, { bucket, visit });
}
