/**
 * RUN/swarm.json: what a peer must know to come back to its swarm after a restart, and the founder to invite and to revoke.
 * It lies beside RUN/identity.key, which is secret; this file is not.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GrapevineError, messageOf } from '../base/errors.js';
import { isMemberAddress } from '../node/libp2p-addresses.js';
import { verifySignature } from '../node/libp2p-identity.js';
import { openDescription, type SwarmDescription } from '../node/swarm-identity.js';
import { writeWhole } from './whole-file.js';

export interface Guest {
  readonly peerId: string;
  readonly invitation: string;
}

export interface SwarmFile {
  readonly description: SwarmDescription;
  readonly index: number;
  /** By which this peer was admitted. */
  readonly invitation: string | undefined;
  /**
   * The highest incarnation that this peer has taken or may take in the life that has written this; docs/membership.md. It is
   * put down before anybody hears of it, so a crash never has one used twice.
   */
  readonly incarnation: number;
  /** Rounds, or the search for a model, have begun in that life or an earlier one. */
  readonly begun: boolean;
  /** Members that were admitted by an invitation, which may have ended since. */
  readonly guests: readonly Guest[];
  /** The founder's latest list. */
  readonly revocations: string | null;
  /** Multiaddrs of this peer, and of others that it has known. */
  readonly addresses: readonly string[];
  readonly members: readonly string[];
}

export const identityPath = (directory: string): string => join(directory, 'identity.key');
export const revocationsPath = (directory: string): string => join(directory, 'revocations.txt');
const pathIn = (directory: string): string => join(directory, 'swarm.json');

/** True where a peer has written into `directory` before. */
export function hasSwarmFile(directory: string): boolean {
  return existsSync(pathIn(directory));
}

/** Replaces the file at once: a crash leaves the old one. @throws GrapevineError FILE_WRITE_FAILED */
export async function writeSwarmFile(directory: string, file: SwarmFile): Promise<void> {
  const { description, ...rest } = file;
  const { swarm, document } = description;
  const remedy = 'Make room: without it this peer cannot come back to its swarm after a restart.';
  await writeWhole(pathIn(directory), `${JSON.stringify({ swarm, document, ...rest }, null, 2)}\n`, {
    remedy,
  });
}

const guests = (value: unknown): Guest[] =>
  Array.isArray(value)
    ? value.filter((guest): guest is Guest => texts([guest?.peerId, guest?.invitation]).length === 2)
    : [];

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : [];

/** @throws GrapevineError BAD_USAGE where there is none, DOCUMENT_INVALID where it was changed */
export async function readSwarmFile(directory: string): Promise<SwarmFile> {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(await readFile(pathIn(directory), 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new GrapevineError(
      'BAD_USAGE',
      `${pathIn(directory)} cannot be read (${messageOf(cause)}): wanted the run directory of a grapevine peer.`,
      { directory },
      cause,
    );
  }
  const { invitation, index, incarnation, revocations } = value;
  return {
    description: openDescription(String(value.document), String(value.swarm), verifySignature),
    index: Number.isInteger(index) ? (index as number) : 0,
    invitation: typeof invitation === 'string' ? invitation : undefined,
    incarnation: Number.isInteger(incarnation) ? (incarnation as number) : 0,
    begun: value.begun !== false,
    guests: guests(value.guests),
    revocations: typeof revocations === 'string' ? revocations : null,
    addresses: texts(value.addresses),
    members: texts(value.members).filter(isMemberAddress), // others' words: none may keep us from starting
  };
}
