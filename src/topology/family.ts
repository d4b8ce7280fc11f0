/**
 * What a topology family must say about itself, and the one place that turns it into a registry entry. A family
 * is a file beside this one that exports `defineTopology({...})`, and a line in registry.ts.
 *
 * A topology is a function of (nodes, options, seed) alone, so peers that share those three build the same graph
 * without a word; topology-hash.ts lets them check it.
 */
import { assert } from '../base/assert.js';
import { GrapevineError } from '../base/errors.js';
import { createRandom, type Random } from '../base/random.js';
import type { OptionFields, RegistryEntry } from '../base/registry.js';
import { formatSpec } from '../base/spec.js';
import { type Graph, isConnected } from './graph.js';
import { metropolisHastings } from './mixing.js';
import type { Topology } from './topology.js';

/** Largest swarm a topology is built for: ten times the 100,000 of our largest simulation. */
export const MAX_NODES = 1_000_000;

/** Most edges of a topology: some 400 MB while it is built. A complete graph of 3,000 nodes fits. */
const MAX_EDGES = 5_000_000;

/** A family with its options read, waiting for the number of nodes. */
export interface TopologyFamily {
  readonly name: string;
  /** The spec as the registry reads it; options that depend on the number of nodes may still be unset. */
  readonly spec: string;
  /** True when the graph depends on the seed. */
  readonly seeded: boolean;
  /**
   * The graph with Metropolis-Hastings weights. Its spec spells out every option, and building that spec for the
   * same nodes and seed gives the same topology.
   * @throws GrapevineError BAD_CONFIG for a bad number of nodes, BAD_SPEC for options that do not fit it
   */
  build(nodes: number, seed: number): Topology;
}

/** No option left open: what the generator gets. */
export type SettledOptions = Readonly<Record<string, number>>;

/** A family without options. */
export type NoOptions = Readonly<Record<never, never>>;

export interface TopologyDefinition<Options, Settled extends SettledOptions> {
  readonly name: string;
  /** One line for --help. */
  readonly summary: string;
  readonly seeded: boolean;
  readonly fields: OptionFields<Options>;
  /** Fills in what depends on the number of nodes. @throws GrapevineError BAD_SPEC when nothing fits */
  settle(nodes: number, options: Options): Settled;
  /** Edges to expect, to refuse a graph too large before it is built. */
  expectedEdges(nodes: number, options: Settled): number;
  /** A connected graph. Draws only from `random`. @throws GrapevineError BAD_SPEC when none was found */
  generate(nodes: number, options: Settled, random: Random): Graph;
}

export function defineTopology<Options, Settled extends SettledOptions>(
  definition: TopologyDefinition<Options, Settled>,
): RegistryEntry<Options, TopologyFamily> {
  const { name, summary, fields, seeded } = definition;
  return {
    name,
    summary,
    fields,
    make: (options, spec) => ({
      name,
      spec,
      seeded,
      build: (nodes, seed) => build(definition, options, { nodes, seed }),
    }),
  };
}

function build<Options, Settled extends SettledOptions>(
  definition: TopologyDefinition<Options, Settled>,
  options: Options,
  { nodes, seed }: { readonly nodes: number; readonly seed: number },
): Topology {
  const { name } = definition;
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES) {
    throw new GrapevineError(
      'BAD_CONFIG',
      `topology ${name}: ${nodes} nodes, wanted an integer from 1 to ${MAX_NODES}. Change the number of peers.`,
      { nodes },
    );
  }
  const settled = definition.settle(nodes, options);
  const edges = Math.round(definition.expectedEdges(nodes, settled));
  if (edges > MAX_EDGES) {
    throw badTopology(
      name,
      nodes,
      `would have about ${edges} edges, wanted at most ${MAX_EDGES}. Choose a sparser one`,
    );
  }
  const graph = definition.generate(nodes, settled, createRandom(seed, 'topology', name));
  assert(graph.nodes === nodes && isConnected(graph), `topology ${name} is connected on ${nodes} nodes`);
  return { name, spec: formatSpec(name, settled), graph, mixing: metropolisHastings(graph) };
}

/** "topology torus on 8 nodes: <problem>." */
export function badTopology(name: string, nodes: number, problem: string): GrapevineError {
  return new GrapevineError('BAD_SPEC', `topology ${name} on ${nodes} nodes: ${problem}.`, { name, nodes });
}
