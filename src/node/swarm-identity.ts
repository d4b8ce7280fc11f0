/**
 * What a swarm is: a description that its founder has signed, and an id that binds both.
 *
 *     description   { version, config, admission, salt }, signed (signed-document.ts)
 *     swarm id      FOUNDER-PEERID.HASH, the first 32 hex digits of SHA-256 over the description's JSON
 *
 * The id holds the founder's public key (a PeerId does) and pins every choice of the run, so whoever knows the id can take
 * the description from anybody, the swarm's worst enemy included, and needs to trust nobody. All that must be believed
 * in a swarm - who may join, who is no longer welcome - is signed by that one key: the root of trust.
 *
 * A description says *which* task; it never carries code. A user's own module is named by the hash of its file, and
 * whoever joins brings the file.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { GrapevineError } from '../base/errors.js';
import { invalid, readDocument, type Signer, signDocument, type VerifySignature } from './signed-document.js';

/** Who may join without being on a member's allow-list: everybody, or whoever the founder has invited. */
export type AdmissionPolicy = 'open' | 'invited';

const VERSION = 1;
/** A configuration is 20 keys of at most 500 characters; base64 adds a third. */
export const MAX_DESCRIPTION_CHARACTERS = 16 * 1024;
/** 128 bits: nobody finds a second description for an id. */
const HASH_DIGITS = 32;

const descriptionSchema = z.strictObject({
  version: z.literal(VERSION),
  /** Keys of a RunConfig; verifyRunConfig says what they mean. */
  config: z.record(z.string().max(64), z.union([z.string().max(500), z.number()])),
  admission: z.enum(['open', 'invited']),
  salt: z.string().min(8).max(64),
});

export interface SwarmDescription {
  readonly swarm: string;
  readonly founder: string;
  readonly admission: AdmissionPolicy;
  /** Not verified: whoever joins hands it to verifyRunConfig. */
  readonly config: Readonly<Record<string, string | number>>;
  /** The signed text, which every member hands on. */
  readonly document: string;
}

export interface Founding {
  /** The founder's PeerId and key. */
  readonly identity: Signer & { readonly peerId: string };
  readonly config: Readonly<Record<string, string | number>>;
  readonly admission: AdmissionPolicy;
  /** Chance, so that two runs of one configuration are two swarms. */
  readonly salt: string;
}

function swarmIdOf(founder: string, json: Uint8Array): string {
  return `${founder}.${createHash('sha256').update(json).digest('hex').slice(0, HASH_DIGITS)}`;
}

/** The description of a new swarm. */
export function foundSwarm({ identity, config, admission, salt }: Founding): SwarmDescription {
  const document = signDocument('swarm', { version: VERSION, config, admission, salt }, identity);
  const { json } = readDocument('swarm', document, MAX_DESCRIPTION_CHARACTERS);
  const swarm = swarmIdOf(identity.peerId, json);
  return { swarm, founder: identity.peerId, admission, config, document };
}

/** The PeerId of the founder in a swarm id. */
export function founderOf(swarm: string): string {
  return swarm.split('.')[0]!;
}

/**
 * Reads what somebody says is the description of a swarm.
 * @param wanted the swarm's id
 * @throws GrapevineError DOCUMENT_INVALID when it is none, SWARM_MISMATCH when it is that of another swarm
 */
export function openDescription(document: string, wanted: string, verify: VerifySignature): SwarmDescription {
  const read = readDocument('swarm', document, MAX_DESCRIPTION_CHARACTERS);
  const parsed = descriptionSchema.safeParse(read.value);
  if (!parsed.success) throw invalid('swarm', parsed.error.issues[0]!.message);
  const founder = founderOf(wanted);
  if (!read.isSignedBy(founder, verify))
    throw invalid('swarm', `its signature is not that of the founder ${founder}`);
  const swarm = swarmIdOf(founder, read.json);
  if (swarm !== wanted) {
    throw new GrapevineError(
      'SWARM_MISMATCH',
      `got the description of swarm ${swarm}, wanted ${wanted}: the founder runs both; join through a peer of the right one.`,
      { swarm },
    );
  }
  const { config, admission } = parsed.data;
  return { swarm, founder, admission, config, document };
}
