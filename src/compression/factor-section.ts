/**
 * One factor of a low-rank body as bytes. At 4 or 8 bits: r scales as float32, then the r * length codes of
 * quantizer.ts, vector after vector, each vector with its own scale. At 32 bits: r * length float32 numbers.
 * With b bits that makes b r length + 32 r bits, and 32 r length without scales.
 */
import type { ByteWriter } from '../base/bytes.js';
import type { Factor } from '../linalg/skinny-products.js';
import { type BlockShape, refuseValue, viewOf } from './operator.js';
import {
  checkCodes,
  checkScale,
  codeBytes,
  levelsOf,
  packCodes,
  roundToCode,
  scaleFor,
  unpackCodesInto,
} from './quantizer.js';

/** Bits of a factor's numbers: 32 stands for float32. */
export const factorBits = [4, 8, 32] as const;
export type FactorBits = (typeof factorBits)[number];

/** Shape of a factor on the wire. */
export interface FactorForm {
  readonly length: number;
  readonly rank: number;
  readonly bits: number;
}

export function sectionBytes({ length, rank, bits }: FactorForm): number {
  return bits === 32 ? 4 * rank * length : 4 * rank + codeBytes(rank * length, bits);
}

/** Largest |entry| of entries from `start` to `end`. */
export function maxMagnitude(values: Float64Array, start: number, end: number): number {
  let max = 0;
  for (let i = start; i < end; i++) max = Math.max(max, Math.abs(values[i]));
  return max;
}

/** Appends `factor` and replaces its entries by the numbers that a receiver will read. */
export function writeFactorRounding(writer: ByteWriter, factor: Factor, bits: FactorBits): void {
  const { values, length, rank } = factor;
  if (bits === 32) {
    const single = Float32Array.from(values);
    writer.f32Array(single);
    values.set(single);
    return;
  }
  const levels = levelsOf(bits);
  const codes = new Int8Array(values.length);
  for (let c = 0; c < rank; c++) {
    const end = (c + 1) * length;
    const scale = scaleFor(maxMagnitude(values, end - length, end), levels);
    writer.f32(scale);
    for (let i = end - length; i < end; i++) {
      codes[i] = roundToCode(values[i], scale, levels);
      values[i] = codes[i] * scale;
    }
  }
  writer.bytes(packCodes(codes, bits));
}

/** Reads a checked section. A quantized entry is code * scale, exact in float64. */
export function readFactor(section: Uint8Array, { length, rank, bits }: FactorForm): Factor {
  const values = new Float64Array(rank * length);
  const view = viewOf(section);
  if (bits === 32) {
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * i, true);
    return { values, length, rank };
  }
  const codes = new Int8Array(values.length);
  unpackCodesInto(codes, section.subarray(4 * rank), bits);
  for (let c = 0; c < rank; c++) {
    const scale = view.getFloat32(4 * c, true);
    for (let i = c * length; i < (c + 1) * length; i++) values[i] = codes[i] * scale;
  }
  return { values, length, rank };
}

/**
 * Checks the numbers of a section of the right length; returns a bound on their magnitude.
 * @throws GrapevineError PAYLOAD_BAD_VALUE
 */
export function checkFactor(section: Uint8Array, block: BlockShape, form: FactorForm): number {
  const view = viewOf(section);
  let bound = 0;
  if (form.bits === 32) {
    for (let at = 0; at < section.length; at += 4) {
      const value = view.getFloat32(at, true);
      if (!Number.isFinite(value))
        refuseValue(block, `factor entry ${at / 4} is ${value}, wanted a finite number`);
      bound = Math.max(bound, Math.abs(value));
    }
    return bound;
  }
  const levels = levelsOf(form.bits);
  for (let c = 0; c < form.rank; c++) {
    const scale = view.getFloat32(4 * c, true);
    checkScale(block, scale, levels);
    bound = Math.max(bound, scale * levels);
  }
  checkCodes(block, section.subarray(4 * form.rank), { bits: form.bits, count: form.rank * form.length });
  return bound;
}
