/**
 * A hub protocol among the peers of a star. Peer 0, in the middle, is the hub, and worker 0 on its own data as well: that
 * uplink costs no bytes. A round of a peer has two exchanges for each round of the protocol:
 *
 *     train      every peer from the model that the last downlink gave it; u = x_start - x_trained
 *     up         a leaf sends its answer, made of u; the hub nothing. Then the hub closes, and opens the next round
 *     down       the hub sends each leaf its downlink; the leaf follows, and trains from there
 *
 * The first downlink is a function of start and seed, so each peer works it out by itself. Nobody's parameters are mixed:
 * the protocol's state is float64, and what training gets is that model rounded to float32, equal to the bit on all peers.
 *
 * **A leaf that is silent** is left out: the hub closes with the uplinks it has. What the leaf had under way is taken
 * when it comes (SwarmUse.takesLate). It answers in the exchange in which it fell silent, gets the hub's state whole in
 * the next `down`, and takes up the hub's round with it. **A leaf that dies** stays left out. **Without its hub** a leaf
 * stops: nobody else has the state.
 */
import { GrapevineError } from '../../base/errors.js';
import type { Algorithm, Contribution, EdgeView, Exchange, ReplicaPair } from '../algorithm.js';
import type { AnyHubAlgorithm, SwarmUse } from './hub-algorithm.js';
import {
  contributionOf,
  digestOf,
  messageIn,
  NOTHING,
  requirePlausible,
  requireSameModel,
} from './peer-messages.js';
import { type ProtocolPeer, pseudoGradient, startPeer } from './protocol-peer.js';

/** The star's middle (topology/star.ts). */
const HUB = 0;

interface StarPeer extends ProtocolPeer {
  readonly isHub: boolean;
  /** Exchange of the round under way, from 0: even ones go up, odd ones down. */
  exchange: number;
  round: number;
  /** The answer of the phase under way; null at a leaf that has not been asked. */
  uplink: Uint8Array | null;
  /** At the hub: what came since it closed last, its own included. */
  readonly arrived: Map<number, Float64Array>;
  /** At the hub: downlinks not sent yet, and who has missed one. */
  readonly outbox: Map<number, Uint8Array>;
  readonly behind: Set<number>;
  /** At a leaf: whether the exchange under way is done, and the round in which the hub is. */
  heardHub: boolean;
  hubRound: number;
}

/** One edge, at either end. */
interface StarEdge {
  /** Exchanges done. */
  done: number;
  /** At the hub: the model that the latest downlink brings the leaf to; null when it brings nothing. */
  sent: Float32Array | null;
}

function answer(node: StarPeer): void {
  const { protocol, isHub } = node;
  node.uplink = node.asked ? protocol.answer(node.worker, (out) => out.set(node.gradient)) : null;
  if (isHub && node.uplink !== null) node.arrived.set(HUB, protocol.read(node.hub, node.uplink));
}

/** The hub takes in what there is and opens the next round of the protocol. */
function closeAndOpen(node: StarPeer): void {
  const { protocol, hub, arrived, outbox, behind } = node;
  const uplinks = [...arrived].map(([worker, values]) => ({ worker, values }));
  protocol.close(
    hub,
    uplinks.sort((a, b) => a.worker - b.worker),
  );
  arrived.clear();
  for (const worker of outbox.keys()) behind.add(worker);
  outbox.clear();
  node.asked = false;
  for (const { worker, bytes } of protocol.open(hub)) {
    if (worker !== HUB) outbox.set(worker, bytes);
    else {
      protocol.follow(node.worker, bytes);
      node.asked = true;
    }
  }
  node.model = Float32Array.from(protocol.modelOf(hub));
}

function requireHub({ heardHub, round }: StarPeer): void {
  if (heardHub) return;
  throw new GrapevineError(
    'PEER_LOST',
    `round ${round}: peer ${HUB}, the hub of this star, has left or is silent, and nobody else has its state. Run again ` +
      'with --topology complete, where every peer runs the code of the hub, or with an algorithm that has no hub ' +
      '(edge-choco), which loses any peer and goes on.',
    { peer: HUB, round },
  );
}

function endExchange(node: StarPeer): void {
  if (!node.isHub) requireHub(node);
  else if (node.exchange % 2 === 0) closeAndOpen(node);
}

function downlinkFor(node: StarPeer, { neighbor, memory }: EdgeView<StarEdge>): Contribution {
  const { protocol, hub, outbox, behind } = node;
  const bytes = outbox.get(neighbor);
  outbox.delete(neighbor);
  memory.sent = bytes === undefined ? null : node.model;
  if (bytes === undefined) return NOTHING;
  const digest = digestOf(protocol.modelOf(hub));
  if (!behind.delete(neighbor)) return contributionOf({ kind: 'add', digest, bytes });
  return contributionOf({ kind: 'replace', digest, bytes: node.swarm.snapshot(hub) });
}

function receiveUplink(node: StarPeer, { edge, theirs }: Exchange<StarEdge>, late: boolean): void {
  const { protocol, hub } = node;
  const message = messageIn(theirs);
  if (message === null || (late && !node.use.takesLate)) return;
  const values = protocol.read(hub, message.bytes);
  requirePlausible(values, protocol.modelOf(hub));
  node.arrived.set(edge.neighbor, values);
}

function receiveDownlink(node: StarPeer, { theirs }: Exchange<StarEdge>): ReplicaPair | null {
  const { protocol, worker, swarm } = node;
  const message = messageIn(theirs);
  node.hubRound = theirs.round;
  node.asked = message !== null;
  if (message === null) return null;
  if (message.kind === 'replace') swarm.restore(worker, message.bytes);
  else protocol.follow(worker, message.bytes);
  const model = swarm.modelAt(worker);
  requireSameModel(message.digest, model);
  node.model = Float32Array.from(model);
  return { own: node.model, theirs: node.model };
}

export function createStarAlgorithm(
  name: string,
  algorithm: AnyHubAlgorithm,
  run: { readonly use: SwarmUse; readonly peers: number; readonly seed: number },
): Algorithm<StarPeer, StarEdge> {
  const exchanges = 2 * run.use.phases;
  return {
    name,
    spec: algorithm.spec,
    compresses: 'nothing',
    awaitsAhead: true,
    exchanges,
    createNode: (context) => ({
      ...startPeer(algorithm, run, context),
      isHub: context.node === HUB,
      exchange: 0,
      round: 0,
      uplink: null,
      arrived: new Map(),
      outbox: new Map(),
      behind: new Set(),
      heardHub: false,
      hubRound: 0,
    }),
    createEdge: () => ({ done: 0, sent: null }),
    beginRound(_context, node, { start, parameters, round }) {
      node.gradient = pseudoGradient(start, parameters);
      parameters.set(start);
      Object.assign(node, { round, exchange: 0, heardHub: false });
      answer(node);
    },
    compose(_context, node, { edge }) {
      const due = edge.memory.done % exchanges;
      if (due !== node.exchange) return null; // a leaf that was away: in the exchange in which it fell silent
      if (node.isHub) return due % 2 === 0 ? NOTHING : downlinkFor(node, edge);
      if (due % 2 === 1 || node.uplink === null) return NOTHING;
      return contributionOf({
        kind: 'add',
        digest: digestOf(node.swarm.modelAt(node.worker)),
        bytes: node.uplink,
      });
    },
    apply({ scratch }, node, exchange) {
      scratch.fill(0);
      const { memory } = exchange.edge;
      const due = memory.done % exchanges;
      let pair: ReplicaPair | null = null;
      if (!node.isHub && due % 2 === 1) pair = receiveDownlink(node, exchange);
      else if (node.isHub && due % 2 === 1) pair = memory.sent && { own: memory.sent, theirs: memory.sent };
      else if (node.isHub)
        receiveUplink(node, exchange, due !== node.exchange || exchange.theirs.round !== node.round);
      memory.done += 1;
      node.heardHub = true;
      return pair;
    },
    beginExchange(_context, node, { exchange }) {
      endExchange(node);
      Object.assign(node, { exchange, heardHub: false });
      if (exchange % 2 === 0) answer(node);
    },
    endRound(_context, node, { round, parameters }) {
      endExchange(node);
      parameters.set(node.model);
      return node.isHub ? round : node.hubRound;
    },
  };
}
