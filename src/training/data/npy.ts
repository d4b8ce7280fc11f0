/**
 * NumPy's .npy, versions 1 and 2 (NumPy Enhancement Proposal 1): "\x93NUMPY", version, the length of a header (uint16 or
 * uint32, little-endian), a Python dictionary as text, then entries. Read here: little-endian float32, float64, uint8,
 * int32 and int64 in C order, which is what numpy.save writes of such arrays.
 */
import { badData } from './read-data-file.js';

export interface NpyArray {
  readonly shape: readonly number[];
  /** float64 and int64 become float64: whole numbers are exact up to 2^53. */
  readonly values: Uint8Array | Int32Array | Float32Array | Float64Array;
}

const MAGIC = '\x93NUMPY';
const WANTED = 'little-endian f4, f8, u1, i4 or i8 (numpy.ascontiguousarray(x, dtype="f4"))';

interface Header {
  readonly type: string;
  readonly shape: readonly number[];
  readonly start: number;
}

function readHeader(bytes: Uint8Array, file: string): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 12 || Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== MAGIC)
    throw badData(file, 'no NumPy magic number', 'a file that numpy.save wrote');
  const major = bytes[6];
  if (major !== 1 && major !== 2) throw badData(file, `.npy version ${major}`, 'version 1 or 2');
  const [from, length] = major === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const text = Buffer.from(bytes.subarray(from, from + length)).toString('latin1');
  const type = /'descr':\s*'([^']+)'/.exec(text)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1];
  if (type === undefined || shape === undefined)
    throw badData(file, `the header ${JSON.stringify(text.trim())}`, `'descr' and 'shape' of ${WANTED}`);
  if (!/'fortran_order':\s*False/.test(text))
    throw badData(file, 'columns first (fortran_order)', 'C order: numpy.ascontiguousarray(x)');
  const sides = shape.split(',').filter((side) => side.trim() !== '');
  return { type, shape: sides.map(Number), start: from + length };
}

const readers: Readonly<
  Record<string, { readonly bytes: number; read(view: DataView, count: number): NpyArray['values'] }>
> = {
  '|u1': {
    bytes: 1,
    read: (view, count) => new Uint8Array(view.buffer, view.byteOffset, count),
  },
  '<i4': {
    bytes: 4,
    read: (view, count) => Int32Array.from({ length: count }, (_, k) => view.getInt32(4 * k, true)),
  },
  '<i8': {
    bytes: 8,
    read: (view, count) =>
      Float64Array.from({ length: count }, (_, k) => Number(view.getBigInt64(8 * k, true))),
  },
  '<f4': {
    bytes: 4,
    read: (view, count) => Float32Array.from({ length: count }, (_, k) => view.getFloat32(4 * k, true)),
  },
  '<f8': {
    bytes: 8,
    read: (view, count) => Float64Array.from({ length: count }, (_, k) => view.getFloat64(8 * k, true)),
  },
};

/** Reads an array; `file` heads the error. @throws GrapevineError DATA_UNAVAILABLE */
export function readNpy(bytes: Uint8Array, file: string): NpyArray {
  const { type, shape, start } = readHeader(bytes, file);
  const reader = readers[type];
  if (reader === undefined) throw badData(file, `entries of type ${type}`, WANTED);
  const count = shape.reduce((product, side) => product * side, 1);
  const got = bytes.length - start;
  if (!Number.isInteger(count) || got !== count * reader.bytes)
    throw badData(file, `${got} bytes of entries`, `${count * reader.bytes} for shape (${shape.join(', ')})`);
  return { shape, values: reader.read(new DataView(bytes.buffer, bytes.byteOffset + start, got), count) };
}
