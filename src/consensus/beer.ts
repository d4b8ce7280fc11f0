/**
 * BEER (Zhao, Li, Li, Richtarik and Chi 2022, "BEER: fast O(1/T) rate for decentralized nonconvex optimization with
 * communication compression", Algorithm 1): gradient tracking with both vectors sent by CHOCO's replicas.
 *
 *     x_i <- x_i + gamma sum_j w_ij (H_j - H_i) - V_i            H_i += C(x_i - H_i)
 *     V_i <- V_i + gamma sum_j w_ij (G_j - G_i) + m_i - m_i'     G_i += C(V_i - G_i)
 *
 * with m = u, the round's step, and m' the last round's. MoTEF (Islamov, Gao and Stich 2025, "Towards faster
 * decentralized stochastic optimization with communication compression", Algorithm 1) tracks a momentum instead:
 *
 *     m_i <- (1 - lambda) m_i + lambda u_i
 *
 * so that noise does not need large batches; BEER is lambda = 1. m and V start at u of the first round: mean(V) = mean(m)
 * is the invariant, in every round. (Released MoTEF code starts m at 0, and keeps mean(V) - mean(m) = mean(u) for ever.)
 *
 * Both messages of a round travel in one frame: H as stream 0, G, which starts at 0, as stream 1.
 */
import type { Compressor } from '../compression/compressor.js';
import type { Algorithm } from './algorithm.js';
import { automaticGamma } from './consensus-step.js';
import { correctionInto, moveAlongEdge, ordered } from './mixing-step.js';
import {
  additive,
  createPublicEdge,
  createPublicVector,
  type PublicEdge,
  type PublicVector,
  publish,
  receive,
  resendWhole,
  startAtZero,
  takeOwn,
  takeUnsent,
} from './public-vector.js';

export interface TrackedChocoOptions {
  /** Consensus step in (0, 1], or 'auto': that of the worse compressed of the two vectors. */
  readonly gamma: number | 'auto';
  /** lambda: weight of the new step in the momentum; 1 is BEER. */
  readonly lambda: number;
}

interface NodeMemory {
  /** H, and G. */
  readonly public: PublicVector;
  readonly publicTracker: PublicVector;
  /** V. */
  readonly tracker: Float32Array;
  /** m. */
  readonly momentum: Float32Array;
  readonly work: Float32Array;
}

interface EdgeMemory {
  readonly parameters: PublicEdge;
  readonly tracker: PublicEdge;
}

const STREAMS = 2;
const parametersRule = additive(0, STREAMS);
const trackerRule = additive(1, STREAMS);

/** m <- (1 - lambda) m + lambda u (u itself in round 1), V += m - m', x = x_start - V. */
function descend(
  { tracker, momentum }: NodeMemory,
  round: { readonly start: Float32Array; readonly parameters: Float32Array },
  lambda: number,
): void {
  const { start, parameters } = round;
  for (let k = 0; k < tracker.length; k++) {
    const u = start[k]! - parameters[k]!;
    const m = Math.fround((1 - lambda) * momentum[k]! + lambda * u);
    tracker[k]! += m - momentum[k]!;
    momentum[k] = m;
    parameters[k] = start[k]! - tracker[k]!;
  }
}

/** @param identity the compressor that sends float32 as they are, for replicas that are sent whole. */
export function createTrackedChoco(
  name: 'beer' | 'motef',
  { gamma, lambda }: TrackedChocoOptions,
  how: { readonly spec: string; readonly identity: Compressor },
): Algorithm<NodeMemory, EdgeMemory> {
  const { spec, identity } = how;
  return {
    name,
    spec,
    compresses: 'differences',
    streams: STREAMS,
    guarded: true,
    createNode(context) {
      const zeros = (): Float32Array => new Float32Array(context.initialReplica.length);
      const publicTracker = createPublicVector(context, trackerRule);
      startAtZero(publicTracker);
      return {
        public: createPublicVector(context, parametersRule),
        publicTracker,
        tracker: zeros(),
        momentum: zeros(),
        work: zeros(),
      };
    },
    createEdge(context) {
      const tracker = createPublicEdge(context, trackerRule);
      startAtZero(tracker.theirs);
      return { parameters: createPublicEdge(context, parametersRule), tracker };
    },
    beginRound(context, node, { start, parameters, round, openEdges }) {
      descend(node, { start, parameters }, round === 1 ? 1 : lambda);
      const edgesOf = (which: keyof EdgeMemory) =>
        openEdges.map((edge) => ({ edge, memory: edge.memory[which] }));
      const [rule, edges] = [trackerRule, edgesOf('tracker')];
      publish(context, node.publicTracker, { rule, values: node.tracker, round, edges });
      publish(context, node.public, {
        rule: parametersRule,
        values: start,
        round,
        edges: edgesOf('parameters'),
      });
    },
    compose({ blocks, beta }, node, { edge }) {
      const step =
        gamma === 'auto'
          ? Math.min(
              automaticGamma(node.public.omega ?? 1, beta), // nothing to say in round 1: nothing to lose
              automaticGamma(node.publicTracker.omega ?? 1, beta),
            )
          : gamma;
      const { parameters, tracker } = edge.memory;
      return {
        gamma: step,
        parts: [
          ...takeUnsent(parameters, node.public, { rule: parametersRule, identity, blocks }),
          ...takeUnsent(tracker, node.publicTracker, { rule: trackerRule, identity, blocks }),
        ],
      };
    },
    contraction: (_context, node) => node.public.blockOmegas,
    residual: (_context, node) => node.public.residual,
    apply({ node: self, blocks, scratch }, node, { edge, own, theirs }) {
      const { memory, neighbor, weight } = edge;
      receive(memory.parameters, theirs, { rule: parametersRule, blocks });
      receive(memory.tracker, theirs, { rule: trackerRule, blocks });
      const factor = Math.min(own.gamma, theirs.gamma) * weight;
      const trackers = {
        own: takeOwn(memory.tracker, node.publicTracker),
        theirs: memory.tracker.theirs.value,
      };
      moveAlongEdge(node.tracker, { node: self, neighbor, ...trackers, factor, work: node.work });
      const mine = takeOwn(memory.parameters, node.public);
      const other = memory.parameters.theirs.value;
      correctionInto(scratch, ordered(self, neighbor, mine, other), factor);
      const { low, high } = ordered(self, neighbor, trackers.own, trackers.theirs);
      return { own: mine, theirs: other, others: [low, high] };
    },
    resetEdge(_context, node, { edge }) {
      resendWhole(edge.memory.parameters, node.public);
      resendWhole(edge.memory.tracker, node.publicTracker);
    },
  };
}
