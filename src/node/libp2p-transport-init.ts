/** What the transport of real swarms is made of, and what it offers beyond any transport (libp2p-transport.ts). */
import type { Clock } from '../base/clock.js';
import type { GrapevineError } from '../base/errors.js';
import type { FrameLimits, Hello } from '../wire/frame.js';
import type { SwarmGuard } from './libp2p-guard.js';
import type { SwarmNodeInit } from './libp2p-node.js';
import type { LinkRefusal } from './link.js';
import type { MemberRecord, MemberStatus } from './membership.js';
import type { ReachOptions } from './reach.js';
import type { Transport } from './transport.js';

export interface Libp2pTransportInit extends ReachOptions, Pick<SwarmNodeInit, 'signOfLifeMs'> {
  /** This peer's index in the topology. */
  readonly node: number;
  /** Indices of its neighbors; `setNeighbors` changes them. */
  readonly neighbors: readonly number[];
  /** What both ends of a link must agree on; its `swarm` names the membership topic. */
  readonly hello: Hello;
  /** First 8 bytes of SHA-256 of the swarm id. */
  readonly swarmTag: Uint8Array;
  readonly limits: FrameLimits;
  /** Multiaddrs, with /p2p/ identity, of peers to join through; none for the first peer of a swarm. */
  readonly bootstrap: readonly string[];
  /** Protobuf bytes of a libp2p private key. @default a fresh Ed25519 identity */
  readonly privateKey?: Uint8Array | undefined;
  /** Seeds the jitter of announcements and retries. @default 0 */
  readonly seed?: number;
  /** For deadlines, retries and announcements; libp2p has its own. @default systemClock */
  readonly clock?: Clock;
  /** Who may take part, and what becomes of those who break the rules. @default everybody may, and nothing */
  readonly guard?: SwarmGuard;
  /** Told when another identity speaks for this peer's index. */
  readonly onRival?: (record: MemberRecord) => void;
  /** Told about each link that did not come up although the other end was reached. */
  readonly onRefused?: (refusal: LinkRefusal) => void;
  /** Told why this peer cannot be called by way of a relay, when that changes. */
  readonly onNoPlace?: (reason: GrapevineError) => void;
  /** Told about each new or changed member record. */
  readonly onMember?: (record: MemberRecord) => void;
  /** One line about what is tried and what fails. */
  readonly log?: (line: string) => void;
}

export interface Libp2pTransport extends Transport {
  readonly peerId: string;
  /** Multiaddrs, with identity, under which others can dial this peer; complete once started. */
  addresses(): string[];
  /** What the other peers have announced, by index. */
  readonly members: ReadonlyMap<number, MemberRecord>;
  /** What this peer announces about itself. */
  setStatus(status: MemberStatus): void;
  /**
   * Joins through these peers too, while the transport runs: those given at first may be gone.
   * @throws GrapevineError BAD_CONFIG
   */
  join(bootstrap: readonly string[]): void;
}
