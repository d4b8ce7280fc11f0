import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layOut } from '../../../src/training/parameters.js';
import {
  decodeSafeTensors,
  encodeSafeTensors,
  readSafeTensors,
  writeSafeTensors,
} from '../../../src/training/safetensors.js';

const layout = layOut(
  [
    { name: 'dense/kernel', shape: [2, 3] },
    { name: 'dense/bias', shape: [3] },
  ],
  [],
);
const parameters = Float32Array.from([1, -2, 3.5, 0, 1e-30, 6, 7, 8, -9]);

describe('SafeTensors', () => {
  it('has the published layout: length, JSON header, raw little-endian numbers', () => {
    const bytes = encodeSafeTensors(layout, parameters);
    const view = new DataView(bytes.buffer);
    const headerBytes = Number(view.getBigUint64(0, true));
    expect(headerBytes % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
    expect(header['dense/kernel']).toEqual({ dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] });
    expect(header['dense/bias']).toEqual({ dtype: 'F32', shape: [3], data_offsets: [24, 36] });
    expect(view.getFloat32(8 + headerBytes + 8, true)).toBe(3.5);
    expect(bytes.length).toBe(8 + headerBytes + 36);
  });

  it('reads back what it wrote, whole, and leaves no temporary file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'grapevine-safetensors-'));
    await writeSafeTensors(join(directory, 'a.safetensors'), layout, parameters);
    const [kernel, bias] = await readSafeTensors(join(directory, 'a.safetensors'));
    expect(kernel).toEqual({ name: 'dense/kernel', shape: [2, 3], values: parameters.subarray(0, 6) });
    expect(bias).toEqual({ name: 'dense/bias', shape: [3], values: parameters.subarray(6) });
    expect(readdirSync(directory)).toEqual(['a.safetensors']);
  });

  it('reads bfloat16 and float64', () => {
    const header = JSON.stringify({
      half: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] },
      double: { dtype: 'F64', shape: [], data_offsets: [4, 12] },
    });
    const bytes = new Uint8Array(8 + header.length + 12);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    view.setUint16(8 + header.length, 0x3fc0, true); // 1.5
    view.setUint16(8 + header.length + 2, 0xc000, true); // -2
    view.setFloat64(8 + header.length + 4, 0.25, true);
    expect(decodeSafeTensors(bytes).map(({ values }) => Array.from(values))).toEqual([[1.5, -2], [0.25]]);
  });

  it('refuses what is cut, announces too much, or is not JSON', () => {
    const bytes = encodeSafeTensors(layout, parameters);
    for (const broken of [bytes.subarray(0, 5), bytes.subarray(0, 40), bytes.subarray(0, bytes.length - 1)]) {
      expect(() => decodeSafeTensors(broken)).toThrowError(expect.objectContaining({ code: 'BAD_USAGE' }));
    }
    const huge = bytes.slice();
    new DataView(huge.buffer).setBigUint64(0, 2n ** 60n, true);
    expect(() => decodeSafeTensors(huge)).toThrow('announces');
  });

  it('says what to do when a checkpoint cannot be written', async () => {
    await expect(writeSafeTensors('/nowhere/a.safetensors', layout, parameters)).rejects.toMatchObject({
      code: 'CHECKPOINT_FAILED',
    });
  });
});
