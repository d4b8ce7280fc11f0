/**
 * Where a peer stands in a swarm when it starts: it creates the swarm, is admitted by a member, or comes back to the place that
 * its run directory remembers. Who comes back asks nobody: nobody may be there to ask, and what a member would say is known.
 */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../base/clock.js';
import { GrapevineError } from '../base/errors.js';
import { verifyForeignConfig } from '../config/foreign-config.js';
import type { RunConfig } from '../config/schema.js';
import { configHash } from '../config/verify.js';
import { openInvitation } from '../node/invitation.js';
import { type Identity, verifySignature } from '../node/libp2p-identity.js';
import { askToJoin } from '../node/libp2p-join.js';
import { foundSwarm, openDescription, type SwarmDescription } from '../node/swarm-identity.js';
import type { PeerChoices } from './peer-settings.js';
import type { Settings } from './settings.js';
import type { Guest, SwarmFile } from './swarm-file.js';

/** How long a newcomer tries while no member can be reached. Milliseconds. */
const JOIN_PATIENCE_MS = 60_000;

/** Where a peer stands in a swarm. */
export interface Place {
  readonly description: SwarmDescription;
  readonly index: number;
  /** Of a process that has no checkpoint; of one that has, what it takes where it cannot go on (docs/membership.md). */
  readonly incarnation: number;
  /** Multiaddrs of members. */
  readonly bootstrap: readonly string[];
  readonly invitation: string | undefined;
  readonly revocations: string | null;
  /** Its run directory knows it: it may have checkpoints. */
  readonly returns: boolean;
  /** Members that have been admitted before. */
  readonly guests: readonly Guest[];
}

/** What a peer has before it knows its swarm. */
export interface Entrance {
  readonly choices: PeerChoices;
  readonly settings: Settings;
  readonly directory: string;
  readonly identity: Identity;
  /** What the run directory remembers; null where it is new. */
  readonly before: SwarmFile | null;
  readonly signal: AbortSignal;
}

/** What all peers of a swarm have verified, and where this one stands in it. */
export interface Joined {
  readonly place: Place;
  readonly run: RunConfig;
}

/** @param displaced its index turned out to be another's. @throws GrapevineError */
export async function enterSwarm(entrance: Entrance, displaced = false): Promise<Joined> {
  const { choices, before } = entrance;
  if (before !== null && !displaced) return comeBackTo(before, entrance);
  if (choices.create && before === null) return createSwarm(entrance);
  return await joinSwarm(entrance, displaced);
}

function createSwarm({ choices, settings, identity }: Entrance): Joined {
  const { run } = settings;
  const index = choices.index ?? 0;
  if (index >= run.peers)
    throw new GrapevineError('BAD_USAGE', `--index ${index}: the swarm has ${run.peers} peers, from 0.`);
  const description = foundSwarm({
    identity,
    config: { ...run },
    admission: choices.open ? 'open' : 'invited',
    salt: randomUUID(),
  });
  const place = {
    description,
    index,
    incarnation: 0,
    bootstrap: [],
    invitation: undefined,
    revocations: null,
    returns: false,
    guests: [],
  };
  return { place, run };
}

/** The command line may be the one of the first start: it has to mean the same swarm. @throws GrapevineError BAD_USAGE */
function comeBackTo(before: SwarmFile, { choices, settings, directory }: Entrance): Joined {
  const { description, index, incarnation, begun } = before;
  const task = choices.create ? settings.run.task : choices.task;
  const run = verifyForeignConfig(description.config, { task, tasks: settings.tasks });
  const opened =
    choices.invitation === undefined ? null : openInvitation(choices.invitation, verifySignature);
  const refuse = (what: string): never => {
    throw new GrapevineError(
      'BAD_USAGE',
      `${directory} belongs to peer ${index} of swarm ${description.swarm}, and ${what}: leave that out to go back to it, or choose another --out.`,
    );
  };
  if (choices.create && configHash(settings.run) !== configHash(run))
    refuse('--create has another configuration');
  if (choices.create && choices.open !== (description.admission === 'open'))
    refuse(choices.open ? '--open says that it is open' : '--create says that it is not open');
  if (opened !== null && opened.swarm !== description.swarm)
    refuse(`the invitation is to swarm ${opened.swarm}`);
  if (choices.index !== undefined && choices.index !== index) refuse(`--index says ${choices.index}`);
  const addresses = [...(opened?.addresses ?? []), ...choices.join, ...before.members];
  const place = {
    description,
    index,
    // Who has never begun has sent nobody anything: its first life goes on.
    incarnation: begun ? incarnation + 1 : incarnation,
    bootstrap: [...new Set(addresses)].filter((address) => !before.addresses.includes(address)),
    invitation: choices.invitation ?? before.invitation,
    revocations: before.revocations,
    returns: true,
    guests: before.guests,
  };
  return { place, run };
}

/** Through whom, with what, to which swarm. */
function wayIn({ choices, before }: Entrance): {
  readonly addresses: readonly string[];
  readonly invitation: string | undefined;
  readonly swarm: string | undefined;
} {
  const invitation = choices.invitation ?? before?.invitation;
  const opened = invitation === undefined ? null : openInvitation(invitation, verifySignature);
  const known = [...(opened?.addresses ?? []), ...(before?.members ?? [])];
  const addresses = [...new Set([...choices.join, ...known])];
  const swarm = opened?.swarm ?? (choices.join.length > 0 ? undefined : before?.description.swarm);
  if (addresses.length > 0) return { addresses, invitation, swarm };
  throw new GrapevineError(
    'BAD_USAGE',
    'which swarm? Wanted --invite FILE, --join MULTIADDR or --bootstrap-list FILE, or --create for a new one.',
  );
}

async function joinSwarm(entrance: Entrance, displaced: boolean): Promise<Joined> {
  const { choices, settings, identity, before, signal } = entrance;
  const { addresses, invitation, swarm } = wayIn(entrance);
  const answer = await askToJoin({
    addresses,
    request: { swarm, invitation, index: displaced ? undefined : choices.index },
    privateKey: identity.privateKey,
    psk: choices.psk,
    patienceMs: JOIN_PATIENCE_MS,
    clock: systemClock,
    signal,
  });
  const description = openDescription(answer.document, swarm ?? answer.swarm, verifySignature);
  const run = verifyForeignConfig(description.config, { task: choices.task, tasks: settings.tasks });
  const incarnation = answer.begun ? 1 : 0;
  const bootstrap = [answer.member, ...addresses.filter((address) => address !== answer.member)];
  const { index, revocations } = answer;
  const place = { description, index, incarnation, bootstrap, invitation, revocations };
  return { place: { ...place, returns: false, guests: before?.guests ?? [] }, run };
}
