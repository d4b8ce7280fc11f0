/**
 * AD-PSGD (Lian, Zhang, Zhang and Liu 2018, "Asynchronous decentralized parallel stochastic gradient descent", Algorithm
 * 1): after each step a peer averages with one random neighbor, and both leave with the same model,
 *
 *     x_i, x_j <- (x_i + x_j) / 2
 *
 * whatever the weights of the graph. The expected number of bytes a round does not grow with the degree.
 *
 * In the paper the pair is averaged atomically, and only peers of one side of a bipartite graph ask, so that nobody waits
 * in a circle. Here graphs are any, and atomic means this:
 *
 * - Asynchronous (the paper's setting): a peer that has finished a round asks a random neighbor, drawn by itself, and
 *   trains on. Who is asked answers at once; but while it waits for an answer of its own it *declines*, with a difference
 *   of gamma 0 and no content, and that exchange moves nothing. So no x is ever in two averages at a time, and nobody
 *   waits for anybody. What is left of the paper's atomic step is one difference: training goes on between the two halves.
 * - Lockstep: the pairs of a round are a random maximal matching of the graph, which all peers draw alike from the seed,
 *   and a peer without a partner goes on alone: X <- W_t (X - U) with a random W_t (Boyd, Ghosh, Prabhakar and Shah 2006).
 */
import { assert } from '../base/assert.js';
import { type Random, uniformInt } from '../base/random.js';
import { matchingOf, partnersOf } from '../topology/random-matching.js';
import type { Algorithm, Contribution } from './algorithm.js';
import { createSentPair, densePart, readPair, type SentPair } from './dense-exchange.js';
import { correctionInto, ordered } from './mixing-step.js';

interface NodeMemory {
  /** Draws the neighbor to ask. */
  readonly random: Random;
}

const decline: Contribution = { gamma: 0, parts: [{ kind: 'replace', bytes: new Uint8Array(0) }] };

export function createAdPsgd(spec: string): Algorithm<NodeMemory, SentPair> {
  return {
    name: 'ad-psgd',
    spec,
    compresses: 'nothing',
    toleratesChurn: true,
    asynchronous: true,
    oneMatrix: 'draws its pairs by itself',
    createNode: ({ node, randomFor }) => ({ random: randomFor('node', node) }),
    createEdge: createSentPair,
    partners({ node, pace, swarm }, { random }, { round, openEdges, busy }) {
      if (pace === 'lockstep') {
        assert(swarm !== null, 'pairs are drawn from the graph of the swarm');
        return [...partnersOf(matchingOf(swarm.graph, 1, { seed: swarm.seed, round }), node)];
      }
      const free = openEdges.filter(({ own }) => own === null);
      return busy || free.length === 0 ? [] : [free[uniformInt(random, free.length)]!.neighbor];
    },
    beginRound() {},
    compose: (context, _node, { parameters, busy }) =>
      busy ? decline : { gamma: 1, parts: [densePart(context, parameters)] },
    apply(context, _node, { edge, own, theirs }) {
      const { memory, neighbor } = edge;
      const factor = Math.min(own.gamma, theirs.gamma) / 2;
      if (factor === 0) {
        context.scratch.fill(0);
        return null; // nothing was sent that the two ends could hold alike
      }
      readPair(context, memory, { own, theirs });
      correctionInto(context.scratch, ordered(context.node, neighbor, memory.own, memory.theirs), factor);
      return memory;
    },
  };
}
