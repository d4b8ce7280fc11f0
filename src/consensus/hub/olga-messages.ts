/** What OLGA's server sends: one byte for the phase, x, and grad f_1(x) where the workers need it, as float64. */
import { GrapevineError } from '../../base/errors.js';
import { decodeWhole, encodeWhole } from './vector-codec.js';

const PHASES = ['anchor', 'inner', 'end'] as const;

export interface OlgaDownlink {
  readonly phase: (typeof PHASES)[number];
  readonly x: Float64Array;
  /** grad f_1(x); zeros, and not sent, in the phase `end`. */
  readonly own: Float64Array;
}

export function writeOlgaDownlink({ phase, x, own }: OlgaDownlink): Uint8Array {
  const vectors = phase === 'end' ? [x] : [x, own];
  const bytes = new Uint8Array(1 + 8 * x.length * vectors.length);
  bytes[0] = PHASES.indexOf(phase);
  vectors.forEach((vector, k) => bytes.set(encodeWhole(vector), 1 + 8 * x.length * k));
  return bytes;
}

/** @throws GrapevineError PAYLOAD_BAD_OPERATOR, PAYLOAD_BAD_LENGTH, PAYLOAD_BAD_VALUE */
export function readOlgaDownlink(bytes: Uint8Array, length: number): OlgaDownlink {
  const phase = PHASES[bytes[0]];
  if (phase === undefined) {
    throw new GrapevineError(
      'PAYLOAD_BAD_OPERATOR',
      `got the phase ${bytes[0]}, wanted 0 to 2. Drop the message.`,
    );
  }
  const x = decodeWhole(bytes.subarray(1, 1 + 8 * length), length);
  if (phase === 'end') return { phase, x, own: new Float64Array(length) };
  return { phase, x, own: decodeWhole(bytes.subarray(1 + 8 * length), length) };
}
