/** Files of data as bytes: unpacked where they are gzipped, and where they cannot be read the error says which. */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { GrapevineError, messageOf } from '../../base/errors.js';

const GZIP_MAGIC = [0x1f, 0x8b] as const;

/** What is wrong with a file of data: what was found, and what was wanted. */
export function badData(file: string, got: string, wanted: string): GrapevineError {
  return new GrapevineError('DATA_UNAVAILABLE', `${file}: got ${got}; wanted ${wanted}.`, { file });
}

/** @throws GrapevineError DATA_UNAVAILABLE where `file` cannot be read or unpacked */
export async function readDataFile(file: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new GrapevineError(
      'DATA_UNAVAILABLE',
      `${file} could not be read (${messageOf(error)}); wanted a file of data. Check the path; it is read from the ` +
        'directory in which grapevine was started.',
      { file },
      error,
    );
  }
  if (bytes[0] !== GZIP_MAGIC[0] || bytes[1] !== GZIP_MAGIC[1]) return bytes;
  try {
    return await promisify(gunzip)(bytes);
  } catch (error) {
    throw badData(file, `gzip that does not unpack (${messageOf(error)})`, 'a whole file: fetch it again');
  }
}
