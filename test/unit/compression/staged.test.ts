import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import type { MatrixBlock } from '../../../src/compression/compressor.js';
import { decodeAddInto, decodeInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';
import { squaredDistance, squaredNorm } from '../../reference/naive-compression.js';
import { gaussianMatrix } from '../../reference/naive-linalg.js';

const blocks: MatrixBlock[] = [{ name: 'z', offset: 0, rows: 30, cols: 20 }];
const { values } = gaussianMatrix(30, 20);

function send(spec: string, given = values) {
  const compressor = compressors.resolve(spec);
  const message = compressor.encode(given, blocks, compressor.createState(blocks, createRandom('staged')));
  const decoded = new Float32Array(600);
  decodeInto(decoded, message, blocks);
  const lost = squaredDistance(given, decoded) / squaredNorm(given);
  return { message, decoded, lost };
}

/** A body of two-stage bodies, `depth` of them in one another, around zeros sent as they are. */
function nested(depth: number): Uint8Array {
  const part = (code: number, bits: number, body: Uint8Array) => {
    const bytes = new Uint8Array(8 + body.length);
    bytes.set([code, bits]);
    new DataView(bytes.buffer).setUint32(4, body.length, true);
    bytes.set(body, 8);
    return bytes;
  };
  const leaf = part(1, 32, new Uint8Array(4 * 600));
  let message = leaf;
  for (let level = 0; level < depth; level++) message = part(41, 0, Uint8Array.from([...leaf, ...message]));
  return message;
}

describe('two stages', () => {
  it('multiply what they leave: 1 - omega = (1 - omega_1) (1 - omega_2), each on what it is given', () => {
    const first = send('svd:rank=2');
    const rest = values.map((value, i) => value - first.decoded[i]);
    const second = send('top-k:fraction=0.1', rest);
    expect(send('svd:rank=2++top-k:fraction=0.1').lost).toBeCloseTo(first.lost * second.lost, 7);
  });

  it('let the second stage mend the rounding of the first', () => {
    expect(send('low-rank:rank=2,bits=4++none').lost).toBeLessThan(1e-12);
  });

  it('lie one after the other, each with its header', () => {
    const { message } = send('svd:rank=1++top-k:count=3');
    const view = new DataView(message.buffer);
    expect([view.getUint8(0), view.getUint8(1), view.getUint32(4, true)]).toEqual([41, 0, 8 + 200 + 8 + 24]);
    expect([view.getUint8(8), view.getUint16(10, true), view.getUint32(12, true)]).toEqual([3, 1, 200]);
    expect([view.getUint8(216), view.getUint32(220, true)]).toEqual([4, 24]);
  });

  it('nest four deep and no deeper, so that hostile bytes cannot recurse', () => {
    const out = new Float32Array(600);
    expect(() => decodeAddInto(out, nested(4), blocks)).not.toThrow();
    expect(() => decodeAddInto(out, nested(5), blocks)).toThrowError(
      expect.objectContaining({ code: 'PAYLOAD_BAD_OPERATOR', message: expect.stringContaining('4 deep') }),
    );
  });

  it('refuses stages that add up beyond float32, a missing stage and a third one', () => {
    const out = new Float32Array(600);
    const message = send('none++none').message;
    const huge = message.slice();
    const view = new DataView(huge.buffer);
    view.setFloat32(16, 3e38, true);
    view.setFloat32(16 + 2400 + 8, 3e38, true);
    expect(() => decodeAddInto(out, huge, blocks)).toThrowError(
      expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' }),
    );
    const length = expect.objectContaining({ code: 'PAYLOAD_BAD_LENGTH' });
    const withStages = (count: number) => {
      const stage = message.subarray(8, 8 + 2408);
      const bytes = Uint8Array.from([
        ...message.subarray(0, 8),
        ...Array(count)
          .fill([...stage])
          .flat(),
      ]);
      new DataView(bytes.buffer).setUint32(4, bytes.length - 8, true);
      return () => decodeAddInto(out, bytes, blocks);
    };
    expect(withStages(1)).toThrowError(length);
    expect(withStages(3)).toThrowError(length);
    expect(out.every((value) => value === 0)).toBe(true);
  });

  it('let the first stage choose its rank: adaptive rank settles within a stage', () => {
    const { message, lost } = send('adaptive-rank:energy=0.3,bits=32++int8');
    expect([message[0], message[8]]).toEqual([41, 3]);
    expect(lost).toBeLessThan(1e-4);
  });
});
