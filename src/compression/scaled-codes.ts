/**
 * The body of quantizers with codes of fixed width: one float32 scale for each bucket, then all codes as two's
 * complement numbers of b bits (bit-stream.ts), value = scale * code.
 *
 *     4 ceil(d / bucket) + ceil(d b / 8) bytes,   bits = b from 2 to 16,   parameter = bucket, 0 for one scale
 *
 * The most negative code, -2^(b-1), is not used.
 */
import type { ByteWriter } from '../base/bytes.js';
import { packSigned, unpackSignedInto } from './bit-stream.js';
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
/** Codes that a check unpacks at a time; a multiple of 8. */
const CHECK_RUN = 1024;

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
  writer.bytes(packSigned(codes, bits));
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

/** Refuses the code that is not used, and padding. Looks at a run of codes at a time: a whole number of bytes. */
function checkCodes(packed: Uint8Array, block: BlockShape, bits: number): void {
  const size = block.rows * block.cols;
  const unused = -levelsOf(bits) - 1;
  const run = new Int16Array(Math.min(CHECK_RUN, size));
  let padding = 0;
  for (let start = 0; start < size; start += CHECK_RUN) {
    const codes = run.subarray(0, size - start);
    padding = unpackSignedInto(codes, packed.subarray((start / 8) * bits), bits);
    const found = codes.indexOf(unused);
    if (found >= 0) refuseValue(block, `entry ${start + found} has the code ${unused}`);
  }
  if (padding !== 0) refuseValue(block, 'the padding after the last code is not zero');
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
  checkCodes(body.subarray(codesAt), block, bits);
}

/** Scales and codes of a checked body. */
export function readScaledCodes(
  body: Uint8Array,
  shape: BlockShape,
  { bits, parameter: bucket }: BlockParams,
): ScaledCodes {
  const view = viewOf(body);
  const scales = Float32Array.from({ length: bucketCount(shape, bucket) }, (_, b) =>
    view.getFloat32(4 * b, true),
  );
  const codes = new Int16Array(shape.rows * shape.cols);
  unpackSignedInto(codes, body.subarray(4 * scales.length), bits);
  return { scales, codes };
}

/** OperatorDecoder.decodeAddInto for such a body: value = scale * code, exact in float64, then rounded. */
export function addScaledCodesInto(out: BlockSlice, body: Uint8Array, params: BlockParams): void {
  const { values } = out;
  const { scales, codes } = readScaledCodes(body, out, params);
  const length = bucketLength(out, params.parameter);
  for (let b = 0; b < scales.length; b++) {
    const scale = scales[b];
    const end = Math.min((b + 1) * length, values.length);
    for (let i = b * length; i < end; i++) values[i] += Math.fround(scale * codes[i]);
  }
}
