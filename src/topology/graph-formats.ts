/**
 * Graphs as others write them, read to edges between names:
 *
 *     edge list   two names a line, with spaces, tabs or a comma between them; what follows them (a weight), empty lines and
 *                 lines that begin with # or % do not count. SNAP, KONECT, NetworkX's write_edgelist
 *     JSON        { edges: [[a, b, ...], ...] } or { edges or links: [{ source, target }, ...] }, with the nodes beside
 *                 them as a number or a list of names or { id }: what --export json writes, NetworkX's node_link_data, d3
 *     GraphML     graphml.graphdrawing.org: Gephi, igraph, NetworkX, --export graphml
 *
 * Directions and weights are read over: how edges are weighed is an option of the family.
 */
import { XMLParser } from 'fast-xml-parser';

export const graphFormats = ['edge-list', 'json', 'graphml'] as const;

export type GraphFormat = (typeof graphFormats)[number];

export interface NamedGraph {
  /** Names of nodes that the file lists apart from its edges, in its order; [] where it does not. */
  readonly nodes: readonly string[];
  readonly edges: readonly (readonly [string, string])[];
}

/** A text that is not in its format: `message` says what was wrong, and where. */
export class GraphSyntaxError extends Error {}

/** By the end of a file's name. */
export function formatOf(file: string): GraphFormat {
  if (/\.(graphml|xml)$/i.test(file)) return 'graphml';
  return /\.json$/i.test(file) ? 'json' : 'edge-list';
}

/** @throws GraphSyntaxError */
export function parseGraph(text: string, format: GraphFormat): NamedGraph {
  switch (format) {
    case 'edge-list':
      return parseEdgeList(text);
    case 'json':
      return parseJsonGraph(text);
    case 'graphml':
      return parseGraphml(text);
    default:
      return format satisfies never;
  }
}

function parseEdgeList(text: string): NamedGraph {
  const edges: (readonly [string, string])[] = [];
  text.split(/\r?\n/).forEach((line, at) => {
    const trimmed = line.trim();
    if (trimmed === '' || /^[#%]/.test(trimmed)) return;
    const [a = '', b = ''] = trimmed.split(/\s*[,;]\s*|\s+/);
    if (a === '' || b === '')
      throw new GraphSyntaxError(`line ${at + 1} is "${trimmed.slice(0, 40)}", wanted two names`);
    edges.push([a, b]);
  });
  return { nodes: [], edges };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A name or { id } as text. */
function nameOf(value: unknown, where: string): string {
  const id = isRecord(value) ? value.id : value;
  if (typeof id === 'string' || typeof id === 'number') return String(id);
  throw new GraphSyntaxError(`${where} is ${JSON.stringify(value)?.slice(0, 40)}, wanted a name`);
}

function parseJsonGraph(text: string): NamedGraph {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new GraphSyntaxError(`no JSON (${(error as Error).message})`);
  }
  const edges = isRecord(value) ? (value.edges ?? value.links) : undefined;
  if (!isRecord(value) || !Array.isArray(edges))
    throw new GraphSyntaxError('no list of edges, wanted { "edges": [[0, 1], ...] }');
  const { nodes } = value;
  const count = typeof nodes === 'number' && Number.isInteger(nodes) ? nodes : 0;
  const listed = Array.isArray(nodes) ? nodes : Array.from({ length: count }, (_, i) => i);
  return {
    nodes: listed.map((node, at) => nameOf(node, `node ${at}`)),
    edges: edges.map((edge: unknown, at) => {
      const [a, b] = Array.isArray(edge)
        ? [edge[0], edge[1]]
        : isRecord(edge)
          ? [edge.source, edge.target]
          : [];
      return [nameOf(a, `an end of edge ${at}`), nameOf(b, `an end of edge ${at}`)] as const;
    }),
  };
}

/** Attributes as properties; one element or many, always a list. */
const xml = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (name) => ['graph', 'node', 'edge', 'hyperedge'].includes(name),
});

interface XmlGraph {
  readonly node?: readonly { readonly id?: string }[];
  readonly edge?: readonly { readonly source?: string; readonly target?: string }[];
  readonly hyperedge?: unknown;
}

/** The first graph of the file, without ports, hyperedges and nested graphs. */
function parseGraphml(text: string): NamedGraph {
  let graph: XmlGraph | undefined;
  try {
    const root = xml.parse(text, true) as { readonly graphml?: { readonly graph?: readonly XmlGraph[] } };
    graph = root.graphml?.graph?.[0];
  } catch (error) {
    throw new GraphSyntaxError(`no XML (${(error as Error).message})`);
  }
  if (typeof graph !== 'object')
    throw new GraphSyntaxError('no graph, wanted <graphml><graph>...</graph></graphml>');
  if (graph.hyperedge !== undefined) throw new GraphSyntaxError('hyperedges, wanted edges of two nodes');
  const { node = [], edge = [] } = graph;
  return {
    nodes: node.map(({ id }, at) => nameOf(id, `the id of node ${at}`)),
    edges: edge.map(({ source, target }, at) => [
      nameOf(source, `the source of edge ${at}`),
      nameOf(target, `the target of edge ${at}`),
    ]),
  };
}
