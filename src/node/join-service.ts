/**
 * How a peer comes to know what it joins: one question and one answer on a stream of its own (libp2p-guard.ts). Any member
 * answers, since nothing in the answer has to be believed: the description is signed and pinned by the swarm's id
 * (swarm-identity.ts). The index is a proposal; whoever claims it first on the links keeps it (membership.ts).
 */
import * as z from 'zod';
import { type ErrorCode, errorCodes, GrapevineError } from '../base/errors.js';
import { quoted } from '../base/printable.js';
import type { Admission } from './admission.js';
import { MAX_INVITATION_CHARACTERS, MAX_REVOCATIONS_CHARACTERS } from './invitation.js';
import type { MemberRecord } from './membership.js';
import { MAX_DESCRIPTION_CHARACTERS } from './swarm-identity.js';

export const JOIN_PROTOCOL = '/grapevine/join/1.0.0';
const VERSION = 1;
export const MAX_JOIN_REQUEST_BYTES = MAX_INVITATION_CHARACTERS + 1024;
export const MAX_JOIN_ANSWER_BYTES = MAX_DESCRIPTION_CHARACTERS + MAX_REVOCATIONS_CHARACTERS + 4096;
/** An index that was proposed is kept for this long, one for each newcomer: it loads its data meanwhile. */
export const RESERVATION_MS = 120_000;

/** Of a refusal. */
const MAX_MESSAGE_CHARACTERS = 1000;

const requestSchema = z.strictObject({
  version: z.literal(VERSION),
  swarm: z.string().max(128).optional(),
  invitation: z.string().max(MAX_INVITATION_CHARACTERS).optional(),
  index: z.int().min(0).max(4095).optional(),
});

/** What a newcomer asks. */
export interface JoinRequest {
  /** The swarm that it means; absent: whichever is there. */
  readonly swarm?: string | undefined;
  readonly invitation?: string | undefined;
  /** The index it would like. */
  readonly index?: number | undefined;
}

const answerSchema = z.union([
  z.strictObject({
    version: z.literal(VERSION),
    swarm: z.string().max(128),
    document: z.string().max(MAX_DESCRIPTION_CHARACTERS),
    index: z.int().min(0).max(4095),
    begun: z.boolean(),
    revocations: z.string().max(MAX_REVOCATIONS_CHARACTERS).nullable(),
  }),
  z.strictObject({
    version: z.literal(VERSION),
    code: z.string().max(64),
    message: z.string().max(MAX_MESSAGE_CHARACTERS),
  }),
]);

export interface JoinAnswer {
  readonly swarm: string;
  /** Signed by the founder; openDescription reads it. */
  readonly document: string;
  readonly index: number;
  /** The swarm trains already, or has known this peer before: it begins with a neighbor's model. */
  readonly begun: boolean;
  readonly revocations: string | null;
}

export interface JoinServiceInit {
  readonly swarm: string;
  readonly document: string;
  readonly peers: number;
  readonly admission: Admission;
  /** This peer's own place. */
  readonly self: { readonly index: number; readonly peerId: string };
  /** Latest record of every other peer, by index. */
  members(): ReadonlyMap<number, MemberRecord>;
  /** The swarm's rounds have begun. */
  begun(): boolean;
  /** Why nobody may join once the rounds have begun; null when one may. */
  readonly fixed: string | null;
  nowMs(): number;
}

export interface JoinService {
  /** The answer's bytes, and why it is a refusal. @param peerId who asks, as the connection proves. */
  answer(
    peerId: string,
    request: Uint8Array,
  ): { readonly bytes: Uint8Array; readonly refusal: GrapevineError | null };
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function decode(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}

export function encodeJoinRequest(request: JoinRequest): Uint8Array {
  return encode({ version: VERSION, ...request });
}

/**
 * @param member who answers, for the message.
 * @throws GrapevineError the refusal, with its code; JOIN_FAILED for what is no answer
 */
export function readJoinAnswer(bytes: Uint8Array, member: string): JoinAnswer {
  const parsed = answerSchema.safeParse(decode(bytes));
  if (!parsed.success)
    throw new GrapevineError(
      'JOIN_FAILED',
      `peer ${member} gave no answer of ours (${bytes.length} bytes): run the same release on both.`,
    );
  const answer = parsed.data;
  if ('document' in answer) return answer;
  const code = errorCodes.find((known) => known === answer.code) ?? 'JOIN_FAILED';
  throw new GrapevineError(
    code,
    `peer ${member} refused (in its words): ${quoted(answer.message, MAX_MESSAGE_CHARACTERS)}`,
    { member },
  );
}

interface Reservation {
  readonly peerId: string;
  /** Of the record that was known of the index then; -1: none. */
  readonly serial: number;
  readonly untilMs: number;
}

export function createJoinService(init: JoinServiceInit): JoinService {
  const { admission, peers, self } = init;
  const reserved = new Map<number, Reservation>();

  /** Who holds `index`, as far as is known here. */
  const holderOf = (index: number): string | null => {
    if (index === self.index) return self.peerId;
    const member = init.members().get(index);
    if (member !== undefined && member.state !== 'left' && admission.objection(member.peerId) === null)
      return member.peerId;
    const reservation = reserved.get(index);
    if (reservation === undefined || init.nowMs() >= reservation.untilMs) return null;
    const hasLeft = member?.peerId === reservation.peerId && member.serial > reservation.serial;
    return hasLeft ? null : reservation.peerId; // it came, and has said since that it goes
  };
  const freeFor = (index: number, peerId: string): boolean => [null, peerId].includes(holderOf(index));

  const indexFor = (peerId: string, asked: number | undefined): number => {
    const named = admission.indexOf(peerId) ?? asked;
    const indices = Array.from({ length: peers }, (_, index) => index);
    const before = indices.find((index) => holderOf(index) === peerId);
    if (before !== undefined && (named === undefined || named === before)) return before;
    if (named !== undefined) {
      if (named < peers && freeFor(named, peerId)) return named;
      const holder = named < peers ? `belongs to ${holderOf(named)}` : `is none of ${peers} peers`;
      throw refusal('INDEX_TAKEN', `index ${named} ${holder}: ask for another, or for none.`);
    }
    // Who has left may be about to come back: its place is given last.
    const free = indices.filter((index) => freeFor(index, peerId));
    const place = free.find((index) => init.members().get(index) === undefined) ?? free[0];
    if (place !== undefined) return place;
    throw refusal('SWARM_FULL', `all ${peers} places of the swarm are taken: wait until a peer leaves.`);
  };

  const admit = (peerId: string, bytes: Uint8Array): JoinAnswer => {
    const parsed = requestSchema.safeParse(decode(bytes));
    if (!parsed.success)
      throw refusal('JOIN_FAILED', 'this is no request of ours: run the same release on both.');
    const request = parsed.data;
    if (request.swarm !== undefined && request.swarm !== init.swarm)
      throw refusal(
        'SWARM_MISMATCH',
        `you want swarm ${quoted(request.swarm)}; this is ${init.swarm}: check the address.`,
      );
    const objection = admission.present(peerId, request.invitation);
    if (objection !== null) throw objection;
    const wasHere = [...init.members().values()].some(
      (member) => member.peerId === peerId && member.round > 0,
    );
    const begun = init.begun() || wasHere;
    if (begun && init.fixed !== null) throw refusal('MEMBERSHIP_FIXED', init.fixed);
    const index = indexFor(peerId, request.index);
    for (const [other, { peerId: holder }] of reserved) if (holder === peerId) reserved.delete(other);
    const serial = init.members().get(index)?.serial ?? -1;
    reserved.set(index, { peerId, serial, untilMs: init.nowMs() + RESERVATION_MS });
    const { swarm, document } = init;
    return { swarm, document, index, begun, revocations: admission.revocations };
  };

  return {
    answer(peerId, request) {
      try {
        return { bytes: encode({ version: VERSION, ...admit(peerId, request) }), refusal: null };
      } catch (error) {
        if (!(error instanceof GrapevineError)) throw error;
        const { code, message } = error;
        return { bytes: encode({ version: VERSION, code, message }), refusal: error };
      }
    },
  };
}

function refusal(code: ErrorCode, message: string): GrapevineError {
  return new GrapevineError(code, message);
}
