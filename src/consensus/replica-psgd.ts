/**
 * DCD-PSGD and ECD-PSGD (Tang, Gan, Zhang, Zhang and Liu 2018, "Communication compression for decentralized training",
 * Algorithms 1 and 2): each peer descends from the mean of its neighbors' *replicas*, and what it sends keeps them
 * close. u = x_start - x_trained stands for gamma g.
 *
 *     DCD   h_i = sum_j w_ij xHat_j - u_i;   q_i = Q(h_i - x_i);   x_i <- x_i + q_i;   xHat_j <- xHat_j + q_j
 *
 *     ECD   x_i' = sum_j w_ij xHat_j - u_i;  z_i = (1 - t/2) x_i + (t/2) x_i'
 *           xHat_j <- (1 - 2/t) xHat_j + (2/t) Q(z_j);   x_i <- x_i',           t = 1, 2, ...
 *
 * In DCD x_i and xHat_i are one. Both want an unbiased Q of small noise: DCD fails below some bits, and ECD, which sends
 * ever larger combinations, sooner. They are here as baselines. The mean is kept in expectation only: this is the one
 * pair of algorithms whose exchange does not move parameters; `beginRound` does. Peers are assumed to start from the
 * common model; one that does not sends its start as it is, once.
 *
 * Neither has a step size to back off. Where the guard sees replicas drift, the peer sends float32 from then on, which
 * is D-PSGD, combine-then-adapt.
 */
import type { Compressor } from '../compression/compressor.js';
import { scaledDifferenceInto } from '../linalg/pairs.js';
import type { Algorithm, EdgeView } from './algorithm.js';
import { requirePlausible } from './mixing-step.js';
import {
  additive,
  createPublicEdge,
  createPublicVector,
  type PublicEdge,
  type PublicRule,
  type PublicVector,
  publish,
  receive,
  resendWhole,
  takeOwn,
  takeUnsent,
} from './public-vector.js';

/**
 * ECD's noise is a random walk of its own making, not an explosion: qsgd on a path of 16 was seen to take 2,000 rounds
 * from half of its start to above it, within the margin of the others.
 */
const ECD_GUARD_SLACK = 0.75;

interface NodeMemory {
  /** xHat_i. */
  readonly public: PublicVector;
  /** x as the last round left it. */
  readonly last: Float32Array;
  /** h, x' or z. */
  readonly work: Float32Array;
  /** The guard has backed off: no compression any more. */
  exact: boolean;
}

/** ECD's extrapolated replicas: message number t. */
const extrapolating: PublicRule = {
  stream: 0,
  streams: 1,
  ownBase: false,
  plain: true,
  advance({ value }, message, t) {
    for (let k = 0; k < value.length; k++) value[k] = (1 - 2 / t) * value[k]! + (2 / t) * message[k]!;
  },
};

/** out = sum_j w_ij xHat_j + x_trained - x_last: the mean of the replicas, moved as training moved x. */
function descendFromMeanInto(
  out: Float32Array,
  node: NodeMemory,
  round: { readonly parameters: Float32Array; readonly openEdges: readonly EdgeView<PublicEdge>[] },
): void {
  const own = node.public.value;
  for (let k = 0; k < out.length; k++) {
    let sum = own[k]! + (round.parameters[k]! - node.last[k]!);
    for (const { weight, memory } of round.openEdges) sum += weight * (memory.theirs.value[k]! - own[k]!);
    out[k] = sum;
  }
}

function differs(x: Float32Array, y: Float32Array): boolean {
  return x.some((value, k) => value !== y[k]);
}

function squaredDistance(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += (x[k]! - y[k]!) ** 2;
  return sum;
}

/** @param identity the compressor that sends float32 as they are. */
export function createReplicaPsgd(
  name: 'dcd' | 'ecd',
  spec: string,
  identity: Compressor,
): Algorithm<NodeMemory, PublicEdge> {
  const rule = name === 'dcd' ? additive() : extrapolating;
  return {
    name,
    spec,
    compresses: 'differences',
    guarded: true,
    guardSlack: name === 'ecd' ? ECD_GUARD_SLACK : 1,
    oneMatrix: 'descends from the replicas of all its neighbors in each round',
    createNode: (context) => ({
      public: createPublicVector(context, rule),
      last: context.initialReplica.slice(),
      work: new Float32Array(context.initialReplica.length),
      exact: false,
    }),
    createEdge: (context) => createPublicEdge(context, rule),
    beginRound(context, node, { start, parameters, round, openEdges }) {
      const { work, last } = node;
      const stranger = differs(start, last);
      const compressor = node.exact || stranger ? identity : context.compressor;
      const edges = openEdges.map((edge) => ({ edge, memory: edge.memory }));
      descendFromMeanInto(work, node, { parameters, openEdges });
      if (name === 'dcd') {
        publish(context, node.public, { rule, values: work, round, edges, compressor });
        parameters.set(node.public.value);
      } else {
        parameters.set(work);
        for (let k = 0; k < work.length; k++)
          work[k] = (1 - round / 2) * last[k]! + (round / 2) * parameters[k]!;
        publish(context, node.public, { rule, values: work, round, edges, compressor });
        // After a stranger's dense message nothing is left, which says nothing of the rounds to come: the guard would take
        // the first noise for a divergence. publish() has left what there was to say.
        if (!stranger) node.public.residual = squaredDistance(parameters, node.public.value);
      }
      last.set(parameters);
    },
    compose: ({ blocks }, node, { edge }) => ({
      gamma: 1,
      parts: takeUnsent(edge.memory, node.public, { rule, identity, blocks }),
    }),
    contraction: (_context, node) => node.public.blockOmegas,
    residual: (_context, node) => node.public.residual,
    backOff(node) {
      node.exact = true;
    },
    apply({ blocks, scratch }, node, { edge, theirs, parameters }) {
      receive(edge.memory, theirs, { rule, blocks });
      const replicas = { own: takeOwn(edge.memory, node.public), theirs: edge.memory.theirs.value };
      scaledDifferenceInto(scratch, { x: replicas.theirs, y: replicas.own }, edge.weight);
      requirePlausible(scratch, parameters, `the replica of peer ${edge.neighbor}`);
      scratch.fill(0);
      return replicas;
    },
    resetEdge(_context, node, { edge }) {
      resendWhole(edge.memory, node.public);
    },
  };
}
