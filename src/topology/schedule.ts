/**
 * Time-varying topologies: which matrix mixes in which round, remembered so that a process that runs a thousand peers
 * builds each once, and what a run needs to know of them as a whole.
 */
import { assert } from '../base/assert.js';
import { edgesOf, type Graph, graphFromEdges } from './graph.js';
import type { DirectedMatrix, DirectedSchedule, MixingMatrix, Schedule } from './topology.js';

/** Rounds remembered where they never repeat: peers of one process are a round or two apart. */
const RECENT_ROUNDS = 8;

/** Rounds that speak for a schedule without end, where all of them cannot be looked at. */
export const SAMPLE_ROUNDS = 16;

/** `build` with its results kept, by round modulo `period`; the latest RECENT_ROUNDS where that is null. */
function remembering<T>(period: number | null, build: (round: number) => T): (round: number) => T {
  const known = new Map<number, T>();
  return (round) => {
    assert(Number.isInteger(round) && round >= 1, `round ${round} is counted from 1`);
    const key = period === null ? round : ((round - 1) % period) + 1;
    let found = known.get(key);
    if (found === undefined) {
      found = build(key);
      known.set(key, found);
      if (period === null && known.size > RECENT_ROUNDS) known.delete(known.keys().next().value!);
    }
    return found;
  };
}

/** @param build W of a round from 1, at most `period`; a function of the round alone */
export function createSchedule(period: number | null, build: (round: number) => MixingMatrix): Schedule {
  return { period, mixingAt: remembering(period, build) };
}

/** @param build P of a round from 1, at most `period`; a function of the round alone */
export function createDirectedSchedule(
  period: number | null,
  build: (round: number) => DirectedMatrix,
): DirectedSchedule {
  return { period, matrixAt: remembering(period, build) };
}

/** A schedule that repeats these matrices. */
export function periodicSchedule(rounds: readonly MixingMatrix[]): Schedule {
  return createSchedule(rounds.length, (round) => rounds[round - 1]!);
}

/** All edges of `graphs`, which have the same nodes. */
export function unionOf(nodes: number, graphs: readonly Graph[]): Graph {
  function* all(): Generator<readonly [number, number]> {
    for (const graph of graphs) yield* edgesOf(graph);
  }
  return graphFromEdges(nodes, all());
}

/** The rounds of one period, or the first SAMPLE_ROUNDS of a schedule without one. */
export function roundsOf({ period }: { readonly period: number | null }): number[] {
  return Array.from({ length: period ?? SAMPLE_ROUNDS }, (_, k) => k + 1);
}

/**
 * A bound of ||I - W_t||_2 over the rounds of a schedule, for the automatic gamma: 2 max over i of (1 - w_ii), by
 * Gershgorin's circles. Exact for matchings (1 where partners take their mean).
 */
export function betaBoundOf(schedule: Schedule): number {
  let most = 0;
  for (const round of roundsOf(schedule))
    for (const own of schedule.mixingAt(round).selfWeights) most = Math.max(most, 2 * (1 - own));
  return most;
}
