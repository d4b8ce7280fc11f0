import { describe, expect, it } from 'vitest';
import { isGrapevineError } from '../../../../src/base/errors.js';
import { readCifar } from '../../../../src/training/data/cifar.js';
import { readIdx } from '../../../../src/training/data/idx.js';
import { readNpy } from '../../../../src/training/data/npy.js';
import { cifarBytes, idxBytes, npyBytes, stripedPictures } from '../../../reference/data-files.js';

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(isGrapevineError(error, 'DATA_UNAVAILABLE')).toBe(true);
    return String(error);
  }
  throw new Error('nothing was refused');
}

describe('IDX', () => {
  const bytes = idxBytes([2, 3], Uint8Array.of(1, 2, 3, 4, 5, 255));

  it('gives back shape and bytes', () => {
    const { shape, values } = readIdx(bytes, 'x', 2);
    expect(shape).toEqual([2, 3]);
    expect([...values]).toEqual([1, 2, 3, 4, 5, 255]);
  });

  it('refuses another magic number, type, rank or length, naming the file and what it wanted', () => {
    expect(refusal(() => readIdx(Buffer.from('PNG image'), 'a/b', 2))).toMatch(
      /a\/b: got no IDX magic number/,
    );
    const floats = Buffer.from(bytes);
    floats[2] = 0x0d;
    expect(refusal(() => readIdx(floats, 'x', 2))).toMatch(/entries of type 13; wanted .*unsigned bytes/);
    expect(refusal(() => readIdx(bytes, 'x', 1))).toMatch(/IDX with 2 dimensions; wanted .* of 1 dimension /);
    expect(refusal(() => readIdx(bytes.subarray(0, 17), 'x', 2))).toMatch(/5 entries; wanted the 6 of 2 x 3/);
    expect(refusal(() => readIdx(Buffer.concat([bytes, bytes]), 'x', 2))).toMatch(/24 entries/);
    expect(refusal(() => readIdx(bytes.subarray(0, 8), 'x', 2))).toMatch(/8 bytes; wanted a header of 12/);
  });
});

describe('NumPy', () => {
  const floats = new Uint8Array(Float32Array.of(1.5, -2, 3, 4, 5, 6).buffer);

  it.each([1, 2])('reads float32 of version %i', (version) => {
    const { shape, values } = readNpy(npyBytes('<f4', [2, 3], floats, version), 'x');
    expect(shape).toEqual([2, 3]);
    expect([...values]).toEqual([1.5, -2, 3, 4, 5, 6]);
  });

  it('reads float64, uint8, int32 and int64', () => {
    const entries = [
      ['<f8', new Uint8Array(Float64Array.of(0.1, -7).buffer), [0.1, -7]],
      ['|u1', Uint8Array.of(0, 255), [0, 255]],
      ['<i4', new Uint8Array(Int32Array.of(-3, 9).buffer), [-3, 9]],
      ['<i8', new Uint8Array(BigInt64Array.of(-3n, 9n).buffer), [-3, 9]],
    ] as const;
    for (const [type, bytes, wanted] of entries) {
      expect([...readNpy(npyBytes(type, [2], bytes), 'x').values]).toEqual(wanted);
    }
  });

  it('refuses other types, column order, another length and no NumPy file, and says how to convert', () => {
    expect(refusal(() => readNpy(npyBytes('>f4', [6], floats), 'x'))).toMatch(
      /type >f4; wanted little-endian/,
    );
    expect(refusal(() => readNpy(npyBytes('<f4', [7], floats), 'x'))).toMatch(
      /24 bytes of entries; wanted 28 for shape \(7\)/,
    );
    const columns = npyBytes('<f4', [2, 3], floats).toString('latin1').replace('False', 'True ');
    expect(refusal(() => readNpy(Buffer.from(columns, 'latin1'), 'x'))).toMatch(/ascontiguousarray/);
    expect(refusal(() => readNpy(Buffer.from('hello, this is text'), 'x'))).toMatch(/no NumPy magic number/);
    expect(refusal(() => readNpy(npyBytes('<f4', [6], floats, 3), 'x'))).toMatch(
      /version 3; wanted version 1 or 2/,
    );
  });
});

describe('CIFAR', () => {
  const pictures = stripedPictures({ count: 12, side: 32, channels: 3, seed: 1 });

  it('turns planes into channels of each pixel', () => {
    const { images, labels } = readCifar(cifarBytes(pictures), 'x', 10);
    expect(Buffer.compare(images, pictures.images)).toBe(0);
    expect([...labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  });

  it('takes the second label of CIFAR-100, the fine one', () => {
    const record = cifarBytes(pictures, 3, 4);
    const { images, labels } = readCifar(Buffer.concat([Buffer.of(77), record]), 'x', 100);
    expect([...labels]).toEqual([3]);
    expect(Buffer.compare(images, pictures.images.subarray(3 * 3072, 4 * 3072))).toBe(0);
  });

  it('refuses half a record, an empty file and a label that does not exist', () => {
    const bytes = cifarBytes(pictures);
    expect(refusal(() => readCifar(bytes.subarray(1), 'x', 10))).toMatch(/records of 3073 bytes/);
    expect(refusal(() => readCifar(Buffer.alloc(0), 'x', 10))).toMatch(/got 0 bytes/);
    bytes[3073] = 10;
    expect(refusal(() => readCifar(bytes, 'x', 10))).toMatch(/label 10 in record 1; wanted labels below 10/);
  });
});
