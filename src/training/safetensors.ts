/**
 * Parameters as a SafeTensors file (https://github.com/huggingface/safetensors): 8 bytes of header length, a JSON
 * header with name, dtype, shape and byte range of each tensor, then the raw little-endian numbers. PyTorch and
 * NumPy read it without us.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { GrapevineError, messageOf } from '../base/errors.js';
import type { ParameterLayout } from './parameters.js';

/** The bytes of a file that holds `parameters` under their names. */
export function encodeSafeTensors(layout: ParameterLayout, parameters: Float32Array): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', producer: 'grapevine' } };
  for (const { name, shape, offset, size } of layout.tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [4 * offset, 4 * (offset + size)] };
  }
  const text = JSON.stringify(header);
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8)); // data begins aligned
  const bytes = new Uint8Array(8 + json.length + 4 * parameters.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  parameters.forEach((value, k) => view.setFloat32(8 + json.length + 4 * k, value, true));
  return bytes;
}

/**
 * Writes `parameters` to `path`, whole or not at all.
 * @throws GrapevineError CHECKPOINT_FAILED
 */
export async function writeSafeTensors(
  path: string,
  layout: ParameterLayout,
  parameters: Float32Array,
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, encodeSafeTensors(layout, parameters));
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {}); // the cause is what the user must hear
    throw new GrapevineError(
      'CHECKPOINT_FAILED',
      `checkpoint ${path} cannot be written (${messageOf(cause)}): make room, or choose another directory with --out.`,
      { path },
      cause,
    );
  }
}

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The header is a page of names; a longer one is not a model's. */
const MAX_HEADER_BYTES = 100_000_000;

const tensorSchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

/** Reads one number of each supported dtype at a byte offset. */
const readers: Readonly<
  Record<string, { readonly bytes: number; read(view: DataView, at: number): number }>
> = {
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  BF16: { bytes: 2, read: (view, at) => upperHalf(view.getUint16(at, true)) },
};

const word = new DataView(new ArrayBuffer(4));

/** A bfloat16 is the upper half of a float32. */
function upperHalf(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

function badFile(problem: string): GrapevineError {
  return new GrapevineError('BAD_USAGE', `not a SafeTensors file that can be read: ${problem}.`);
}

function readTensor(name: string, entry: unknown, data: Uint8Array): NamedTensor {
  const parsed = tensorSchema.safeParse(entry);
  if (!parsed.success) throw badFile(`the header of "${name}" is not dtype, shape and data_offsets`);
  const {
    dtype,
    shape,
    data_offsets: [start, end],
  } = parsed.data;
  const reader = readers[dtype];
  if (reader === undefined)
    throw badFile(`"${name}" is of dtype ${dtype}, wanted ${Object.keys(readers).join(', ')}`);
  const size = shape.reduce((product, side) => product * side, 1);
  if (end - start !== size * reader.bytes || end > data.length) {
    throw badFile(`"${name}" needs ${size * reader.bytes} bytes, got ${start} to ${end} of ${data.length}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = Float32Array.from({ length: size }, (_, k) => reader.read(view, start + k * reader.bytes));
  return { name, shape, values };
}

/** The tensors of a file's bytes, in order of their place; of a checkpoint those of its model. @throws GrapevineError BAD_USAGE */
export function decodeSafeTensors(bytes: Uint8Array): NamedTensor[] {
  if (bytes.length < 8) throw badFile(`it has ${bytes.length} bytes`);
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (headerBytes > Math.min(MAX_HEADER_BYTES, bytes.length - 8))
    throw badFile(`its header announces ${headerBytes} bytes`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerBytes)));
  } catch {
    throw badFile('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null) throw badFile('its header is not an object');
  const data = bytes.subarray(8 + headerBytes);
  const { __metadata__: metadata, ...entries } = header as Record<string, unknown>;
  // A checkpoint (node/checkpoint.ts) is a model and the state that training goes on from, which is no model's.
  const isCheckpoint = typeof metadata === 'object' && metadata !== null && 'structure' in metadata;
  return Object.entries(entries)
    .filter(([name]) => !(isCheckpoint && name.startsWith('state.')))
    .map(([name, entry]) => readTensor(name, entry, data));
}

/** @throws GrapevineError BAD_USAGE when the file cannot be read */
export async function readSafeTensors(path: string): Promise<NamedTensor[]> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new GrapevineError('BAD_USAGE', `${path} cannot be read (${messageOf(cause)}).`, { path }, cause);
  }
  return decodeSafeTensors(bytes);
}
