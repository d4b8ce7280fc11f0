/**
 * One factor of a low-rank body as bytes. At 4 or 8 bits: r scales as float32, then the r * length codes of
 * quantizer.ts, vector after vector, each vector with its own scale. At 16 bits: r scales, then halves (half.ts),
 * whose scales are powers of two, so that no factor overflows or vanishes in the five exponent bits.
 * At 32 bits: r * length float32 numbers. With b bits that makes b r length + 32 r bits, and 32 r length without scales.
 */
import type { ByteWriter } from '../base/bytes.js';
import type { Factor } from '../linalg/skinny-products.js';
import { fromHalfBits, halfScaleFor, toHalfBits } from './half.js';
import { type BlockShape, MAX_FLOAT32, refuseValue, viewOf } from './operator.js';
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

/** Bits of a factor's numbers: 16 stands for halves, 32 for float32. */
export const factorBits = [4, 8, 16, 32] as const;
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
  if (bits === 16) {
    writeHalvesRounding(writer, factor);
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

function writeHalvesRounding(writer: ByteWriter, { values, length, rank }: Factor): void {
  const scales = Float64Array.from({ length: rank }, (_, c) =>
    halfScaleFor(Math.fround(maxMagnitude(values, c * length, (c + 1) * length))),
  );
  for (const scale of scales) writer.f32(scale);
  for (let c = 0; c < rank; c++) {
    for (let i = c * length; i < (c + 1) * length; i++) {
      const half = toHalfBits(scales[c] === 0 ? 0 : values[i] / scales[c]);
      writer.u16(half);
      values[i] = fromHalfBits(half) * scales[c];
    }
  }
}

/** Reads a checked section. A quantized entry is code * scale, exact in float64. */
export function readFactor(section: Uint8Array, { length, rank, bits }: FactorForm): Factor {
  const values = new Float64Array(rank * length);
  const view = viewOf(section);
  if (bits === 32) {
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * i, true);
    return { values, length, rank };
  }
  if (bits === 16) {
    for (let i = 0; i < values.length; i++) {
      const scale = view.getFloat32(4 * Math.floor(i / length), true);
      values[i] = fromHalfBits(view.getUint16(4 * rank + 2 * i, true)) * scale;
    }
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
  if (form.bits === 16) return checkHalves(view, block, form);
  const levels = levelsOf(form.bits);
  for (let c = 0; c < form.rank; c++) {
    const scale = view.getFloat32(4 * c, true);
    checkScale(block, scale, levels);
    bound = Math.max(bound, scale * levels);
  }
  checkCodes(block, section.subarray(4 * form.rank), { bits: form.bits, count: form.rank * form.length });
  return bound;
}

/** checkFactor for 16 bits: scales from 0 on, finite halves, products within float32. */
function checkHalves(view: DataView, block: BlockShape, { rank, length }: FactorForm): number {
  let bound = 0;
  for (let c = 0; c < rank; c++) {
    const scale = view.getFloat32(4 * c, true);
    // `!(>=)` catches NaN as well.
    if (!(scale >= 0)) refuseValue(block, `got the scale ${scale}, wanted a number from 0`);
    for (let i = c * length; i < (c + 1) * length; i++) {
      const value = fromHalfBits(view.getUint16(4 * rank + 2 * i, true)) * scale;
      if (!(Math.abs(value) <= MAX_FLOAT32))
        refuseValue(block, `factor entry ${i} is ${value}, wanted a finite number within float32`);
      bound = Math.max(bound, Math.abs(value));
    }
  }
  return bound;
}
