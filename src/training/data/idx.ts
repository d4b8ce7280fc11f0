/**
 * IDX, the format of MNIST (LeCun, Cortes and Burges) and Fashion-MNIST (Xiao, Rasul and Vollgraf 2017), for bytes:
 *
 *     offset  bytes
 *     0       2       0, 0
 *     2       1       type; 0x08 is unsigned byte, the only one read here
 *     3       1       number of dimensions d
 *     4       4 d     sizes, uint32 big-endian
 *     ...             entries, row-major
 */
import { badData } from './read-data-file.js';

export interface IdxArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX array of `rank` dimensions; `file` heads the error.
 * @throws GrapevineError DATA_UNAVAILABLE where a byte is not as the format says
 */
export function readIdx(bytes: Uint8Array, file: string, rank: number): IdxArray {
  const header = 4 + 4 * rank;
  const wanted = `an IDX file of ${rank} dimension${rank === 1 ? '' : 's'} of unsigned bytes`;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0)
    throw badData(file, 'no IDX magic number', wanted);
  if (bytes[2] !== UNSIGNED_BYTE) throw badData(file, `IDX entries of type ${bytes[2]}`, wanted);
  if (bytes[3] !== rank) throw badData(file, `IDX with ${bytes[3]} dimensions`, wanted);
  if (bytes.length < header) throw badData(file, `${bytes.length} bytes`, `a header of ${header}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const entries = shape.reduce((product, side) => product * side, 1);
  if (bytes.length !== header + entries) {
    const sizes = shape.join(' x ');
    throw badData(
      file,
      `${bytes.length - header} entries`,
      `the ${entries} of ${sizes} that its header names`,
    );
  }
  return { shape, values: bytes.subarray(header) };
}
