/**
 * The body of quantizers with codes of fixed width: one float32 scale for each bucket, then all codes as two's
 * complement numbers of b bits (bit-stream.ts), value = scale * code.
 *
 *     4 ceil(d / bucket) + ceil(d b / 8) bytes,   bits = b from 2 to 16,   parameter = bucket, 0 for one scale
 *
 * The most negative code, -2^(b-1), is not used.
 */
import type { ByteWriter } from '../base/bytes.js';
import { BitReader, BitWriter, putSigned, takeSigned } from './bit-stream.js';
import { bucketCount, bucketLength } from './buckets.js';
import {
  type BlockParams,
  type BlockShape,
  type BlockSlice,
  type OperatorDecoder,
  refuseParams,
  refuseValue,
  requireLength,
  viewOf,
} from './operator.js';
import { checkScale, codeBytes, levelsOf } from './quantizer.js';
import type { ScaledCodes } from './random-rounding.js';

/** A sign and one level. */
export const MIN_CODE_BITS = 2;
/** Codes are kept as Int16Array. */
export const MAX_CODE_BITS = 16;

/** Bits of a code from -levels to levels: 1 + ceil(log2(levels + 1)). */
export function signedBits(levels: number): number {
  return 1 + (32 - Math.clz32(levels));
}

/** Length of the body in bytes. */
export function scaledCodesBytes(shape: BlockShape, { bits, parameter: bucket }: BlockParams): number {
  return 4 * bucketCount(shape, bucket) + codeBytes(shape.rows * shape.cols, bits);
}

/** Appends scales and codes. */
export function writeScaledCodes(writer: ByteWriter, { scales, codes }: ScaledCodes, bits: number): void {
  writer.f32Array(scales);
  const stream = new BitWriter(codeBytes(codes.length, bits));
  for (let i = 0; i < codes.length; i++) putSigned(stream, codes[i], bits);
  writer.bytes(stream.finish());
}

/** Refuses a width of codes that is not from 2 to `most` bits. */
export function requireCodeBits(
  decoder: OperatorDecoder,
  block: BlockShape,
  { bits, most = MAX_CODE_BITS }: { readonly bits: number; readonly most?: number },
): void {
  if (bits >= MIN_CODE_BITS && bits <= most) return;
  refuseParams(decoder, block, `got ${bits} bits, wanted ${MIN_CODE_BITS} to ${most}`);
}

/**
 * OperatorDecoder.check for such a body, whose width of codes is right. `top` is the value of the largest code for a
 * scale of 1.
 */
export function checkScaledCodes(
  body: Uint8Array,
  block: BlockShape,
  { bits, parameter, top = levelsOf(bits) }: BlockParams & { readonly top?: number },
): void {
  requireLength(body, block, scaledCodesBytes(block, { bits, parameter }));
  const codesAt = 4 * bucketCount(block, parameter);
  const view = viewOf(body);
  for (let at = 0; at < codesAt; at += 4) checkScale(block, view.getFloat32(at, true), top);
  const reader = new BitReader(body.subarray(codesAt));
  const unused = -levelsOf(bits) - 1;
  for (let i = 0; i < block.rows * block.cols; i++) {
    if (takeSigned(reader, bits) === unused) refuseValue(block, `entry ${i} has the code ${unused}`);
  }
  if (!reader.atCleanEnd) refuseValue(block, 'the padding after the last code is not zero');
}

/** Calls `visit` for each entry of a checked body, in order. */
export function eachScaledCode(
  shape: BlockShape,
  body: Uint8Array,
  form: {
    readonly bits: number;
    readonly bucket: number;
    visit(index: number, scale: number, code: number): void;
  },
): void {
  const { bits, bucket } = form;
  const size = shape.rows * shape.cols;
  const length = bucketLength(shape, bucket);
  const view = viewOf(body);
  const reader = new BitReader(body.subarray(4 * bucketCount(shape, bucket)));
  for (let start = 0, at = 0; start < size; start += length, at += 4) {
    const scale = view.getFloat32(at, true);
    const end = Math.min(start + length, size);
    for (let i = start; i < end; i++) form.visit(i, scale, takeSigned(reader, bits));
  }
}

/** OperatorDecoder.decodeAddInto for such a body: value = scale * code, exact in float64, then rounded. */
export function addScaledCodesInto(
  out: BlockSlice,
  body: Uint8Array,
  { bits, parameter: bucket }: BlockParams,
): void {
  const { values } = out;
  eachScaledCode(out, body, {
    bits,
    bucket,
    visit(i, scale, code) {
      values[i] += Math.fround(scale * code);
    },
  });
}
