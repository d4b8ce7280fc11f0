/**
 * Random regular graphs: every node has the same number of neighbors, chosen at random. The best plain default for
 * a swarm: constant degree, yet a gap that does not shrink with n, near 1 - (1 + 2 sqrt(d - 1)) / (d + 1) with
 * Metropolis-Hastings weights (Friedman 2008: almost all of them are nearly Ramanujan).
 *
 * Method: the pairing model (Bollobas 1980): nodes * degree half edges, paired at random. Instead of redrawing
 * until no loop and no double edge is left, which succeeds with probability about exp((1 - d^2) / 4) only, each
 * faulty pair is switched with a random sound one (McKay and Wormald 1990); a few are faulty, about d^2 / 4
 * whatever n, so the cost is O(nodes * degree). Components, if several, are merged by one switch each. The result
 * is not exactly uniform. Dense graphs are drawn as the complement of a sparse one.
 */
import { type Random, shuffleInPlace, uniformInt } from '../base/random.js';
import { integerField } from '../base/registry.js';
import { mergeComponents } from './edge-switching.js';
import { badTopology, defineTopology, MAX_NODES } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';

/** Draws before giving up. Only tiny graphs ever need a second one: switching can be stuck there. */
const MAX_DRAWS = 1000;

/** Switches tried for one faulty pair. At degree <= n / 2 about one in four works or more. */
const MAX_SWITCHES = 200;

type Options = { readonly degree: number };

/**
 * A connected graph with `degree` neighbors a node. Wants degree < nodes, nodes * degree even, and degree >= 2
 * unless nodes <= 2.
 * @throws GrapevineError BAD_SPEC when MAX_DRAWS draws could not be made simple
 */
export function randomRegularGraph(nodes: number, degree: number, random: Random): Graph {
  const drawn = Math.min(degree, nodes - 1 - degree);
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const ends = drawPairs(nodes, drawn, random);
    if (ends === undefined) continue;
    // With degree >= nodes / 2 no two components fit: the complement is connected as it is.
    if (drawn < degree) return graphFromEdges(nodes, complementOf(nodes, ends));
    mergeComponents(nodes, ends, random);
    return graphFromEdges(nodes, pairsOf(ends));
  }
  throw badTopology(
    'random-regular',
    nodes,
    `degree=${degree} gave no simple graph in ${MAX_DRAWS} draws; change the degree`,
  );
}

/** Half edges paired up: pair k joins ends[2k] and ends[2k + 1]. */
interface Pairing {
  readonly ends: Uint32Array;
  /** 1 for a pair that is neither a loop nor a repetition of another. */
  readonly sound: Uint8Array;
  /** Neighbors by the sound pairs: `degrees[i]` of the `degree` places of node i. */
  readonly degree: number;
  readonly near: Uint32Array;
  readonly degrees: Uint32Array;
}

/** Where b stands among the neighbors of a, in `near`; -1 if it does not. A scan of at most `degree` numbers. */
function placeOf({ degree, near, degrees }: Pairing, a: number, b: number): number {
  const first = a * degree;
  for (let k = first; k < first + degrees[a]!; k++) if (near[k] === b) return k;
  return -1;
}

function join({ degree, near, degrees }: Pairing, a: number, b: number): void {
  near[a * degree + degrees[a]!++] = b;
  near[b * degree + degrees[b]!++] = a;
}

function part(pairing: Pairing, a: number, b: number): void {
  const { degree, near, degrees } = pairing;
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const place = placeOf(pairing, from, to);
    degrees[from]! -= 1;
    near[place] = near[from * degree + degrees[from]!]!;
  }
}

/** The pairing model made simple. Undefined when a faulty pair found no switch. */
function drawPairs(nodes: number, degree: number, random: Random): Uint32Array | undefined {
  const ends = new Uint32Array(nodes * degree);
  for (let i = 0; i < ends.length; i++) ends[i] = Math.floor(i / degree);
  shuffleInPlace(random, ends);
  const pairing: Pairing = {
    ends,
    sound: new Uint8Array(ends.length / 2),
    degree,
    near: new Uint32Array(ends.length),
    degrees: new Uint32Array(nodes),
  };
  const faulty: number[] = [];
  for (let pair = 0; pair < pairing.sound.length; pair++) {
    const a = ends[2 * pair]!;
    const b = ends[2 * pair + 1]!;
    if (a === b || placeOf(pairing, a, b) >= 0) {
      faulty.push(pair);
    } else {
      join(pairing, a, b);
      pairing.sound[pair] = 1;
    }
  }
  for (const pair of faulty) {
    let tries = 0;
    while (!trySwitch(pairing, pair, random)) if (++tries === MAX_SWITCHES) return undefined;
  }
  return ends;
}

/** Faulty a-b and a random sound c-d become a-d and c-b, if both are new edges; tells whether they did. */
function trySwitch(pairing: Pairing, pair: number, random: Random): boolean {
  const { ends, sound } = pairing;
  const draw = uniformInt(random, ends.length);
  const other = Math.floor(draw / 2);
  const [a, b] = [ends[2 * pair]!, ends[2 * pair + 1]!];
  const [c, d] = [ends[draw]!, ends[draw ^ 1]!]; // either direction, by chance
  if (sound[other] === 0 || a === d || b === c) return false;
  if (placeOf(pairing, a, d) >= 0 || placeOf(pairing, b, c) >= 0) return false;
  part(pairing, c, d);
  join(pairing, a, d);
  join(pairing, b, c);
  ends.set([a, d], 2 * pair);
  ends.set([c, b], 2 * other);
  sound[pair] = 1;
  return true;
}

function* pairsOf(ends: Uint32Array): Generator<readonly [number, number]> {
  for (let k = 0; k < ends.length; k += 2) yield [ends[k]!, ends[k + 1]!];
}

function* complementOf(nodes: number, ends: Uint32Array): Generator<readonly [number, number]> {
  const absent = new Set<number>();
  for (const [a, b] of pairsOf(ends)) absent.add(Math.min(a, b) * nodes + Math.max(a, b));
  for (let i = 0; i < nodes; i++)
    for (let j = i + 1; j < nodes; j++) if (!absent.has(i * nodes + j)) yield [i, j];
}

/** Caps the degree at nodes - 1, the complete graph. @throws GrapevineError BAD_SPEC where no connected one exists */
function settle(nodes: number, options: Options): Options {
  const degree = Math.min(options.degree, nodes - 1);
  if (degree < 2 && nodes > 2) {
    throw badTopology(
      'random-regular',
      nodes,
      `degree=${degree} cannot connect more than two nodes, wanted 2 or more`,
    );
  }
  if ((nodes * degree) % 2 === 1) {
    throw badTopology(
      'random-regular',
      nodes,
      `degree=${degree}, wanted nodes x degree even. Use degree=${degree - 1} or ${degree + 1}, or one peer more`,
    );
  }
  return { degree };
}

export const randomRegular = defineTopology<Options, Options>({
  name: 'random-regular',
  summary: 'every node has the same number of random neighbors',
  seeded: true,
  fields: { degree: integerField('neighbors of each node, capped at nodes - 1', 4, 0, MAX_NODES) },
  settle,
  expectedEdges: (nodes, { degree }) => (nodes * degree) / 2,
  layOut: (nodes, { degree }, { random }) => ({ graph: randomRegularGraph(nodes, degree, random) }),
});
