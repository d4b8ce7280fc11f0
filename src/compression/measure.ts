/** What a compressor does to given tensors: error, contraction, bytes and time, block by block. */
import { createRandom } from '../base/random.js';
import type { Compressor, MatrixBlock } from './compressor.js';
import { contractionOf, type Squares, squaresOf } from './contraction.js';
import { BLOCK_HEADER_BYTES, decodeAddInto } from './message.js';

export interface BlockMeasurement {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  /** Bytes of this block in the last message, its header included. */
  readonly bytes: number;
  /** Bits per number. */
  readonly bits: number;
  /** ||C(z) - z|| / ||z||; 0 for z = 0. */
  readonly relativeError: number;
  /** omega = 1 - ||C(z) - z||^2 / ||z||^2; negative where an unbiased operator adds more noise than zero would. */
  readonly omega: number;
}

export interface Measurement {
  readonly spec: string;
  readonly blocks: readonly BlockMeasurement[];
  /** The whole vector as one. */
  readonly total: Omit<BlockMeasurement, 'name' | 'rows' | 'cols'>;
  /** Best over the messages, in milliseconds. */
  readonly encodeMs: number;
  readonly decodeMs: number;
}

export interface MeasureOptions {
  /** Messages encoded from the same values; the last is judged, so warm starts are warm from the second on. */
  readonly messages: number;
  readonly seed: number;
  nowMs(): number;
}

function judge(squares: Squares, bytes: number, numbers: number) {
  const omega = contractionOf(squares);
  return { bytes, bits: (8 * bytes) / numbers, relativeError: Math.sqrt(1 - omega), omega };
}

/** Bytes of each block of a message: header and announced body. */
function blockBytes(message: Uint8Array, count: number): number[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  return Array.from({ length: count }, () => {
    const bytes = BLOCK_HEADER_BYTES + view.getUint32(at + 4, true);
    at += bytes;
    return bytes;
  });
}

/** Runs `compressor` on `values`. @throws GrapevineError PAYLOAD_BAD_VALUE when a value is not finite */
export function measureCompressor(
  compressor: Compressor,
  tensors: { readonly blocks: readonly MatrixBlock[]; readonly values: Float32Array },
  options: MeasureOptions,
): Measurement {
  const { blocks, values } = tensors;
  const state = compressor.createState(blocks, createRandom(options.seed, 'measure'));
  const decoded = new Float32Array(values.length);
  let message = new Uint8Array(0) as Uint8Array;
  let encodeMs = Number.POSITIVE_INFINITY;
  let decodeMs = Number.POSITIVE_INFINITY;
  for (let k = 0; k < options.messages; k++) {
    const startedMs = options.nowMs();
    message = compressor.encode(values, blocks, state);
    const encodedMs = options.nowMs();
    decoded.fill(0);
    const decodingMs = options.nowMs();
    decodeAddInto(decoded, message, blocks);
    encodeMs = Math.min(encodeMs, encodedMs - startedMs);
    decodeMs = Math.min(decodeMs, options.nowMs() - decodingMs);
  }
  const bytes = blockBytes(message, blocks.length);
  const whole: MatrixBlock = { name: 'all', offset: 0, rows: 1, cols: values.length };
  return {
    spec: compressor.spec,
    encodeMs,
    decodeMs,
    blocks: blocks.map(({ name, rows, cols, offset }, b) => {
      const squares = squaresOf(values, decoded, { name, rows, cols, offset });
      return { name, rows, cols, ...judge(squares, bytes[b]!, rows * cols) };
    }),
    total: judge(squaresOf(values, decoded, whole), message.length, values.length),
  };
}
