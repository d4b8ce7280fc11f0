/**
 * Float64 vectors as bytes: through a compressor of the project, whose numbers are float32, or whole (`exact`): 8 bytes
 * a number, little-endian. `exact` is for vectors that do not vanish at the optimum, whose rounding would be an error that
 * stays, and for checks against textbook methods.
 */
import { assert } from '../../base/assert.js';
import { GrapevineError } from '../../base/errors.js';
import { createRandom, type SeedPart } from '../../base/random.js';
import type { CompressorState, MatrixBlock } from '../../compression/compressor.js';
import { decodeAddInto } from '../../compression/message.js';
import { compressors } from '../../compression/registry.js';

/** Name of the whole vector among compressor specs. */
export const EXACT = 'exact';
const FLOAT64_BYTES = 8;

export interface VectorCodec {
  readonly spec: string;
  createState(...seed: readonly SeedPart[]): CompressorState;
  /** @throws GrapevineError PAYLOAD_BAD_VALUE when an entry is not finite, or too large for float32 */
  encode(values: Float64Array, state: CompressorState): Uint8Array;
  /** The decoded vector. @throws GrapevineError PAYLOAD_* */
  decode(bytes: Uint8Array): Float64Array;
}

/** The canonical spec of a codec: `exact` or a compressor's. @throws GrapevineError BAD_SPEC */
export function canonicalCodec(spec: string): string {
  return spec.trim() === EXACT ? EXACT : compressors.canonical(spec);
}

/** `values` as float64. */
export function encodeWhole(values: Float64Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(FLOAT64_BYTES * values.length));
  values.forEach((value, k) => view.setFloat64(FLOAT64_BYTES * k, value, true));
  return new Uint8Array(view.buffer);
}

/** @throws GrapevineError PAYLOAD_BAD_LENGTH, PAYLOAD_BAD_VALUE */
export function decodeWhole(bytes: Uint8Array, length: number): Float64Array {
  if (bytes.length !== FLOAT64_BYTES * length) {
    const text = `got ${bytes.length} bytes, wanted ${FLOAT64_BYTES * length} for ${length} numbers. Drop the message.`;
    throw new GrapevineError('PAYLOAD_BAD_LENGTH', text, { got: bytes.length });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = Float64Array.from({ length }, (_, k) => view.getFloat64(FLOAT64_BYTES * k, true));
  if (!values.every(Number.isFinite)) {
    throw new GrapevineError('PAYLOAD_BAD_VALUE', 'got a number that is not finite. Drop the message.');
  }
  return values;
}

/** The codec of `spec` for vectors cut into `blocks`. @throws GrapevineError BAD_SPEC */
export function createVectorCodec(spec: string, blocks: readonly MatrixBlock[]): VectorCodec {
  const length = blocks.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  if (spec === EXACT) {
    return {
      spec,
      createState: () => [],
      encode: encodeWhole,
      decode: (bytes) => decodeWhole(bytes, length),
    };
  }
  const compressor = compressors.resolve(spec);
  return {
    spec: compressor.spec,
    createState: (...seed) => compressor.createState(blocks, createRandom(...seed)),
    encode(values, state) {
      assert(values.length === length, `the blocks cover ${length} numbers`);
      return compressor.encode(Float32Array.from(values), blocks, state);
    },
    decode(bytes) {
      const decoded = new Float32Array(length);
      decodeAddInto(decoded, bytes, blocks);
      return Float64Array.from(decoded);
    },
  };
}
