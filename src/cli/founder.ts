/**
 * What the founder of a swarm does besides training: it invites, and takes back. Invitations are made from the run directory
 * of the founder (identity.key signs); a revocation list lies beside, and a running peer notices when it changes.
 */
import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GrapevineError, messageOf } from '../base/errors.js';
import type { RunPlan } from '../config/run-plan.js';
import {
  issueInvitation,
  issueRevocations,
  MAX_INVITATION_ADDRESSES,
  openRevocations,
  type Revocations,
} from '../node/invitation.js';
import type { SwarmGuard } from '../node/libp2p-guard.js';
import { type Identity, isPeerId, openIdentity, verifySignature } from '../node/libp2p-identity.js';
import type { Place } from './peer-place.js';
import { DEFAULT_EXPIRY_HOURS, type PeerChoices } from './peer-settings.js';
import type { RunMonitor } from './run-monitor.js';
import { identityPath, readSwarmFile, revocationsPath } from './swarm-file.js';
import { writeWhole } from './whole-file.js';

/** How often a running peer looks whether its revocation list has changed. */
const WATCH_MS = 1000;
/** How often it says the list again: a member may have been away. */
const REPEAT_MS = 60_000;
const HOUR_SECONDS = 3600;
/** Whoever reads an invitation can use it. */
const OWNER_ONLY = 0o600;

export interface InvitationChoices {
  readonly swarm: string;
  readonly addresses: readonly string[];
  readonly expiresHours: number;
  readonly peerId?: string | undefined;
  readonly index?: number | undefined;
}

/** A signed invitation, good from now on. */
export function invite(identity: Identity, choices: InvitationChoices): string {
  const { swarm, addresses, expiresHours, peerId, index } = choices;
  return issueInvitation(
    {
      id: randomUUID(),
      swarm,
      addresses: reachableFirst(addresses).slice(0, MAX_INVITATION_ADDRESSES),
      expires: Math.floor(Date.now() / 1000 + expiresHours * HOUR_SECONDS),
      ...(peerId === undefined ? {} : { peerId }),
      ...(index === undefined ? {} : { index }),
    },
    identity,
  );
}

/** Loopback last: it leads nowhere from another machine. */
function reachableFirst(addresses: readonly string[]): string[] {
  const isLoopback = (address: string): number => (/^\/ip4\/127\.|^\/ip6\/::1\//.test(address) ? 1 : 0);
  return [...addresses].sort((a, b) => isLoopback(a) - isLoopback(b));
}

export interface AnnouncementInit {
  readonly place: Place;
  readonly plan: RunPlan;
  readonly addresses: readonly string[];
  readonly identity: Identity;
  readonly directory: string;
  readonly choices: PeerChoices;
  readonly monitor: RunMonitor;
}

/** Says who this peer is and where it listens; the founder's says an invitation, too. */
export async function announceSwarm(init: AnnouncementInit): Promise<void> {
  const { place, plan, addresses, identity, directory, choices, monitor } = init;
  const { swarm, founder, admission } = place.description;
  monitor.say(`peer ${place.index} of ${plan.config.peers}, swarm ${swarm}`);
  for (const address of reachableFirst(addresses)) monitor.say(`listens on ${address}`);
  if (founder !== identity.peerId || place.returns) return;
  const isOpen = admission === 'open';
  if (isOpen) monitor.say(`open to everybody: grapevine peer --join ${reachableFirst(addresses)[0]}`);
  if (isOpen && choices.invitationOut === undefined) return;
  const invitation = invite(identity, { swarm, addresses, expiresHours: choices.expiresHours });
  const path = choices.invitationOut ?? join(directory, 'invitation.txt');
  const written = await writeWhole(path, `${invitation}\n`, { mode: OWNER_ONLY }).then(
    () => `also in ${path}`,
    (error: unknown) => `here only: ${messageOf(error)}`,
  );
  if (isOpen) {
    monitor.say(`who has an invitation can join by it (--invite), too; it is ${written}`);
    return;
  }
  const hours = choices.expiresHours;
  monitor.tell({
    event: 'message',
    level: 'info',
    message: `invitation for one peer, good for ${hours} h (more: grapevine invite ${directory}), ${written}`,
    secret: invitation,
  });
  monitor.say('On the other machine: grapevine peer --invite INVITATION');
}

/** Applies and passes on RUN/revocations.txt, now and whenever it changes; the returned function ends that. */
export function watchRevocations(directory: string, guard: SwarmGuard, monitor: RunMonitor): () => void {
  const path = revocationsPath(directory);
  let seenMs = 0;
  let saidMs = Number.NEGATIVE_INFINITY;
  const look = async (): Promise<void> => {
    const modified = await stat(path)
      .then(({ mtimeMs }) => mtimeMs)
      .catch(() => 0);
    if (modified > seenMs) {
      seenMs = modified;
      const outcome = guard.revoke((await readFile(path, 'utf8')).trim());
      if (outcome === 'reject') monitor.say(`${path} is no revocation list of this swarm's founder.`, 'warn');
      if (outcome !== 'accept') return;
      saidMs = Number.NEGATIVE_INFINITY;
      monitor.say(`revocation list ${path} is in force.`);
    }
    if (seenMs > 0 && performance.now() - saidMs > REPEAT_MS) {
      saidMs = performance.now();
      await guard.publishRevocations();
    }
  };
  const tick = (): void =>
    void look().catch((error: unknown) => monitor.say(`${path}: ${messageOf(error)}`, 'error'));
  tick();
  const timer = setInterval(tick, WATCH_MS);
  return () => clearInterval(timer);
}

/** @throws GrapevineError BAD_USAGE where `directory` is not the founder's */
async function openFounder(directory: string, identityFile: string | undefined) {
  const file = await readSwarmFile(directory);
  const identity = await openIdentity(identityFile ?? identityPath(directory));
  if (identity.peerId === file.description.founder) return { file, identity };
  throw new GrapevineError(
    'BAD_USAGE',
    `only the founder of a swarm can do that: this is ${identity.peerId}, the founder ${file.description.founder}. Run it where the swarm was created.`,
  );
}

export interface InviteCommand {
  readonly directory: string;
  readonly identity: string | undefined;
  readonly expiresHours: number | undefined;
  readonly peerId: string | undefined;
  readonly index: number | undefined;
  readonly out: string | undefined;
}

/** `grapevine invite RUN`: the text of an invitation. @throws GrapevineError BAD_USAGE */
export async function runInvite(command: InviteCommand): Promise<string> {
  const { directory, expiresHours = DEFAULT_EXPIRY_HOURS, peerId, index, out } = command;
  if (peerId !== undefined && !isPeerId(peerId))
    throw new GrapevineError('BAD_USAGE', `--for ${peerId}: no PeerId of an Ed25519 key; wanted 12D3KooW...`);
  const { file, identity } = await openFounder(directory, command.identity);
  const { swarm } = file.description;
  const text = invite(identity, { swarm, addresses: file.addresses, expiresHours, peerId, index });
  if (out !== undefined) await writeWhole(out, `${text}\n`, { mode: OWNER_ONLY });
  return text;
}

/**
 * `grapevine revoke RUN ID...`: adds PeerIds, ids of invitations, or invitations to the list.
 * @returns all that is revoked now. @throws GrapevineError BAD_USAGE
 */
export async function runRevoke(
  directory: string,
  what: readonly string[],
  identityFile?: string,
): Promise<readonly string[]> {
  const { file, identity } = await openFounder(directory, identityFile);
  const { swarm, founder } = file.description;
  if (what.includes(founder)) throw new GrapevineError('BAD_USAGE', 'the founder cannot revoke itself.');
  const path = revocationsPath(directory);
  const text = await readFile(path, 'utf8').catch(() => null);
  const before: Revocations | null =
    text === null ? null : openRevocations(text.trim(), swarm, verifySignature);
  const revoked = [...new Set([...(before?.revoked ?? []), ...what])];
  const list = issueRevocations({ swarm, serial: (before?.serial ?? 0) + 1, revoked }, identity);
  const remedy = 'Nobody is revoked by this command: make room, and run it again.';
  await writeWhole(path, `${list}\n`, { remedy });
  return revoked;
}
