/**
 * Local steps with outer momentum, without a server: DiLoCo (Douillard et al. 2023) averages over all what H local
 * steps have moved, and takes a momentum step along it. Here a peer averages with its partners of the round alone.
 * With phi = x_start, the drift Delta = x_trained - x_start (so the papers' outer gradient with its sign turned) and, in a
 * round in which i meets j with weight w:
 *
 * `noloco` (Kolehmainen, Blagoev, Donaghy, Ersoy and Nies 2025, "NoLoCo: no-all-reduce low communication training
 * method for large models"), random pairs, w = 1/2:
 *
 *     m_i   <- mu m_i + alpha mean_pair(Delta) + alpha (mean_pair(phi) - phi_i)
 *     phi_i <- phi_i + m_i
 *
 * Written out, alpha mean_pair(Delta) + alpha (mean_pair(phi) - phi_i) = alpha Delta_i + alpha/2 (y_j - y_i) for the trained
 * y = phi + Delta: one vector travels where the authors' code sends two. And m_i is what phi_i has moved in the
 * last round, whatever moved it, so nobody keeps m.
 *
 * `gasloc` (Cagnasso, Belilovsky and Oyallon 2026, "Unifying local communications and local updates for LLM
 * pretraining"), on one or two random partners or on all edges, with the graph's Laplacian Lambda = I - W of the round:
 *
 *     z_t         = phi_t + eta Delta_t
 *     phi_(t + 1) = z_t - alpha Lambda z_t + gamma (z_t - z_(t - 1)),    z_0 = phi_1
 *
 * alpha is `gamma` here, the consensus step as everywhere, and gamma is `momentum`.
 *
 * What gossip does adds up to zero: the mean of phi over all peers moves as that of DiLoCo with plain (noloco) or
 * Nesterov's (gasloc) momentum, whoever meets whom. Peers that do not meet do not wait for each other. Local optimizers
 * should not look across rounds: sgd or adam, not qg, whose momentum would count the outer one again.
 */
import { assert } from '../base/assert.js';
import { matchingOf, partnersOf, partnerWeight } from '../topology/random-matching.js';
import type { Algorithm, AlgorithmContext, RoundStart } from './algorithm.js';
import { createSentPair, densePart, readPair, type SentPair } from './dense-exchange.js';
import { correctionInto, ordered } from './mixing-step.js';
import { nonNegativeOnly } from './topology-fit.js';

export interface NoLoCoOptions {
  /** alpha, in (0, 1]. */
  readonly rate: number;
  /** mu, in [0, 1). */
  readonly momentum: number;
}

export interface GasLoCOptions {
  /** eta, in (0, 2]. */
  readonly rate: number;
  /** gamma of the paper, in [0, 1). */
  readonly momentum: number;
  /** alpha of the paper, in (0, 1]. */
  readonly gamma: number;
  /** Partners a round at most, or all neighbors. */
  readonly peers: number | 'all';
}

interface NodeMemory {
  /** y or z: what is sent in this round. */
  readonly sent: Float32Array;
  /** phi or z of the last round. */
  readonly last: Float32Array;
  /** w of this round's partners; null where all neighbors are, with W's own weights. */
  weights: ReadonlyMap<number, number> | null;
}

type OuterMomentum = Algorithm<NodeMemory, SentPair>;
/** Moves `parameters`, as training left them, to where they are before gossip, and fills node.sent. */
type OuterStep = (node: NodeMemory, round: RoundStart<SentPair>) => void;

function drawPartners({ swarm, node }: AlgorithmContext, most: number, round: number): Map<number, number> {
  assert(swarm !== null, 'random partners are drawn from the graph of the swarm');
  const matching = matchingOf(swarm.graph, most, { seed: swarm.seed, round });
  return new Map(
    Array.from(partnersOf(matching, node), (partner) => [partner, partnerWeight(matching, node, partner)]),
  );
}

interface Gossip {
  readonly name: string;
  readonly spec: string;
  readonly peers: number | 'all';
  /** The consensus step: a partner's correction is this times w. */
  readonly gamma: number;
}

/** What belongs to an algorithm that meets other partners each round. */
const drawnPartners: Pick<OuterMomentum, 'partners' | 'oneMatrix'> = {
  oneMatrix: 'draws its partners by itself',
  partners: (_context, { weights }, { openEdges }) =>
    openEdges.map(({ neighbor }) => neighbor).filter((neighbor) => weights?.has(neighbor)),
};

function createOuterMomentum({ name, spec, peers, gamma }: Gossip, outerStep: OuterStep): OuterMomentum {
  return {
    name,
    spec,
    compresses: 'nothing',
    ...(peers === 'all' ? { checkTopology: nonNegativeOnly(name) } : drawnPartners),
    toleratesChurn: true,
    createNode: ({ initialReplica: { length } }) => ({
      sent: new Float32Array(length),
      last: new Float32Array(length),
      weights: null,
    }),
    createEdge: createSentPair,
    adopt(_context, { last }, parameters) {
      last.set(parameters); // no momentum of a past that was another's
    },
    beginRound(context, node, start) {
      if (peers !== 'all') node.weights = drawPartners(context, peers, start.round);
      outerStep(node, start);
    },
    // The factor travels, so both ends use the same one even where an old difference meets a new one.
    compose: (context, { sent, weights }, { edge }) => ({
      gamma: Math.fround(gamma * (weights?.get(edge.neighbor) ?? edge.weight)),
      parts: [densePart(context, sent)],
    }),
    apply(context, _node, { edge, own, theirs }) {
      const { memory, neighbor } = edge;
      readPair(context, memory, { own, theirs });
      const pair = ordered(context.node, neighbor, memory.own, memory.theirs);
      correctionInto(context.scratch, pair, Math.min(own.gamma, theirs.gamma));
      return memory;
    },
  };
}

export function createNoLoCo({ rate, momentum }: NoLoCoOptions, spec: string): OuterMomentum {
  return createOuterMomentum(
    { name: 'noloco', spec, peers: 1, gamma: rate },
    ({ sent, last }, { round, start, parameters }) => {
      sent.set(parameters);
      for (let k = 0; k < sent.length; k++) {
        const phi = start[k]!;
        const m = round === 1 ? 0 : phi - last[k]!;
        parameters[k] = phi + momentum * m + rate * (parameters[k]! - phi);
        last[k] = phi;
      }
    },
  );
}

export function createGasLoC(options: GasLoCOptions, spec: string): OuterMomentum {
  const { rate, momentum, gamma, peers } = options;
  return createOuterMomentum(
    { name: 'gasloc', spec, peers, gamma },
    ({ sent, last }, { round, start, parameters }) => {
      for (let k = 0; k < sent.length; k++) {
        const phi = start[k]!;
        const z = Math.fround(phi + rate * (parameters[k]! - phi));
        parameters[k] = z + momentum * (z - (round === 1 ? phi : last[k]!));
        sent[k] = z;
        last[k] = z;
      }
    },
  );
}
