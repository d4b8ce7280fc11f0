/**
 * A disk in memory on which the power fails at a chosen operation. What was not put on the disk by `sync` may be there
 * afterwards, in part, or not at all; a name that was not put there by `syncDirectory` may be the old or the new one.
 */
import type { FileSystem, FileToWrite } from '../../src/node/file-system.js';

export class PowerCut extends Error {}

/** What becomes of that which is not on the disk for certain. */
export type Luck = 'lost' | 'half' | 'kept';

interface Content {
  written: Uint8Array;
  synced: Uint8Array;
}

export class CrashingDisk implements FileSystem {
  /** Operations until the power fails, this one included. */
  cutAt = Number.POSITIVE_INFINITY;
  /** An error in place of an operation, by its name. */
  failure: { readonly on: string; readonly error: Error } | null = null;
  operations = 0;
  private names = new Map<string, Content>();
  private durable = new Map<string, Content>();

  private operate(name: string): void {
    this.operations += 1;
    if (this.operations >= this.cutAt) throw new PowerCut(`power cut at operation ${this.operations}`);
    if (this.failure?.on === name) throw this.failure.error;
  }

  /** The disk after the power has come back. */
  restart(luck: Luck): CrashingDisk {
    const disk = new CrashingDisk();
    const names = luck === 'lost' ? this.durable : this.names;
    for (const [name, { written, synced }] of names) {
      const half = written.subarray(0, synced.length + ((written.length - synced.length) >> 1));
      const content = Uint8Array.from(luck === 'lost' ? synced : luck === 'half' ? half : written);
      disk.names.set(name, { written: content, synced: content });
    }
    disk.durable = new Map(disk.names);
    return disk;
  }

  /** Changes a file behind everybody's back. */
  damage(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const content = this.names.get(path)!;
    content.written = change(Uint8Array.from(content.written));
  }

  async makeDirectory(): Promise<void> {
    this.operate('makeDirectory');
  }

  async list(path: string): Promise<string[]> {
    this.operate('list');
    return [...this.names.keys()]
      .filter((name) => name.startsWith(`${path}/`))
      .map((name) => name.slice(path.length + 1));
  }

  async read(path: string): Promise<Uint8Array> {
    this.operate('read');
    const content = this.names.get(path);
    if (content === undefined) throw new Error(`ENOENT: ${path}`);
    return content.written;
  }

  async create(path: string): Promise<FileToWrite> {
    this.operate('create');
    const content: Content = { written: new Uint8Array(0), synced: new Uint8Array(0) };
    this.names.set(path, content);
    return {
      write: async (bytes) => {
        const before = content.written;
        const take = (count: number): void => {
          content.written = Uint8Array.from([...before, ...bytes.subarray(0, count)]);
        };
        take(bytes.length >> 1); // a write that is cut off has written some
        this.operate('write');
        take(bytes.length);
      },
      sync: async () => {
        this.operate('sync');
        content.synced = content.written;
      },
      close: async () => this.operate('close'),
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.operate('rename');
    this.names.set(to, this.names.get(from)!);
    this.names.delete(from);
  }

  async remove(path: string): Promise<void> {
    this.operate('remove');
    this.names.delete(path);
  }

  async syncDirectory(): Promise<void> {
    this.operate('syncDirectory');
    this.durable = new Map(this.names);
  }
}
