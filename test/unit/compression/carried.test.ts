import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import type { MatrixBlock } from '../../../src/compression/compressor.js';
import { decodeAddInto, decodeInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';
import { squaredDistance, squaredNorm } from '../../reference/naive-compression.js';
import { gaussianMatrix } from '../../reference/naive-linalg.js';

function send(spec: string, values: Float32Array, blocks: readonly MatrixBlock[]) {
  const compressor = compressors.resolve(spec);
  const message = compressor.encode(values, blocks, compressor.createState(blocks, createRandom('carried')));
  const decoded = new Float32Array(values.length);
  decodeInto(decoded, message, blocks);
  const omega = 1 - squaredDistance(values, decoded) / squaredNorm(values);
  return { message, decoded, omega, announced: compressor.encodedBytes(blocks) };
}

const row: MatrixBlock[] = [{ name: 'row', offset: 0, rows: 1, cols: 6 }];
const matrix = gaussianMatrix(40, 30);
const square: MatrixBlock[] = [{ name: 'z', offset: 0, rows: 40, cols: 30 }];

describe('numbers carried by another operator', () => {
  it('lie in a frame: header of A, indices, header of B, and the body of B', () => {
    const values = Float32Array.of(0, 127, 0, -64, 1, 0);
    const { message, decoded } = send('top-k:count=2+int8', values, row);
    const view = new DataView(message.buffer);
    const header = (at: number) => [
      view.getUint8(at),
      view.getUint8(at + 1),
      view.getUint16(at + 2, true),
      view.getUint32(at + 4, true),
    ];
    expect(header(0)).toEqual([40, 0, 0, 8 + 8 + 8 + 6]);
    expect(header(8)).toEqual([4, 0, 0, 8]);
    expect([view.getUint32(16, true), view.getUint32(20, true)]).toEqual([1, 3]);
    expect(header(24)).toEqual([2, 8, 0, 4 + 2]);
    expect([view.getFloat32(32, true), view.getInt8(36), view.getInt8(37)]).toEqual([1, 127, -64]);
    expect([...decoded]).toEqual([0, 127, 0, -64, 0, 0]);
  });

  it('are exact when B is: A+none decodes to what A does', () => {
    const values = Float32Array.of(3, 127, 0, -64, 1, 0);
    const random = send('rand-k:count=3,scaled=1+none', values, row).decoded;
    expect(random.filter((sent, i) => sent === 2 * values[i]).length).toBeGreaterThanOrEqual(3);
    expect(send('top-k:count=2+none', values, row).decoded).toEqual(
      send('top-k:count=2', values, row).decoded,
    );
    const exact = send('svd:rank=5', matrix.values, square).omega;
    expect(Math.abs(send('svd:rank=5+none', matrix.values, square).omega - exact)).toBeLessThan(1e-6);
  });

  it('lose the share of B: omega = omega_A (1 - eps_B), for int8 factors and for kept entries', () => {
    const kept = send('top-k:fraction=0.2', matrix.values, square);
    const rounded = send('top-k:fraction=0.2+int8', matrix.values, square);
    const eps = squaredDistance(kept.decoded, rounded.decoded) / squaredNorm(kept.decoded);
    expect(eps).toBeGreaterThan(0);
    expect(rounded.omega).toBeCloseTo(kept.omega * (1 - eps), 7);
    const exact = send('svd:rank=4', matrix.values, square).omega;
    expect(send('svd:rank=4+int8', matrix.values, square).omega).toBeGreaterThan((1 - 1e-3) * exact);
  });

  it('are lengths as float32 and vectors of unit length for a low-rank A, P by rows and Q by rows', () => {
    const { message, announced } = send('low-rank:rank=2+none', matrix.values, square);
    // Header; header, 2 lengths; header, P; header, Q.
    expect(message.length).toBe(8 + 8 + 8 + (8 + 4 * 2 * 40) + (8 + 4 * 2 * 30));
    expect(announced).toBe(message.length);
    const view = new DataView(message.buffer);
    expect([view.getUint8(8), view.getUint8(9), view.getUint16(10, true)]).toEqual([3, 0, 2]);
    const lengthOf = (at: number, count: number) =>
      Math.sqrt(
        Array.from({ length: count }, (_, i) => view.getFloat32(at + 4 * i, true) ** 2).reduce(
          (a, b) => a + b,
        ),
      );
    for (const c of [0, 1]) {
      expect(lengthOf(32 + 4 * 40 * c, 40)).toBeCloseTo(1, 6);
      expect(lengthOf(32 + 320 + 8 + 4 * 30 * c, 30)).toBeCloseTo(1, 6);
    }
  });

  it('go by B alone where A would not factor the block', () => {
    expect(send('low-rank:rank=8+int8', new Float32Array(6).fill(1), row).message[0]).toBe(2);
  });

  it('refuses frames of other operators, parts that do not fit, and products beyond float32', () => {
    const { message } = send('low-rank:rank=2+none', matrix.values, square);
    const out = new Float32Array(1200);
    const edited = (edit: (view: DataView) => void) => {
      const copy = message.slice();
      edit(new DataView(copy.buffer));
      return () => decodeAddInto(out, copy, square);
    };
    const refusal = (code: string) => expect.objectContaining({ code });
    expect(edited((view) => view.setUint8(8, 2))).toThrowError(refusal('PAYLOAD_BAD_OPERATOR'));
    expect(edited((view) => view.setUint8(1, 1))).toThrowError(refusal('PAYLOAD_BAD_OPERATOR'));
    expect(edited((view) => view.setUint16(10, 31, true))).toThrowError(refusal('PAYLOAD_BAD_OPERATOR'));
    expect(edited((view) => view.setUint16(10, 3, true))).toThrowError(refusal('PAYLOAD_BAD_LENGTH'));
    expect(edited((view) => view.setFloat32(16, -1, true))).toThrowError(refusal('PAYLOAD_BAD_VALUE'));
    expect(
      edited((view) => {
        view.setFloat32(16, 3e38, true);
        view.setFloat32(32, 1e3, true);
      }),
    ).toThrowError(refusal('PAYLOAD_BAD_VALUE'));
    expect(out.every((value) => value === 0)).toBe(true);
  });
});
