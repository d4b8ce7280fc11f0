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
import { choiceField, type OptionField, type OptionFields, type RegistryEntry } from '../base/registry.js';
import { formatSpec } from '../base/spec.js';
import { type Graph, isConnected } from './graph.js';
import type { MembershipTopology } from './membership-topology.js';
import type { DirectedSchedule, MixingMatrix, Schedule, Topology } from './topology.js';
import { type Weighting, weigh, weightings } from './weights.js';

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
   * The graph with its weights, Metropolis-Hastings unless the spec says otherwise. Its spec spells out every other option,
   * and building that spec for the same nodes and seed gives the same topology.
   * @throws GrapevineError BAD_CONFIG for a bad number of nodes, BAD_SPEC for options that do not fit it
   */
  build(nodes: number, seed: number): Topology;
}

/** No option left open: what the generator gets. */
export type SettledOptions = Readonly<Record<string, number | string>>;

/** A family without options. */
export type NoOptions = Readonly<Record<never, never>>;

/** Where chance comes from. */
export interface Chance {
  /** Of this family and seed; all that a graph is drawn from. */
  readonly random: Random;
  /** For rounds drawn one by one, and for families that build another. */
  readonly seed: number;
}

/** What a family lays out. */
export interface Layout {
  /** Connected. */
  readonly graph: Graph;
  /** The weights that its paper gives, where the definition says that it has some. */
  readonly published?: MixingMatrix;
  readonly schedule?: Schedule;
  readonly directed?: DirectedSchedule;
  readonly membership?: MembershipTopology;
}

/**
 * Where weights come from: `chosen` by the user; `published` by the family's paper, unless the user chooses others;
 * `scheduled`, one matrix a round, which nobody may change without losing what the schedule is for; `local`, by what the two
 * ends of an edge know, since the graph changes.
 */
export type WeightSource = 'chosen' | 'published' | 'scheduled' | 'local';

export interface TopologyDefinition<Options, Settled extends SettledOptions> {
  readonly name: string;
  /** One line for --help. */
  readonly summary: string;
  readonly seeded: boolean;
  /** @default chosen */
  readonly weights?: WeightSource;
  readonly fields: OptionFields<Options>;
  /** Fills in what depends on the number of nodes. @throws GrapevineError BAD_SPEC when nothing fits */
  settle(nodes: number, options: Options): Settled;
  /** Edges to expect, to refuse a graph too large before it is built. */
  expectedEdges(nodes: number, options: Settled): number;
  /** Draws only from `chance`. @throws GrapevineError BAD_SPEC when no connected graph was found */
  layOut(nodes: number, options: Settled, chance: Chance): Layout;
}

/** Of families that let the user choose. */
export interface WeightOption {
  readonly weights?: Weighting;
}

/** Left out of canonical specs where the default holds, so that they stay what they were before there was a choice. */
const weightField: OptionField<Weighting> = {
  ...choiceField<Weighting>('how edges are weighed', weightings[0], weightings),
  default: undefined,
};

export function defineTopology<Options, Settled extends SettledOptions>(
  definition: TopologyDefinition<Options, Settled>,
): RegistryEntry<Options & WeightOption, TopologyFamily> {
  const { name, summary, seeded, weights = 'chosen' } = definition;
  const fields = (
    ['scheduled', 'local'].includes(weights)
      ? definition.fields
      : { ...definition.fields, weights: weightField }
  ) as OptionFields<Options & WeightOption>;
  return {
    name,
    summary,
    fields,
    complete: (options) => withoutDefault(options, weights),
    make: (options, spec) => ({
      name,
      spec,
      seeded,
      build: (nodes, seed) => build(definition, options, { nodes, seed }),
    }),
  };
}

/** Of weights=metropolis-hastings, where that is the default, there is nothing to say. */
function withoutDefault<T extends WeightOption>(options: T, source: WeightSource): T {
  const { weights, ...rest } = options;
  return source === 'chosen' && weights === weightings[0] ? (rest as T) : options;
}

function build<Options, Settled extends SettledOptions>(
  definition: TopologyDefinition<Options, Settled>,
  options: Options & WeightOption,
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
  const random = createRandom(seed, 'topology', name);
  const { graph, published, ...rest } = definition.layOut(nodes, settled, { random, seed });
  assert(graph.nodes === nodes && isConnected(graph), `topology ${name} is connected on ${nodes} nodes`);
  const { weights } = options;
  return {
    name,
    spec: formatSpec(name, weights === undefined ? settled : { ...settled, weights }),
    graph,
    mixing:
      published !== undefined && weights === undefined ? published : weigh(graph, weights ?? weightings[0]),
    ...rest,
  };
}

/** "topology torus on 8 nodes: <problem>." */
export function badTopology(name: string, nodes: number, problem: string): GrapevineError {
  return new GrapevineError('BAD_SPEC', `topology ${name} on ${nodes} nodes: ${problem}.`, { name, nodes });
}
