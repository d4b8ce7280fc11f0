/**
 * A checkpoint as bytes: one SafeTensors file (base/tensor-file.ts) with the model under the names of its layers, as PyTorch
 * reads it, and beside it, each name with `state.` before it, the arrays of all else that is needed to go on. How these hang
 * together, and every number that is no array, is the text `structure` of the file's metadata.
 */
import { GrapevineError } from '../base/errors.js';
import {
  copySnapshot,
  restoreSnapshot,
  type Snapshot,
  type StoredArrays,
  takeSnapshot,
} from '../base/snapshot.js';
import { decodeTensorFile, encodeTensorFile, type TensorFile } from '../base/tensor-file.js';
import type { ParameterLayout } from '../training/parameters.js';

/** Before the names of all tensors that are not the model's. */
export const STATE_ROOT = 'state';

/** Of the structure and of the states: a release that reads no older ones raises it. */
const CHECKPOINT_VERSION = '1';

/** What must be equal for a checkpoint to be gone on from: name to hash, of configuration, model shape, ... */
export type Hashes = Readonly<Record<string, string>>;

export interface Checkpoint {
  /** Whose: peer-3, simulation. Part of the file's name. */
  readonly owner: string;
  /** Rounds finished. */
  readonly round: number;
  readonly hashes: Hashes;
  readonly layout: ParameterLayout;
  /** The model, to be read by others. */
  readonly parameters: Float32Array;
  /** All else, in parts by name, each by `snapshotOf`. */
  readonly parts: Parts;
}

/** Parts of a state, which share nothing with each other. */
export type Parts = Readonly<Record<string, Snapshot>>;

/** Part `name` of a state, plain data, as it is now. @throws SnapshotError */
export function snapshotOf(name: string, value: unknown): Snapshot {
  return copySnapshot(takeSnapshot(value, `${STATE_ROOT}.${name}`));
}

/** The file, in pieces. */
export function encodeCheckpoint({
  owner,
  round,
  hashes,
  layout,
  parameters,
  parts,
}: Checkpoint): Uint8Array[] {
  const model = layout.tensors.map(({ name, shape, offset, size }) => ({
    name,
    shape,
    values: parameters.subarray(offset, offset + size),
  }));
  const arrays = Object.values(parts).flatMap((part) => part.arrays);
  const rest = arrays.map(({ name, values }) => ({ name, shape: [values.length], values }));
  const structure = JSON.stringify(
    Object.fromEntries(Object.entries(parts).map(([name, p]) => [name, p.structure])),
  );
  const facts = { version: CHECKPOINT_VERSION, owner, round: String(round), hashes: JSON.stringify(hashes) };
  return encodeTensorFile([...model, ...rest], { format: 'pt', producer: 'grapevine', ...facts, structure });
}

/** A checkpoint that was read and may be gone on from. */
export interface SavedState {
  readonly owner: string;
  readonly round: number;
  /** A part; `template`, where given, is the same part made afresh and is moved to the saved one in place. */
  restore(part: string, template?: unknown): unknown;
}

function unreadable(name: string, problem: string): GrapevineError {
  return new GrapevineError(
    'CHECKPOINT_UNREADABLE',
    `checkpoint ${name} cannot be trusted: ${problem}; wanted a file as it was written. An older one serves instead.`,
    { name },
  );
}

function mismatch(name: string, what: string): GrapevineError {
  return new GrapevineError(
    'CHECKPOINT_MISMATCH',
    `checkpoint ${name} is not of this run: ${what}. Resume with the configuration that the run began with.`,
    { name },
  );
}

function checkFacts(
  name: string,
  { metadata }: TensorFile,
  expected: { owner: string; hashes: Hashes },
): void {
  const { version, owner, hashes } = metadata;
  if (version !== CHECKPOINT_VERSION)
    throw mismatch(name, `got version ${version} of the format, this release reads ${CHECKPOINT_VERSION}`);
  if (owner !== expected.owner) throw mismatch(name, `got one of ${owner}, wanted one of ${expected.owner}`);
  const found = JSON.parse(hashes ?? '{}') as Hashes;
  for (const [what, hash] of Object.entries(expected.hashes)) {
    if (found[what] !== hash)
      throw mismatch(
        name,
        `got the ${what} of hash ${found[what]?.slice(0, 12)}, wanted ${hash.slice(0, 12)}`,
      );
  }
}

/**
 * Checks `bytes` from their checksum to whose run they are of.
 * @throws GrapevineError CHECKPOINT_UNREADABLE, CHECKPOINT_MISMATCH
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  expected: { readonly name: string; readonly owner: string; readonly hashes: Hashes },
): SavedState {
  const { name } = expected;
  const file = decodeTensorFile(bytes);
  if (typeof file === 'string') throw unreadable(name, file);
  const { metadata, tensors } = file;
  if (metadata.structure === undefined) throw unreadable(name, 'it holds a model and no state');
  checkFacts(name, file, expected);
  const structure = JSON.parse(metadata.structure) as Readonly<Record<string, unknown>>;
  const arrayNamed: StoredArrays = (array, kind) => tensors.get(array)?.as(kind) ?? undefined;
  return {
    owner: expected.owner,
    round: Number(metadata.round),
    restore: (part, template) => restoreSnapshot(structure[part], arrayNamed, template),
  };
}
