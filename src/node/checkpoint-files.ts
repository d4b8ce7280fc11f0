/**
 * Checkpoints on a disk: `peer-3.round-00000120.safetensors`. One is written beside the others under a name that nobody reads,
 * put on the disk, and renamed; then the directory is put on the disk; and only then are the oldest removed. So whenever
 * the process dies, the power fails or the disk is full, the one before is there, whole.
 *
 * What is read is checked (checkpoint.ts), and where the newest cannot be trusted, the one before serves.
 */
import { join } from 'node:path';
import { GrapevineError, isGrapevineError, messageOf } from '../base/errors.js';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type Hashes,
  type SavedState,
} from './checkpoint.js';
import { type FileSystem, realFiles } from './file-system.js';

/** Checkpoints kept of each owner: the newest, and what serves when that or a neighbor's is broken. */
export const KEPT_CHECKPOINTS = 3;
/** One write; also what a disk that fills up has taken in part. */
const WRITE_BYTES = 1 << 20;
/** Rounds have 8 digits at most (config/schema.ts), so names sort as their rounds do. */
const ROUND_DIGITS = 8;
const FILE_PATTERN = /^(.+)\.round-(\d{8})\.safetensors$/;

export interface CheckpointDirectory {
  readonly directory: string;
  /** @default KEPT_CHECKPOINTS */
  readonly keep?: number;
  /** @default the machine's */
  readonly files?: FileSystem;
}

export function checkpointName(owner: string, round: number): string {
  return `${owner}.round-${String(round).padStart(ROUND_DIGITS, '0')}.safetensors`;
}

function temporaryName(owner: string): string {
  return `${owner}.checkpoint.tmp`;
}

/** Rounds of which `owner` has a file, ascending; whether they can be trusted is not looked at. */
export async function checkpointRounds(
  { directory, files = realFiles }: CheckpointDirectory,
  owner: string,
): Promise<number[]> {
  const found = (await files.list(directory)).flatMap((name) => {
    const match = FILE_PATTERN.exec(name);
    return match?.[1] === owner ? [Number(match[2])] : [];
  });
  return found.sort((a, b) => a - b);
}

async function writeWhole(files: FileSystem, path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const file = await files.create(path);
  try {
    for (const piece of pieces)
      for (let at = 0; at < piece.length; at += WRITE_BYTES)
        await file.write(piece.subarray(at, at + WRITE_BYTES));
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Writes a checkpoint, whole or not at all, and removes those that are too many.
 * @throws GrapevineError CHECKPOINT_FAILED; the checkpoints before it are as they were
 */
export async function saveCheckpoint(place: CheckpointDirectory, checkpoint: Checkpoint): Promise<void> {
  const { directory, files = realFiles, keep = KEPT_CHECKPOINTS } = place;
  const { owner, round } = checkpoint;
  const path = join(directory, checkpointName(owner, round));
  const temporary = join(directory, temporaryName(owner));
  try {
    await files.makeDirectory(directory);
    await writeWhole(files, temporary, encodeCheckpoint(checkpoint));
    await files.rename(temporary, path);
    await files.syncDirectory(directory);
    for (const old of (await checkpointRounds(place, owner)).slice(0, -keep))
      await files.remove(join(directory, checkpointName(owner, old)));
  } catch (cause) {
    await files.remove(temporary).catch(() => {}); // the cause is what the user must hear
    throw new GrapevineError(
      'CHECKPOINT_FAILED',
      `checkpoint ${path} cannot be written (${messageOf(cause)}); the one before it is kept. Make room, or make the ` +
        'directory writable.',
      { path },
      cause,
    );
  }
}

export interface Wanted {
  readonly owner: string;
  readonly hashes: Hashes;
}

/** @throws GrapevineError CHECKPOINT_UNREADABLE, CHECKPOINT_MISMATCH */
export async function loadCheckpoint(
  { directory, files = realFiles }: CheckpointDirectory,
  { owner, hashes, round }: Wanted & { readonly round: number },
): Promise<SavedState> {
  const name = checkpointName(owner, round);
  let bytes: Uint8Array;
  try {
    bytes = await files.read(join(directory, name));
  } catch (cause) {
    const text = `checkpoint ${name} cannot be read (${messageOf(cause)}).`;
    throw new GrapevineError('CHECKPOINT_UNREADABLE', text, { name }, cause);
  }
  return decodeCheckpoint(bytes, { name, owner, hashes });
}

function isRefused(error: unknown): error is GrapevineError {
  return isGrapevineError(error, 'CHECKPOINT_UNREADABLE') || isGrapevineError(error, 'CHECKPOINT_MISMATCH');
}

/**
 * The newest checkpoint of `wanted.owner` that can be gone on from; null where there is none. Each one passed over is told
 * to `onRefused`.
 */
export async function loadLatestCheckpoint(
  place: CheckpointDirectory,
  wanted: Wanted,
  onRefused: (error: GrapevineError) => void = () => {},
): Promise<SavedState | null> {
  const rounds = await checkpointRounds(place, wanted.owner);
  for (const round of rounds.reverse()) {
    try {
      return await loadCheckpoint(place, { ...wanted, round });
    } catch (error) {
      if (!isRefused(error)) throw error;
      onRefused(error);
    }
  }
  return null;
}

/**
 * The newest round of which every owner has a checkpoint that can be gone on from; null where there is none. A swarm in
 * lockstep goes on from one round, so that what its edges' ends hold fits together.
 */
export async function newestCommonRound(
  place: CheckpointDirectory,
  wanted: {
    readonly owners: readonly string[];
    readonly hashes: Hashes;
    /** @default any round */
    accept?(round: number): boolean;
  },
  onRefused: (error: GrapevineError) => void = () => {},
): Promise<number | null> {
  const { owners, hashes, accept = () => true } = wanted;
  const lists = await Promise.all(owners.map((owner) => checkpointRounds(place, owner)));
  const common = (lists[0] ?? []).filter(
    (round) => lists.every((rounds) => rounds.includes(round)) && accept(round),
  );
  for (const round of common.reverse()) {
    let usable = true;
    for (const owner of owners) {
      try {
        await loadCheckpoint(place, { owner, hashes, round });
      } catch (error) {
        if (!isRefused(error)) throw error;
        onRefused(error);
        usable = false;
      }
    }
    if (usable) return round;
  }
  return null;
}

/** Removes checkpoints of rounds after `round`: the run goes on from there, and will come to them again. */
export async function forgetAfter(
  place: CheckpointDirectory,
  owners: readonly string[],
  round: number,
): Promise<void> {
  const { directory, files = realFiles } = place;
  for (const owner of owners) {
    for (const later of await checkpointRounds(place, owner))
      if (later > round) await files.remove(join(directory, checkpointName(owner, later)));
  }
}
