/**
 * Gradient tracking (Di Lorenzo and Scutari 2016; Nedic, Olshevsky and Shi 2017, "DIGing"; stochastic: Pu and Nedic
 * 2021, "Distributed stochastic gradient tracking methods", equations 7 and 8): beside its parameters each peer keeps a
 * tracker of the *mean* gradient, so that peers with different data descend in one direction.
 *
 *     y_i <- sum_j w_ij y_j + u_i - u_i'          u_i' is the last round's u_i
 *     x_i <- sum_j w_ij (x_j - y_j)
 *
 * y starts at u of the first round, so mean(y) = mean(u) in every round: the invariant. The fixed point does not depend
 * on how data differ; the price is a second vector on every edge. With momentum in the optimizer u is the momentum's
 * step and this is momentum tracking (Takezawa, Bao, Niwa, Sato and Yamada 2023).
 */
import type { Algorithm } from './algorithm.js';
import { createSentPair, densePart, readPair, type SentPair } from './dense-exchange.js';
import { correctionInto, moveAlongEdge, ordered } from './mixing-step.js';

interface NodeMemory {
  /** y. */
  readonly tracker: Float32Array;
  /** u of the last round. */
  readonly lastStep: Float32Array;
  readonly work: Float32Array;
}

interface EdgeMemory {
  readonly parameters: SentPair;
  readonly tracker: SentPair;
}

const TRACKER_STREAM = 1;

export function createGradientTracking(spec: string): Algorithm<NodeMemory, EdgeMemory> {
  return {
    name: 'gradient-tracking',
    spec,
    compresses: 'nothing',
    streams: 2,
    createNode({ initialReplica: { length } }) {
      const zeros = (): Float32Array => new Float32Array(length);
      return { tracker: zeros(), lastStep: zeros(), work: zeros() };
    },
    createEdge: (context) => ({ parameters: createSentPair(context), tracker: createSentPair(context) }),
    beginRound(_context, { tracker, lastStep }, { start, parameters }) {
      for (let k = 0; k < tracker.length; k++) {
        const u = Math.fround(start[k]! - parameters[k]!);
        tracker[k]! += u - lastStep[k]!;
        lastStep[k] = u;
        parameters[k] = start[k]! - tracker[k]!;
      }
    },
    compose: (context, { tracker }, { parameters }) => ({
      gamma: 1,
      parts: [densePart(context, parameters), densePart(context, tracker, TRACKER_STREAM)],
    }),
    apply(context, { tracker, work }, { edge, own, theirs }) {
      const { memory, neighbor, weight } = edge;
      const { node, scratch } = context;
      readPair(context, memory.parameters, { own, theirs });
      readPair(context, memory.tracker, { own, theirs, stream: TRACKER_STREAM });
      moveAlongEdge(tracker, { node, neighbor, ...memory.tracker, factor: weight, work });
      const { parameters } = memory;
      correctionInto(scratch, ordered(node, neighbor, parameters.own, parameters.theirs), weight);
      return parameters;
    },
  };
}
