/** The flags of `grapevine peer` that are not those of a run: how it joins, where it listens, whom it lets in. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { GrapevineError, messageOf } from '../base/errors.js';
import { textLines } from '../base/text-lines.js';
import { runConfigSchema } from '../config/schema.js';
import { flagName } from '../config/sources.js';
import { isPeerId } from '../node/libp2p-identity.js';
import type { ReachOptions } from '../node/reach.js';
import { type Flags, positiveNumber, textOf, wholeNumber } from './flags.js';
import { parseHealthAddress, STALL_MS } from './health-server.js';
import { readReachFlags } from './reach-flags.js';
import { writeWhole } from './whole-file.js';

/** Days of --expires when nobody says: an invitation outlasts a long run's stragglers, and not the year. */
export const DEFAULT_EXPIRY_HOURS = 7 * 24;

export interface PeerChoices {
  readonly create: boolean;
  /** --resume: the run directory must be a peer's. */
  readonly resume: boolean;
  readonly open: boolean;
  readonly join: readonly string[];
  /** The text of an invitation. */
  readonly invitation: string | undefined;
  readonly reach: ReachOptions;
  readonly identity: string | undefined;
  readonly index: number | undefined;
  readonly allow: ReadonlySet<string> | null;
  readonly psk: Uint8Array | undefined;
  /** Where the first invitation is written. */
  readonly invitationOut: string | undefined;
  readonly expiresHours: number;
  readonly startTimeoutMs: number;
  /** Where health is answered for; null: nowhere. */
  readonly health: { readonly host: string; readonly port: number } | null;
  /** A peer that finishes no round for this long is not healthy. */
  readonly stallMs: number;
  /** What --task says; absent: nothing. */
  readonly task: string | undefined;
}

/** On every interface, for peers on other machines. */
export const PEER_LISTENS = '/ip4/0.0.0.0/tcp/0';

/** People start peers one after the other; round 1 waits for all neighbors this long. Milliseconds. */
const START_TIMEOUT_MS = 600_000;

const listOf = (value: Flags[string]): readonly string[] => (Array.isArray(value) ? value : []);

function usage(message: string, cause?: unknown): GrapevineError {
  return new GrapevineError('BAD_USAGE', message, {}, cause);
}

async function readText(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw usage(`${flag} ${path}: cannot be read (${messageOf(cause)}).`, cause);
  }
}

/** Lines of a file without comments (#) and blanks. */
async function readLines(flag: string, path: string): Promise<string[]> {
  return textLines(await readText(flag, path));
}

async function readAllowList(path: string): Promise<ReadonlySet<string>> {
  const lines = await readLines('--allow', path);
  const wrong = lines.find((line) => !isPeerId(line));
  if (wrong !== undefined)
    throw usage(
      `--allow ${path}: "${wrong}" is no PeerId of an Ed25519 key; wanted one a line, such as 12D3KooW...`,
    );
  return new Set(lines);
}

/** libp2p's format of a swarm key; the file is made where a swarm is created and there is none. */
async function readPsk(path: string, create: boolean): Promise<Uint8Array> {
  if (create && !existsSync(path)) {
    const key = `/key/swarm/psk/1.0.0/\n/base16/\n${randomBytes(32).toString('hex')}`;
    await writeWhole(path, key, { mode: 0o600 });
  }
  const text = (await readText('--psk', path)).trim();
  if (!/^\/key\/swarm\/psk\/1\.0\.0\/\n\/base16\/\n[0-9a-f]{64}$/i.test(text))
    throw usage(
      `--psk ${path}: no swarm key; wanted the three lines of libp2p's format, as --create --psk writes them.`,
    );
  return new TextEncoder().encode(text);
}

/** The flags that `flags` sets although a swarm decides them. */
function refuseRunFlags(flags: Flags): void {
  const decided = Object.keys(runConfigSchema.shape).filter(
    (key) => key !== 'task' && flags[key] !== undefined,
  );
  if (decided.length > 0)
    throw usage(
      `${decided.map(flagName).join(', ')}: the swarm decides that; leave it out, or --create a swarm.`,
    );
}

/** @throws GrapevineError BAD_USAGE */
export async function readPeerChoices(flags: Flags): Promise<PeerChoices> {
  const invite = textOf(flags.invite);
  const list = textOf(flags.bootstrapList);
  const [allow, psk, health] = [textOf(flags.allow), textOf(flags.psk), textOf(flags.healthPort)];
  const create = flags.create === true;
  const join = [
    ...listOf(flags.join),
    ...(list === undefined ? [] : await readLines('--bootstrap-list', list)),
  ];
  if (create && (join.length > 0 || invite !== undefined))
    throw usage('--create begins a swarm, --join and --invite join one: choose one of them.');
  if (!create) refuseRunFlags(flags);
  const expiresHours = Number(flags.expires ?? DEFAULT_EXPIRY_HOURS);
  if (!(expiresHours > 0)) throw usage(`--expires ${String(flags.expires)}: wanted hours above 0.`);
  const isText = invite === undefined || invite.startsWith('gv-');
  return {
    create,
    resume: flags.resume !== undefined,
    open: flags.open === true,
    join,
    invitation: isText ? invite : (await readText('--invite', invite)).trim(),
    reach: readReachFlags(flags, PEER_LISTENS),
    identity: textOf(flags.identity),
    index: flags.index === undefined ? undefined : wholeNumber('--index', flags.index),
    allow: allow === undefined ? null : await readAllowList(allow),
    psk: psk === undefined ? undefined : await readPsk(psk, create),
    invitationOut: textOf(flags.invitationOut),
    expiresHours,
    startTimeoutMs: flags.startTimeoutMs === undefined ? START_TIMEOUT_MS : Number(flags.startTimeoutMs),
    health: health === undefined ? null : parseHealthAddress(health),
    stallMs: positiveNumber('--stall-ms', flags.stallMs) ?? STALL_MS,
    task: textOf(flags.task),
  };
}
