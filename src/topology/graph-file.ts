/**
 * The family `graph-file`: a graph that the user brings, as an edge list, JSON or GraphML (graph-formats.ts). Peers must read
 * the same file: they compare hashes of the graph that came of it (topology-hash.ts), not of the path.
 *
 * Names that are all 0, 1, ... are the numbers of the peers; others are numbered in the order in which the file lists its
 * nodes or, where it has a list of edges alone, first names them.
 */
import { choiceField, textField } from '../base/registry.js';
import { badTopology, defineTopology } from './family.js';
import { type Graph, graphFromEdges, isConnected } from './graph.js';
import {
  formatOf,
  type GraphFormat,
  GraphSyntaxError,
  graphFormats,
  type NamedGraph,
  parseGraph,
} from './graph-formats.js';
import { badFile, readTextFile } from './read-text-file.js';

interface GraphFileOptions {
  readonly file?: string;
  readonly format: GraphFormat | 'auto';
}

type Settled = { readonly file: string; readonly format: GraphFormat };

const NAME = 'graph-file';

function settle(nodes: number, { file, format }: GraphFileOptions): Settled {
  if (file === undefined) throw badTopology(NAME, nodes, 'no file, wanted graph-file:file=PATH');
  return { file, format: format === 'auto' ? formatOf(file) : format };
}

/** The number of each name. */
function numbersOf({ nodes, edges }: NamedGraph): Map<string, number> {
  const names = new Set([...nodes, ...edges.flat()]);
  const integers = [...names].every((name) => /^(0|[1-9]\d*)$/.test(name) && Number(name) < names.size);
  return new Map([...names].map((name, at) => [name, integers ? Number(name) : at]));
}

/** @throws GrapevineError BAD_SPEC where the file is no connected graph of `nodes` nodes */
function readGraph(nodes: number, { file, format }: Settled): Graph {
  let named: NamedGraph;
  try {
    named = parseGraph(readTextFile(NAME, file), format);
  } catch (error) {
    if (!(error instanceof GraphSyntaxError)) throw error;
    throw badFile(NAME, file, `read as ${format}: ${error.message}`);
  }
  const numbers = numbersOf(named);
  if (numbers.size !== nodes)
    throw badFile(
      NAME,
      file,
      `a graph of ${numbers.size} nodes for ${nodes} peers; wanted as many: use --peers ${numbers.size}`,
    );
  const loop = named.edges.find(([a, b]) => a === b);
  if (loop !== undefined)
    throw badFile(NAME, file, `node ${loop[0]} is joined to itself; wanted other nodes only`);
  const graph = graphFromEdges(
    nodes,
    named.edges.map(([a, b]) => [numbers.get(a)!, numbers.get(b)!] as const),
  );
  if (!isConnected(graph)) throw badFile(NAME, file, 'a graph in several pieces; wanted a connected one');
  return graph;
}

export const graphFile = defineTopology<GraphFileOptions, Settled>({
  name: NAME,
  summary: 'from a file: edge list, JSON or GraphML',
  seeded: false,
  fields: {
    file: textField('the file'),
    format: choiceField<GraphFormat | 'auto'>('auto: by the end of its name', 'auto', [
      'auto',
      ...graphFormats,
    ]),
  },
  settle,
  expectedEdges: () => 0, // known when the file is read, which has a limit of its own
  layOut: (nodes, settled) => ({ graph: readGraph(nodes, settled) }),
});
