/**
 * D-squared (Tang, Lian, Yan, Zhang and Liu 2018, "D2: decentralized training over decentralized data"), which is exact
 * diffusion (Yuan, Ying, Zhao and Sayed 2019): D-PSGD without the bias of data that differ, at one vector a round.
 *
 *     x^1     = V (x^0 - u^0)
 *     x^(t+1) = V (2 x^t - x^(t-1) - u^t + u^(t-1)),        V = (I + W) / 2
 *
 * in three steps: adapt psi^t = x^t - u^t (training has done it); correct phi^t = psi^t + x^t - psi^(t-1); combine
 * x^(t+1) = V phi^t. The paper's condition lambda_n(W) > -1/3 is met by V, whose eigenvalues are at least 0, for any W.
 *
 * The mean moves as in plain descent, mean(x) <- mean(x) - mean(u). Fragile where the learning rate jumps, since u^(t-1)
 * was taken with the old one.
 */
import type { Algorithm } from './algorithm.js';
import { createSentPair, densePart, readPair, type SentPair } from './dense-exchange.js';
import { correctionInto, ordered } from './mixing-step.js';

interface NodeMemory {
  /** psi^(t-1). */
  readonly adapted: Float32Array;
}

/** w_ij of (I + W) / 2 is half that of W. */
const LAZY = 0.5;

export function createExactDiffusion(spec: string): Algorithm<NodeMemory, SentPair> {
  return {
    name: 'd2',
    spec,
    compresses: 'nothing',
    oneMatrix: 'corrects by the last round as if W were the same in both',
    createNode: ({ initialReplica }) => ({ adapted: new Float32Array(initialReplica.length) }),
    createEdge: createSentPair,
    beginRound(_context, { adapted }, { round, start, parameters }) {
      for (let k = 0; k < adapted.length; k++) {
        const psi = parameters[k]!;
        if (round > 1) parameters[k] = psi + (start[k]! - adapted[k]!);
        adapted[k] = psi;
      }
    },
    compose: (context, _node, { parameters }) => ({ gamma: 1, parts: [densePart(context, parameters)] }),
    apply(context, _memory, { edge, own, theirs }) {
      const { memory, neighbor, weight } = edge;
      readPair(context, memory, { own, theirs });
      const pair = ordered(context.node, neighbor, memory.own, memory.theirs);
      correctionInto(context.scratch, pair, LAZY * weight);
      return memory;
    },
  };
}
