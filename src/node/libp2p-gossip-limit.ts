/**
 * How much gossip a peer may say. gossipsub verifies the signature of each message before it asks anybody what to do with
 * it, and answers each request for messages; so whoever says much costs time, and memory for what has been seen. Its own
 * remedy, scores, forgets the subscriptions of whom it does not listen to, for good.
 *
 * Here each RPC is counted before it is looked at. A peer that has said more than any swarm needs is not heard until
 * its bucket has filled again, and is reported; one that is not admitted yet has its own announcement to say and little else.
 *
 * `handleReceivedRpc` is public in @libp2p/gossipsub and marked as what may be replaced; the version is pinned.
 */
import type { GossipSub } from '@libp2p/gossipsub';
import { assert } from '../base/assert.js';
import { BoundedMap } from '../base/bounded-map.js';
import type { Clock } from '../base/clock.js';
import { GrapevineError } from '../base/errors.js';
import { type BucketSize, createTokenBucket, type TokenBucket } from './peer-limits.js';

/** A swarm of 512 peers that all start at once says two messages each; after that one in 60 ms at most (membership.ts). */
export const MEMBER_GOSSIP: BucketSize = { burst: 2048, perSecond: 128 };
/** Subscription, own announcement, heartbeats of the mesh. */
export const STRANGER_GOSSIP: BucketSize = { burst: 64, perSecond: 8 };

export interface GossipWatch {
  isMember(peerId: string): boolean;
  /** `peerId` has said too much: told once for each time that its bucket runs dry. */
  onFlood(peerId: string, error: GrapevineError): void;
}

interface Speaker {
  readonly isMember: boolean;
  readonly bucket: TokenBucket;
  isFlooding: boolean;
}

/** What is read of an RPC. */
interface Rpc {
  readonly subscriptions?: readonly unknown[];
  readonly messages?: readonly unknown[];
  readonly control?: Readonly<Record<string, readonly unknown[] | undefined>> | undefined;
}

interface Hearing {
  handleReceivedRpc(from: { toString(): string }, rpc: Rpc): Promise<void>;
}

/** What an RPC costs: itself, and each thing that it says. */
export function costOf({ subscriptions = [], messages = [], control = {} }: Rpc): number {
  const controls = Object.values(control).reduce((sum, list) => sum + (list?.length ?? 0), 0);
  return 1 + subscriptions.length + messages.length + controls;
}

/** Makes `pubsub` deaf to whoever says too much. Before the node starts. */
export function limitGossip(pubsub: GossipSub, clock: Clock, watch: GossipWatch): void {
  const hearing = pubsub as unknown as Hearing;
  assert(typeof hearing.handleReceivedRpc === 'function', 'gossipsub hears by `handleReceivedRpc`');
  const hear = hearing.handleReceivedRpc.bind(pubsub);
  const mayHear = createGossipLimit(clock, watch);
  hearing.handleReceivedRpc = async (from, rpc) => {
    if (mayHear(from.toString(), rpc)) await hear(from, rpc);
  };
}

/** Peers whose gossip is counted; of more, the longest known are forgotten. */
const MAX_SPEAKERS = 1024;

/** Whether the next RPC of a peer is to be heard. */
export function createGossipLimit(clock: Clock, watch: GossipWatch): (peerId: string, rpc: Rpc) => boolean {
  const speakers = new BoundedMap<string, Speaker>(MAX_SPEAKERS);
  const speakerOf = (peerId: string): Speaker => {
    const isMember = watch.isMember(peerId);
    const known = speakers.get(peerId);
    if (known !== undefined && known.isMember === isMember) return known;
    const bucket = createTokenBucket(clock, isMember ? MEMBER_GOSSIP : STRANGER_GOSSIP);
    const speaker = { isMember, bucket, isFlooding: false };
    speakers.set(peerId, speaker);
    return speaker;
  };
  return (peerId, rpc) => {
    const speaker = speakerOf(peerId);
    const isHeard = speaker.bucket.take(costOf(rpc));
    if (!isHeard && !speaker.isFlooding) {
      const { burst, perSecond } = speaker.isMember ? MEMBER_GOSSIP : STRANGER_GOSSIP;
      const message = `peer ${peerId} says more than ${burst} things, and ${perSecond} a second, in gossip.`;
      watch.onFlood(peerId, new GrapevineError('RATE_LIMITED', message, { peerId }));
    }
    speaker.isFlooding = !isHeard;
    return isHeard;
  };
}
