/**
 * A topology as the rest of the project sees it: a connected graph with a symmetric, doubly stochastic mixing
 * matrix on it. Generators live one family a file beside this one; registry.ts names them.
 */
import { type Graph, neighborsOf } from './graph.js';
import type { MembershipTopology } from './membership-topology.js';

/** W of the papers: w_ij for i != j aligned with graph.targets, w_ii apart; rows sum to 1 within 1e-12. */
export interface MixingMatrix {
  readonly graph: Graph;
  readonly weights: Float64Array;
  readonly selfWeights: Float64Array;
}

export interface Spectrum {
  /** Second largest eigenvalue of W. */
  readonly lambda2: number;
  /** Smallest eigenvalue of W. */
  readonly lambdaMin: number;
  /** 1 - max(|lambda2|, |lambdaMin|). */
  readonly gap: number;
  /** ||I - W||_2 = 1 - lambdaMin. */
  readonly beta: number;
}

/**
 * W_1, W_2, ... of a graph whose edges take turns. Each is symmetric with rows summing to 1, on some of the edges of the
 * topology's graph, so every round keeps the mean. All peers compute it from (spec, nodes, seed), without a word.
 */
export interface Schedule {
  /** W_(t + period) = W_t; null where the rounds are drawn at random for ever. */
  readonly period: number | null;
  /** W of a round, counted from 1 as rounds are everywhere. O(edges) at most, the latest rounds are remembered. */
  mixingAt(round: number): MixingMatrix;
}

/**
 * P of push-sum, column-stochastic: node j keeps selfShares[j] of what it has and gives shares[k] to the node targets[k],
 * k from offsets[j] to offsets[j + 1], targets ascending; the shares of a node sum to 1 within 1e-12. So a graph of
 * out-neighbors with p_ij in column j.
 */
export interface DirectedMatrix {
  readonly nodes: number;
  /** nodes + 1 entries. */
  readonly offsets: Uint32Array;
  /** One entry an arc. */
  readonly targets: Uint32Array;
  readonly shares: Float64Array;
  readonly selfShares: Float64Array;
}

/** P_1, P_2, ...: every round keeps the sum, and whoever divides by what 1 has become (push-sum) the mean. */
export interface DirectedSchedule {
  /** P_(t + period) = P_t, 1 where it never changes; null where the rounds are drawn at random for ever. */
  readonly period: number | null;
  /** P of a round, counted from 1. */
  matrixAt(round: number): DirectedMatrix;
}

export interface Topology {
  /** The family: ring, torus, ... */
  readonly name: string;
  /** Canonical spec, every option spelled out. */
  readonly spec: string;
  /** Of a time-varying topology: all edges that any round may use. */
  readonly graph: Graph;
  /** W on `graph`; of a time-varying topology, what it would be if all edges were used each round. */
  readonly mixing: MixingMatrix;
  /** Absent where every round mixes by `mixing`. */
  readonly schedule?: Schedule;
  /**
   * The one-way form of a family that has one, for push-sum; its arcs lie on edges of the graph. `mixing` and `schedule` are
   * the symmetrized form, for everybody else.
   */
  readonly directed?: DirectedSchedule;
  /** Of a topology that follows its members: `graph` is drawn by this from all of them, and anew from those that are there. */
  readonly membership?: MembershipTopology;
}

/** w_ij for the edge {i, j}; 0 where there is none. */
export function weightOf(mixing: MixingMatrix, i: number, j: number): number {
  const at = neighborsOf(mixing.graph, i).indexOf(j);
  return at < 0 ? 0 : mixing.weights[mixing.graph.offsets[i]! + at]!;
}
