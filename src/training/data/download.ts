/**
 * Published files, fetched once and kept: a file is in its place whole and with the SHA-256 that this project names, or
 * it is not there. While it arrives it is called NAME.PID.part; a cut connection is resumed where it broke (HTTP Range,
 * RFC 9110 section 14), in this run or the next, and only verified bytes are renamed into place. A part belongs to the
 * process in its name; another takes it over once that process is gone.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GrapevineError, messageOf } from '../../base/errors.js';

export interface PublishedFile {
  /** "train-images-idx3-ubyte.gz" */
  readonly name: string;
  /** Places that hold it, tried in turn. */
  readonly urls: readonly string[];
  readonly bytes: number;
  /** Of the whole file, in hex. */
  readonly sha256: string;
}

export interface DownloadOptions {
  /** Where the file is kept. */
  readonly directory: string;
  readonly onNotice?: ((sentence: string) => void) | undefined;
}

/** Attempts over all addresses. A file of 170 MB that is cut off five times has a network worth complaining about. */
const ATTEMPTS = 6;
/** Longest attempt; a link so slow that it needs more (140 kB/s for CIFAR-10) goes on with the next one. */
const ATTEMPT_TIMEOUT_MS = 20 * 60_000;

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

async function sizeOf(file: string): Promise<number | null> {
  return stat(file).then(
    ({ size }) => size,
    () => null, // absent: there is nothing to continue
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's process, but there
  }
}

/** This process's part of `name`: what a process that is gone has left, if there is such, else a new one. */
async function claimPart(directory: string, name: string): Promise<string> {
  const own = join(directory, `${name}.${process.pid}.part`);
  if ((await sizeOf(own)) !== null) return own;
  for (const found of await readdir(directory)) {
    if (!found.startsWith(`${name}.`) || !found.endsWith('.part')) continue;
    const pid = Number(found.slice(name.length + 1, -'.part'.length));
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    const taken = await rename(join(directory, found), own).then(
      () => true,
      () => false, // another process was faster
    );
    if (taken) return own;
  }
  return own;
}

/** Fetches what `part` lacks, from `url`. @throws Error with the reason where not all arrives */
async function fetchRest(url: string, part: string, bytes: number): Promise<void> {
  const held = (await sizeOf(part)) ?? 0;
  if (held === bytes) return;
  const headers = {
    'accept-encoding': 'identity', // the hash is of the file, not of what a server makes of it
    ...(held > 0 && held < bytes ? { range: `bytes=${held}-` } : {}),
  };
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS) });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    if (response.status === 416) await rm(part); // it holds less than we have: begin again
    throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
  }
  const resumed =
    response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${held}-`) === true;
  await writeBody(response.body, part, { bytes, from: resumed ? held : 0 });
}

interface Extent {
  /** Of the whole file. */
  readonly bytes: number;
  /** Where the body begins in it. */
  readonly from: number;
}

async function writeBody(body: ReadableStream<Uint8Array>, part: string, extent: Extent): Promise<void> {
  const file = await open(part, extent.from > 0 ? 'a' : 'w');
  const reader = body.getReader();
  try {
    let size = extent.from;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.length;
      if (size > extent.bytes) throw new Error(`more than ${extent.bytes} bytes arrived`);
      await file.appendFile(next.value);
    }
    if (size < extent.bytes) throw new Error(`${size} of ${extent.bytes} bytes arrived`);
  } finally {
    await reader.cancel().catch(() => undefined); // it has ended, or its connection is gone
    await file.close();
  }
}

/** Node hides the cause of a failed fetch one level down. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : '';
  return `${messageOf(error)}${cause}`;
}

function unavailable(file: PublishedFile, directory: string, reasons: ReadonlySet<string>): GrapevineError {
  return new GrapevineError(
    'DATA_UNAVAILABLE',
    `${file.name} could not be downloaded: ${[...reasons].join('; ')}. Wanted ${file.bytes} bytes with SHA-256 ` +
      `${file.sha256}. Run again to continue, or fetch ${file.urls[0]} by other means and put it into ${directory}`,
    { file: file.name, directory },
  );
}

async function download(file: PublishedFile, { directory, onNotice }: DownloadOptions): Promise<string> {
  const place = join(directory, file.name);
  if ((await sizeOf(place)) === file.bytes && (await sha256Of(place)) === file.sha256) return place;
  const reasons = new Set<string>();
  try {
    await mkdir(directory, { recursive: true });
    const part = await claimPart(directory, file.name);
    onNotice?.(`downloading ${file.urls[0]} (${(file.bytes / 1e6).toFixed(1)} MB) into ${directory}`);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const url = file.urls[attempt % file.urls.length]!;
      try {
        await fetchRest(url, part, file.bytes);
        const got = await sha256Of(part);
        if (got === file.sha256) {
          await rename(part, place);
          return place;
        }
        await rm(part);
        reasons.add(`${url}: the SHA-256 is ${got}`);
      } catch (error) {
        reasons.add(`${url}: ${reasonOf(error)}`);
      }
    }
  } catch (error) {
    reasons.add(messageOf(error)); // the directory cannot be made or read
  }
  throw unavailable(file, directory, reasons);
}

const running = new Map<string, Promise<string>>();

/**
 * The path of `file` in `directory`, after a download where it is not there yet.
 * @throws GrapevineError DATA_UNAVAILABLE naming the address, the file and where to put it by hand
 */
export function fetchPublished(file: PublishedFile, options: DownloadOptions): Promise<string> {
  const key = join(options.directory, file.name);
  const known = running.get(key);
  if (known !== undefined) return known;
  const started = download(file, options).finally(() => running.delete(key));
  running.set(key, started);
  return started;
}
