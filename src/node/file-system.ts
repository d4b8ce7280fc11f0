/**
 * The few operations on files that checkpoints need, as an argument: a test lets the n-th of them end the process, or the
 * disk be full.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';

export interface FileToWrite {
  write(bytes: Uint8Array): Promise<void>;
  /** Until it is on the disk itself. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileSystem {
  makeDirectory(path: string): Promise<void>;
  /** Names in a directory; none where it is missing. */
  list(path: string): Promise<string[]>;
  read(path: string): Promise<Uint8Array>;
  /** Empty, whatever was there. */
  create(path: string): Promise<FileToWrite>;
  rename(from: string, to: string): Promise<void>;
  /** Nothing where it is missing. */
  remove(path: string): Promise<void>;
  /** Puts the names in a directory on the disk. */
  syncDirectory(path: string): Promise<void>;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Windows opens no directories, and needs no sync of them. */
function isNoDirectorySync(error: unknown): boolean {
  return ['EISDIR', 'EPERM', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '');
}

export const realFiles: FileSystem = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true });
  },
  async list(path) {
    return await readdir(path).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
  },
  read: (path) => readFile(path),
  async create(path) {
    const file = await open(path, 'w');
    return {
      async write(bytes) {
        for (let at = 0; at < bytes.length; )
          at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
      },
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(path) {
    try {
      const directory = await open(path, 'r');
      await directory.sync().finally(() => directory.close());
    } catch (error) {
      if (!isNoDirectorySync(error)) throw error;
    }
  },
};
