/**
 * Topologies as text for other programs: Graphviz DOT, JSON, GraphML (http://graphml.graphdrawing.org) and GEXF 1.3
 * (https://gexf.net), the last two read by Gephi, NetworkX and igraph. Nodes are numbers, edges carry w_ij.
 */
import type { Topology } from './topology.js';

export const exportFormats = ['dot', 'json', 'graphml', 'gexf'] as const;

export type ExportFormat = (typeof exportFormats)[number];

/** The whole file, ending in a line feed. */
export function exportTopology(topology: Topology, format: ExportFormat): string {
  switch (format) {
    case 'dot':
      return toDot(topology);
    case 'json':
      return toJson(topology);
    case 'graphml':
      return toGraphml(topology);
    case 'gexf':
      return toGexf(topology);
    default:
      return format satisfies never;
  }
}

interface WeightedEdge {
  readonly source: number;
  readonly target: number;
  readonly weight: number;
}

/** Each edge once, source < target, ascending. */
function weightedEdgesOf({ graph, mixing }: Topology): WeightedEdge[] {
  const edges: WeightedEdge[] = [];
  for (let source = 0; source < graph.nodes; source++) {
    for (let k = graph.offsets[source]!; k < graph.offsets[source + 1]!; k++) {
      const target = graph.targets[k]!;
      if (source < target) edges.push({ source, target, weight: mixing.weights[k]! });
    }
  }
  return edges;
}

function nodesOf({ graph }: Topology): number[] {
  return Array.from({ length: graph.nodes }, (_, i) => i);
}

function lines(...parts: readonly (string | readonly string[])[]): string {
  return `${parts.flat().join('\n')}\n`;
}

function toDot(topology: Topology): string {
  const quoted = topology.spec.replaceAll(/["\\]/g, '\\$&');
  return lines(
    `graph "${quoted}" {`,
    nodesOf(topology).map((node) => `  ${node};`),
    weightedEdgesOf(topology).map(
      ({ source, target, weight }) => `  ${source} -- ${target} [weight=${weight}];`,
    ),
    '}',
  );
}

/** { name, spec, nodes, edges: [[i, j, w_ij], ...] }, one edge a line. */
function toJson(topology: Topology): string {
  const { name, spec, graph } = topology;
  const edges = weightedEdgesOf(topology).map(
    (edge) => `    [${edge.source}, ${edge.target}, ${edge.weight}]`,
  );
  const list = edges.length === 0 ? '[]' : `[\n${edges.join(',\n')}\n  ]`;
  return lines(
    '{',
    `  "name": ${JSON.stringify(name)},`,
    `  "spec": ${JSON.stringify(spec)},`,
    `  "nodes": ${graph.nodes},`,
    `  "edges": ${list}`,
    '}',
  );
}

function toGraphml(topology: Topology): string {
  return lines(
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
    '  <key id="weight" for="edge" attr.name="weight" attr.type="double"/>',
    `  <graph id="${escapeXml(topology.spec)}" edgedefault="undirected">`,
    nodesOf(topology).map((node) => `    <node id="${node}"/>`),
    weightedEdgesOf(topology).map(
      ({ source, target, weight }) =>
        `    <edge source="${source}" target="${target}"><data key="weight">${weight}</data></edge>`,
    ),
    '  </graph>',
    '</graphml>',
  );
}

function toGexf(topology: Topology): string {
  return lines(
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<gexf xmlns="http://gexf.net/1.3" version="1.3">',
    `  <meta><description>${escapeXml(topology.spec)}</description></meta>`,
    '  <graph defaultedgetype="undirected" mode="static">',
    '    <nodes>',
    nodesOf(topology).map((node) => `      <node id="${node}" label="${node}"/>`),
    '    </nodes>',
    '    <edges>',
    weightedEdgesOf(topology).map(
      ({ source, target, weight }, id) =>
        `      <edge id="${id}" source="${source}" target="${target}" weight="${weight}"/>`,
    ),
    '    </edges>',
    '  </graph>',
    '</gexf>',
  );
}

const XML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => XML_ENTITIES[character]!);
}
