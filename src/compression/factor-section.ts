/**
 * One factor of a low-rank body as bytes. At 4 or 8 bits: r scales as float32, then the r * length codes of
 * quantizer.ts, vector after vector, each vector with its own scale. At 16 bits: r scales, then halves (half.ts),
 * whose scales are powers of two, so that no factor overflows or vanishes in the five exponent bits.
 * At 32 bits: r * length float32 numbers. With b bits that makes b r length + 32 r bits, and 32 r length without scales.
 */
import type { ByteWriter } from '../base/bytes.js';
import { largestInBytes } from '../linalg/difference.js';
import type { Kernels } from '../linalg/kernels.js';
import type { SingleFactor } from '../linalg/outer-product.js';
import type { Factor } from '../linalg/skinny-products.js';
import { kernelsHolding } from '../linalg/vectors.js';
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

/** Largest |entry| of entries from `start` to `end`; NaN when there is one. */
export function maxMagnitude(values: Float64Array, start: number, end: number): number {
  let max = 0;
  for (let i = start; i < end; i++) {
    const magnitude = Math.abs(values[i]);
    if (magnitude > max) max = magnitude;
    else if (Number.isNaN(magnitude)) return magnitude;
  }
  return max;
}

/** Appends `factor` and replaces its entries by the numbers that a receiver will read. */
export function writeFactorRounding(writer: ByteWriter, factor: Factor, bits: FactorBits): void {
  const own = kernelsHolding(factor.values);
  if (bits === 32) writeSinglesRounding(writer, factor, own);
  else if (bits === 16) writeHalvesRounding(writer, factor);
  else if (own !== null) writeCodesByKernels(writer, factor, { engine: own, bits });
  else writeCodesRounding(writer, factor, bits);
}

function writeSinglesRounding(writer: ByteWriter, { values }: Factor, engine: Kernels | null): void {
  if (engine === null) {
    const single = Float32Array.from(values);
    writer.f32Array(single);
    values.set(single);
    return;
  }
  const mark = engine.mark();
  const single = engine.take(4 * values.length);
  engine.run.roundFactor(single, values.byteOffset, values.length);
  writer.bytes(engine.u8.subarray(single, single + 4 * values.length));
  engine.release(mark);
}

/** For a factor in the kernels' memory: the numbers and bytes of writeCodesRounding. */
function writeCodesByKernels(
  writer: ByteWriter,
  { values, length, rank }: Factor,
  { engine, bits }: { readonly engine: Kernels; readonly bits: 4 | 8 },
): void {
  const levels = levelsOf(bits);
  const mark = engine.mark();
  const codes = engine.take(values.length);
  for (let c = 0; c < rank; c++) {
    const scale = scaleFor(maxMagnitude(values, c * length, (c + 1) * length), levels);
    writer.f32(scale);
    engine.run.quantizeFactor(codes + c * length, values.byteOffset + 8 * c * length, length, scale, levels);
  }
  const bytes = engine.u8.subarray(codes, codes + values.length);
  writer.bytes(packCodes(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length), bits));
  engine.release(mark);
}

function writeCodesRounding(writer: ByteWriter, { values, length, rank }: Factor, bits: 4 | 8): void {
  const levels = levelsOf(bits);
  const codes = new Int8Array(values.length);
  for (let c = 0; c < rank; c++) {
    const end = (c + 1) * length;
    const scale = scaleFor(maxMagnitude(values, end - length, end), levels);
    writer.f32(scale);
    for (let i = end - length; i < end; i++) {
      codes[i] = roundToCode(values[i], scale, levels);
      values[i] = Math.fround(codes[i] * scale);
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
      values[i] = Math.fround(fromHalfBits(half) * scales[c]);
    }
  }
}

/**
 * Reads a checked section of codes or halves: an entry is float32(code * scale) or float32(half * scale). Float32
 * numbers are added as they travel (outer-product.ts).
 */
export function readFactor(section: Uint8Array, form: FactorForm): SingleFactor {
  const { length, rank, bits } = form;
  const values = new Float32Array(rank * length);
  if (bits === 16) readHalvesInto(values, section, form);
  else readCodesInto(values, section, form);
  return { values, length, rank };
}

function readHalvesInto(values: Float32Array, section: Uint8Array, { length, rank }: FactorForm): void {
  const view = viewOf(section);
  for (let c = 0; c < rank; c++) {
    const scale = view.getFloat32(4 * c, true);
    for (let i = c * length; i < (c + 1) * length; i++) {
      values[i] = fromHalfBits(view.getUint16(4 * rank + 2 * i, true)) * scale;
    }
  }
}

function readCodesInto(values: Float32Array, section: Uint8Array, { length, rank, bits }: FactorForm): void {
  const view = viewOf(section);
  const codes = section.subarray(4 * rank);
  for (let c = 0; c < rank; c++) {
    const scale = view.getFloat32(4 * c, true);
    for (let i = c * length; i < (c + 1) * length; i++) {
      const shift = bits === 8 ? 24 : 28 - ((i & 1) << 2);
      values[i] = ((codes[bits === 8 ? i : i >> 1] << shift) >> (bits === 8 ? 24 : 28)) * scale;
    }
  }
}

/**
 * Checks the numbers of a section of the right length; returns a bound on their magnitude.
 * @throws GrapevineError PAYLOAD_BAD_VALUE
 */
export function checkFactor(section: Uint8Array, block: BlockShape, form: FactorForm): number {
  if (form.bits === 32) return checkSingles(section, block);
  const view = viewOf(section);
  let bound = 0;
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

/** checkFactor for 32 bits: finite numbers. */
function checkSingles(section: Uint8Array, block: BlockShape): number {
  const largest = largestInBytes(section);
  if (Number.isFinite(largest)) return largest;
  const view = viewOf(section);
  let at = 0;
  while (Number.isFinite(view.getFloat32(at, true))) at += 4;
  return refuseValue(block, `factor entry ${at / 4} is ${view.getFloat32(at, true)}, wanted a finite number`);
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
