/**
 * Asks a member of a swarm what the swarm is, and for a place in it (join-service.ts). A libp2p node of its own, with the
 * newcomer's identity, does that and ends: the node that trains is made from the answer.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { multiaddr } from '@multiformats/multiaddr';
import type { Clock } from '../base/clock.js';
import { GrapevineError, isGrapevineError, messageOf } from '../base/errors.js';
import {
  encodeJoinRequest,
  JOIN_PROTOCOL,
  type JoinAnswer,
  type JoinRequest,
  MAX_JOIN_ANSWER_BYTES,
  readJoinAnswer,
} from './join-service.js';
import { parseBootstrap } from './libp2p-addresses.js';
import { CONNECT_TIMEOUT_MS, createSwarmNode, type SwarmNode } from './libp2p-node.js';
import { createSocketBytes } from './libp2p-socket-bytes.js';
import { readWhole, sayWhole } from './libp2p-whole-message.js';

/** Between two tries of all addresses: a member may be starting at this moment. */
export const JOIN_RETRY_MS = 1000;

export interface JoinInit {
  /** Multiaddrs of members, with identity; tried in turn until one answers. */
  readonly addresses: readonly string[];
  readonly request: JoinRequest;
  readonly privateKey: Uint8Array;
  readonly psk?: Uint8Array | undefined;
  /** How long to try while nobody can be reached. Milliseconds. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface JoinOutcome extends JoinAnswer {
  /** The multiaddr of the member that answered. */
  readonly member: string;
}

/**
 * The first answer of a member.
 * @throws GrapevineError a member's refusal with its code, or JOIN_FAILED when none was reached in time
 */
export async function askToJoin(init: JoinInit): Promise<JoinOutcome> {
  const { clock, privateKey, psk, signal, addresses } = init;
  parseBootstrap(addresses);
  const node = await createSwarmNode({
    listen: [],
    announce: [],
    topic: 'none',
    privateKey,
    socketBytes: createSocketBytes(),
    psk,
  });
  await node.start();
  try {
    const untilMs = clock.nowMs() + init.patienceMs;
    for (;;) {
      const problems: string[] = [];
      for (const member of addresses) {
        try {
          return { ...(await ask(node, member, init)), member };
        } catch (error) {
          if (isGrapevineError(error)) throw error;
          problems.push(`${member}: ${messageOf(error)}`);
        }
      }
      signal.throwIfAborted();
      if (clock.nowMs() >= untilMs) throw unreachable(problems);
      await wait(JOIN_RETRY_MS, undefined, { signal });
    }
  } finally {
    await node.stop();
  }
}

async function ask(
  node: SwarmNode,
  member: string,
  { clock, request, signal }: JoinInit,
): Promise<JoinAnswer> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]);
  const stream = await node.dialProtocol(multiaddr(member), JOIN_PROTOCOL, {
    signal: deadline,
    runOnLimitedConnection: true,
  });
  const answer = readWhole(stream, MAX_JOIN_ANSWER_BYTES, clock);
  answer.catch(() => undefined); // awaited below
  await sayWhole(stream, encodeJoinRequest(request), deadline);
  return readJoinAnswer(await answer, member);
}

function unreachable(problems: readonly string[]): GrapevineError {
  return new GrapevineError(
    'JOIN_FAILED',
    `no member of the swarm could be reached (${problems.join('; ')}): is the peer running, the address right, the port ` +
      'open, and the pre-shared key (--psk) the same?',
  );
}
