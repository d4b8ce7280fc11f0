/**
 * A hub protocol without a hub, on the complete graph: every peer sends its uplink to all others and runs the hub's code
 * on all uplinks. `close` is a function of state and bytes, so all have the same bits after every round; a digest of the
 * model goes with each uplink and is compared.
 *
 * Peers in lockstep cannot agree on who was there when one dies or falls silent: some may have its uplink, and a peer that
 * lacks it cannot know. Hubs that close one round with different uplinks go different ways, so a peer that lacks an
 * uplink stops, and says whose; the others then lack one of its own, and stop in the next round at the latest.
 */
import { GrapevineError } from '../../base/errors.js';
import type { Algorithm } from '../algorithm.js';
import type { AnyHubAlgorithm, SwarmUse } from './hub-algorithm.js';
import { contributionOf, digestOf, messageIn, requirePlausible, requireSameModel } from './peer-messages.js';
import { type ProtocolPeer, pseudoGradient, startPeer } from './protocol-peer.js';

interface ServerlessPeer extends ProtocolPeer {
  readonly peers: number;
  round: number;
  uplink: Uint8Array;
  /** Uplinks of the phase under way, by peer. */
  readonly arrived: Map<number, Float64Array>;
}

function answer(node: ServerlessPeer, own: number): void {
  const { protocol } = node;
  node.uplink = protocol.answer(node.worker, (out) => out.set(node.gradient));
  node.arrived.set(own, protocol.read(node.hub, node.uplink));
}

function requireAll({ arrived, peers, round }: ServerlessPeer): void {
  if (arrived.size === peers) return;
  const missing = Array.from({ length: peers }, (_, peer) => peer).filter((peer) => !arrived.has(peer));
  throw new GrapevineError(
    'PEER_LOST',
    `round ${round}: nothing has come from peer ${missing.join(', ')}. Without a server all peers must close a round with ` +
      'the same uplinks, and nobody knows who else has these. Run again without the lost peer; on --topology star leaves ' +
      'may die, and an algorithm without a hub (edge-choco) loses any peer and goes on.',
    { round, missing },
  );
}

/** The hub's code at this peer, and what it would send down to it. */
function closeAndOpen(node: ServerlessPeer, own: number): void {
  requireAll(node);
  const { protocol, hub, worker, arrived } = node;
  const uplinks = [...arrived].map(([from, values]) => ({ worker: from, values }));
  protocol.close(
    hub,
    uplinks.sort((a, b) => a.worker - b.worker),
  );
  arrived.clear();
  for (const message of protocol.open(hub)) {
    if (message.worker === own) protocol.follow(worker, message.bytes);
  }
  node.model = Float32Array.from(protocol.modelOf(hub));
}

export function createServerlessAlgorithm(
  name: string,
  algorithm: AnyHubAlgorithm,
  run: { readonly use: SwarmUse; readonly peers: number; readonly seed: number },
): Algorithm<ServerlessPeer, null> {
  return {
    name,
    spec: algorithm.spec,
    compresses: 'nothing',
    awaitsAhead: true,
    exchanges: run.use.phases,
    createNode: (context) => ({
      ...startPeer(algorithm, run, context),
      peers: run.peers,
      round: 0,
      uplink: new Uint8Array(0),
      arrived: new Map(),
    }),
    createEdge: () => null,
    beginRound(context, node, { start, parameters, round }) {
      node.gradient = pseudoGradient(start, parameters);
      parameters.set(start);
      node.round = round;
      answer(node, context.node);
    },
    compose: (_context, { protocol, hub, uplink }) =>
      contributionOf({ kind: 'add', digest: digestOf(protocol.modelOf(hub)), bytes: uplink }),
    apply({ scratch }, node, { edge, theirs }) {
      scratch.fill(0);
      const { protocol, hub, model } = node;
      const message = messageIn(theirs);
      if (message === null) return null;
      requireSameModel(message.digest, protocol.modelOf(hub));
      const values = protocol.read(hub, message.bytes);
      requirePlausible(values, protocol.modelOf(hub));
      node.arrived.set(edge.neighbor, values);
      return { own: model, theirs: model };
    },
    beginExchange(context, node) {
      closeAndOpen(node, context.node);
      answer(node, context.node);
    },
    endRound(context, node, { round, parameters }) {
      closeAndOpen(node, context.node);
      parameters.set(node.model);
      return round;
    },
  };
}
