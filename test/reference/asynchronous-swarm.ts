/**
 * An asynchronous swarm on real transports, with a straggler, held to its invariants when it is over. Which exchanges
 * there are depends on the machine, so there are no bits to compare with another driver's, but what is kept is kept.
 */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';
import { sumOf } from '../../src/consensus/mixing-step.js';
import type { PeerState } from '../../src/consensus/peer-state.js';
import { keystonePlan, traceOnTransport } from './keystone.js';

const SLOW_PEER = 3;
/** Turns of the event loop that a round of the straggler takes; others train within one. */
const SLOW_TURNS = 400;

/** Runs eight peers for twelve rounds and expects what docs/consensus.md promises. */
export async function expectInvariants(
  algorithm: string,
  createTransport: Parameters<typeof traceOnTransport>[1],
): Promise<void> {
  const plan = keystonePlan({ topology: 'torus', algorithm, pace: 'asynchronous' });
  const states = new Map<number, PeerState>();
  const finished: number[] = [];
  let sum = 0;
  const trace = await traceOnTransport(plan, createTransport, {
    state(node, state) {
      states.set(node, state);
      sum += sumOf(state.parameters);
    },
    trainer: (node, trainer) => ({
      ...trainer,
      async train(parameters, round) {
        const before = sumOf(parameters);
        for (let turn = 0; node === SLOW_PEER && turn < SLOW_TURNS; turn++) await setImmediate();
        const result = await trainer.train(parameters, round);
        sum += sumOf(result.parameters) - before;
        finished.push(node);
        return result;
      },
    }),
  });
  expect(trace.map((rounds) => rounds.length)).toEqual(new Array(8).fill(12));
  // The straggler is the last to train, far behind: nobody has waited for it.
  expect(finished.slice(-4)).toEqual(new Array(4).fill(SLOW_PEER));
  expectEqualEnds(states);
  const total = [...states.values()].reduce((all, { parameters }) => all + sumOf(parameters), 0);
  // Each of some hundred corrections a peer rounds each of 8 x 64 entries of about 1 to 6e-8, with random signs.
  expect(Math.abs(total - sum)).toBeLessThan(1e-4);
}

/** Both ends of each edge have applied the same exchanges, and hold the same two vectors. */
function expectEqualEnds(states: ReadonlyMap<number, PeerState>): void {
  for (const [node, state] of states) {
    for (const edge of state.edges) {
      const other = states.get(edge.neighbor)!.edges.find(({ neighbor }) => neighbor === node)!;
      expect(edge.applied).toBe(other.applied);
      expect(edge.applied).toBeGreaterThan(12);
      const [mine, theirs] = [edge.memory, other.memory] as Record<'own' | 'theirs', Float32Array>[];
      expect(mine!.own).toEqual(theirs!.theirs);
    }
  }
}
