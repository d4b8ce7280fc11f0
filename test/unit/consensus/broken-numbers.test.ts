/**
 * Before anything is mixed, numbers are looked at: a neighbor that sends what is not finite, or moves a vector by more
 * than MAX_CORRECTION_RATIO, is refused and its edge closed, whatever the algorithm keeps beside the parameters.
 */
import { describe, expect, it } from 'vitest';
import type { AnyAlgorithm } from '../../../src/consensus/algorithm.js';
import { algorithms, gossipNames } from '../../../src/consensus/registry.js';
import { createQuadratics, gaussianStart, runAlgorithm } from '../../reference/algorithm-run.js';
import { oneBlock } from '../../reference/gossip-run.js';

const NODES = 8;
const LIAR = 2;
const BROKEN_ROUND = 4;
const topologies: Readonly<Record<string, string>> = { 'all-reduce': 'complete' };
/** Where the last four bytes of a message are a float32. */
const specs: Readonly<Record<string, string>> = {
  'power-gossip': 'power-gossip:rank=2',
  pgq: 'pgq:rank=2,iterations=2,bits=32',
};
const clipping = ['edge-choco:clip=auto', 'pgq:rank=2,iterations=2,bits=32,clip=auto'];

/** The algorithm, but from BROKEN_ROUND on the last number of each part of `stream` is `value`. */
function breaking(algorithm: AnyAlgorithm, stream: number, value: number): AnyAlgorithm {
  let round = 0;
  return {
    ...algorithm,
    beginRound(context, node, at) {
      round = at.round;
      algorithm.beginRound(context, node, at);
    },
    compose(context, node, from) {
      const made = algorithm.compose(context, node, from);
      if (made === null || round < BROKEN_ROUND) return made;
      const { gamma, parts } = made;
      const broken = parts.map((part) => {
        if ((part.stream ?? 0) !== stream) return part;
        const bytes = part.bytes.slice();
        new DataView(bytes.buffer).setFloat32(bytes.length - 4, value, true);
        return { ...part, bytes };
      });
      return { gamma, parts: broken };
    },
  };
}

/** Every number that a peer keeps outside of its edges, but for the state of a generator. */
function numbersOf(memory: unknown): number[] {
  if (typeof memory === 'number') return [memory];
  if (memory instanceof Float32Array) return [...memory];
  if (Array.isArray(memory) || memory instanceof Map) return [...memory.values()].flatMap(numbersOf);
  if (typeof memory !== 'object' || memory === null) return [];
  return Object.entries(memory).flatMap(([key, value]) => (key === 'random' ? [] : numbersOf(value)));
}

const cases = [...gossipNames.map((name) => specs[name] ?? name), ...clipping].flatMap((spec) =>
  Array.from({ length: algorithms.resolve(spec).streams ?? 1 }, (_, stream) => ({ spec, stream })),
);

describe.each(cases)('$spec, stream $stream', ({ spec, stream }) => {
  it.each([
    ['NaN', Number.NaN],
    ['an infinity', Number.POSITIVE_INFINITY],
    ['numbers beyond measure', 3e38],
    ['a radius or value below all others', -3e38],
  ])('closes the edge to a neighbor that sends %s, and keeps all its vectors', async (_what, value) => {
    const name = spec.split(':')[0]!;
    // Where partners are drawn, the liar meets all its neighbors in this many.
    const rounds = ['ad-psgd', 'noloco', 'gasloc'].includes(name) ? 60 : 8;
    // An edge uses the smaller of two radii: a radius beyond measure changes nothing.
    const harmless = /clip/.test(spec) && stream === 1 && value === 3e38;
    const { states, violations } = await runAlgorithm({
      topology: topologies[name] ?? 'torus',
      algorithm: spec,
      compressor: 'none',
      blocks: oneBlock(3, 4),
      start: Array.from({ length: NODES }, () => gaussianStart(1, 12)[0]!),
      rounds,
      step: createQuadratics(NODES, 12).step(0.1),
      sabotage: (algorithm, node) => (node === LIAR ? breaking(algorithm, stream, value) : algorithm),
    });
    const refusals = violations.filter(({ invariant }) => invariant === 'refusal');
    expect(violations).toEqual(refusals);
    const ofTheLiar = new RegExp(`^peer (\\d+ refused ${LIAR}|${LIAR} refused \\d+): `);
    for (const { message } of refusals) expect(message).toMatch(ofTheLiar);
    for (const state of states.filter(({ context }) => context.node !== LIAR)) {
      for (const { neighbor, status } of state.edges)
        expect(status === 'closed', `edge to ${neighbor} is ${status}`).toBe(neighbor === LIAR && !harmless);
      expect(state.round).toBe(rounds);
      for (const number of numbersOf([state.parameters, state.node]))
        expect(Math.abs(number)).toBeLessThan(1e3);
    }
  });
});
