/** The one gossip topic of a swarm: member records, and the founder's revocation lists. Nothing else is passed on. */
import { type SwarmNode, TopicValidatorResult } from './libp2p-node.js';
import type { Membership, Reception } from './membership.js';

const validatorResults: Readonly<Record<Reception, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

/** How a signed document begins that is no member record (signed-document.ts). */
const REVOCATIONS = Buffer.from('gv-revocations.');

export interface TopicInit {
  readonly topic: string;
  readonly membership: Membership;
  /** Takes a revocation list; absent: nobody is revoked here. */
  revoke?(document: string): Reception;
}

/** Subscribes `node` to its membership topic and begins to announce. */
export function joinTopic({ services: { pubsub } }: SwarmNode, init: TopicInit): void {
  const { topic, membership } = init;
  const receive = (signer: string, data: Uint8Array): Reception => {
    const isList = Buffer.compare(data.subarray(0, REVOCATIONS.length), REVOCATIONS) === 0;
    if (!isList) return membership.receive(signer, data);
    return init.revoke?.(new TextDecoder().decode(data)) ?? 'ignore';
  };
  pubsub.topicValidators.set(topic, (_from, message) =>
    message.type === 'signed'
      ? validatorResults[receive(message.from.toString(), message.data)]
      : TopicValidatorResult.Reject,
  );
  pubsub.subscribe(topic);
  pubsub.addEventListener('subscription-change', () => {
    if (pubsub.getSubscribers(topic).length === 1) membership.hurry(); // the first who can hear us
  });
  membership.start();
}
