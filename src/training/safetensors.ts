/**
 * Parameters as a SafeTensors file (https://github.com/huggingface/safetensors): 8 bytes of header length, a JSON
 * header with name, dtype, shape and byte range of each tensor, then the raw little-endian numbers. PyTorch and
 * NumPy read it without us.
 */
import { rename, writeFile } from 'node:fs/promises';
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
    throw new GrapevineError(
      'CHECKPOINT_FAILED',
      `checkpoint ${path} cannot be written (${messageOf(cause)}): make room, or choose another directory with --out.`,
      { path },
      cause,
    );
  }
}
