/**
 * Small files that are there whole or not at all, on a full disk and after a crash too: written beside their place, forced
 * to the disk, then renamed. A summary.json cut in half would be taken for one that is whole by whoever waits for it.
 */
import { open, rename, rm } from 'node:fs/promises';
import { type ErrorCode, GrapevineError, messageOf } from '../base/errors.js';

const ANYBODY_MAY_READ = 0o666; // less what umask takes away

export interface WholeFileOptions {
  /** @default 0o666 */
  readonly mode?: number;
  /** Of the error. @default FILE_WRITE_FAILED */
  readonly code?: ErrorCode;
  /** The last sentence of its message. @default to make room, or the directory writable */
  readonly remedy?: string;
}

/** Replaces `path` by `content`. @throws GrapevineError; what was there before is as it was */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  options: WholeFileOptions = {},
): Promise<void> {
  const {
    mode = ANYBODY_MAY_READ,
    code = 'FILE_WRITE_FAILED',
    remedy = 'Make room there, or make the directory writable.',
  } = options;
  const draft = `${path}.draft`;
  try {
    const file = await open(draft, 'w', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => {}); // the cause is what the user must hear
    throw new GrapevineError(
      code,
      `${path} cannot be written (${messageOf(cause)}). ${remedy}`,
      { path },
      cause,
    );
  }
}
