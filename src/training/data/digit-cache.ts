/**
 * One file of images and labels:
 *
 *     offset  bytes
 *     0       8                 magic "GVDIGIT1"
 *     8       4                 count, uint32 little-endian
 *     12      4                 features a sample, uint32 little-endian
 *     16      32                SHA-256 of the rest
 *     48      count * features  images, a byte a feature
 *     ...     count             labels
 *
 * It is written beside its place and renamed into it, so that a reader sees all of it or nothing and the last of
 * several writers wins. A cache is never trusted and never needed: whatever is wrong with it, the answer is null.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Digits {
  /** [count, features]. */
  readonly images: Uint8Array;
  /** [count]. */
  readonly labels: Uint8Array;
}

const MAGIC = 'GVDIGIT1';
const HASH_AT = 16;
const BODY_AT = 48;

function header(count: number, features: number, body: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.alloc(BODY_AT);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(count, 8);
  bytes.writeUInt32LE(features, 12);
  const hash = createHash('sha256');
  for (const part of body) hash.update(part);
  hash.digest().copy(bytes, HASH_AT);
  return bytes;
}

/** The digits of `file`; null when it is absent, unreadable, of another size or damaged. */
export async function readDigitCache(file: string, count: number, features: number): Promise<Digits | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch {
    return null; // absent or unreadable: the caller parses the package instead
  }
  if (bytes.length !== BODY_AT + count * (features + 1)) return null;
  const body = bytes.subarray(BODY_AT);
  if (!bytes.subarray(0, BODY_AT).equals(header(count, features, [body]))) return null;
  return { images: body.subarray(0, count * features), labels: body.subarray(count * features) };
}

/** Writes the cache if that is possible: a full disk or a read-only home only costs the next start its time. */
export async function writeDigitCache(file: string, { images, labels }: Digits): Promise<boolean> {
  const draft = `${file}.${process.pid}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(
      draft,
      [header(labels.length, images.length / labels.length, [images, labels]), images, labels],
      {
        flag: 'wx',
      },
    );
    await rename(draft, file);
    return true;
  } catch {
    await rm(draft, { force: true }).catch(() => undefined); // its directory may not even exist
    return false;
  }
}
