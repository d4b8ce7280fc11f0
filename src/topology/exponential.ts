/**
 * Exponential graphs (Assran, Loizou, Ballas and Rabbat 2019; Ying, Yuan, Chen, Hu, Pan and Yin 2021, "Exponential graph is
 * provably efficient for decentralized deep training"), with tau = ceil(log2 n):
 *
 *     exponential            P   = (I + sum over t < tau of S^(2^t)) / (tau + 1)         gap 2 / (tau + 1) for even n
 *     one-peer-exponential   P_t = (I + S^(2^((t - 1) mod tau))) / 2                     one message a peer and round
 *
 * S gives from j to j + 1 mod n. Both are doubly stochastic and one-way: push-sum runs them as they are, with
 * `links=directed`. For all else they are symmetrized, (P + P^T) / 2, with twice the neighbors. The product of tau rounds of
 * the one-peer P_t is J exactly if and only if n is a power of 2; symmetrized it is not, and where one exchange a round and
 * exact averages are wanted without push-sum, it is the family `base` that has them.
 */
import { circulant, type Shift, symmetrized } from './directed.js';
import { defineTopology, type NoOptions, type SettledOptions } from './family.js';
import { createDirectedSchedule, createSchedule, unionOf } from './schedule.js';
import type { DirectedMatrix } from './topology.js';

/** ceil(log2 n), at least 0. */
export function exponentialSteps(nodes: number): number {
  let steps = 0;
  while (2 ** steps < nodes) steps++;
  return steps;
}

/** P of the static graph. */
export function exponentialMatrix(nodes: number): DirectedMatrix {
  const tau = exponentialSteps(nodes);
  const shifts = Array.from({ length: tau }, (_, t): Shift => [2 ** t, 1 / (tau + 1)]);
  return circulant(nodes, shifts);
}

/** P_t of the one-peer graph; `round` counts from 1. */
export function onePeerExponentialMatrix(nodes: number, round: number): DirectedMatrix {
  const tau = exponentialSteps(nodes);
  return circulant(nodes, tau === 0 ? [] : [[2 ** ((round - 1) % tau), 1 / 2]]);
}

export const exponential = defineTopology<NoOptions, SettledOptions>({
  name: 'exponential',
  summary: 'each node gives to those 1, 2, 4, ... ahead of it; both ways unless push-sum runs it',
  seeded: false,
  weights: 'published',
  fields: {},
  settle: () => ({}),
  expectedEdges: (nodes) => nodes * exponentialSteps(nodes),
  layOut(nodes) {
    const matrix = exponentialMatrix(nodes);
    const published = symmetrized(matrix);
    return { graph: published.graph, published, directed: createDirectedSchedule(1, () => matrix) };
  },
});

export const onePeerExponential = defineTopology<NoOptions, SettledOptions>({
  name: 'one-peer-exponential',
  summary: 'time-varying: in turn those 1, 2, 4, ... ahead; both ways unless push-sum runs it',
  seeded: false,
  weights: 'scheduled',
  fields: {},
  settle: () => ({}),
  expectedEdges: (nodes) => nodes * exponentialSteps(nodes),
  layOut(nodes) {
    const period = Math.max(1, exponentialSteps(nodes));
    const directed = createDirectedSchedule(period, (round) => onePeerExponentialMatrix(nodes, round));
    const schedule = createSchedule(period, (round) => symmetrized(directed.matrixAt(round)));
    const rounds = Array.from({ length: period }, (_, k) => schedule.mixingAt(k + 1).graph);
    return { graph: unionOf(nodes, rounds), schedule, directed };
  },
});
