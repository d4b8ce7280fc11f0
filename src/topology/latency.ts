/**
 * The family `latency`: neighbors that are near. From a matrix of measured latencies each node is joined to the `neighbors`
 * nodes of the lowest latency, ties to the lower number; the pieces that this leaves, as it does where machines stand in
 * clusters, are joined by the shortest edges between them (Kruskal 1956), as few as that takes.
 *
 * The file has one row a node, numbers with spaces, tabs or commas between them, in any unit; what begins with # does not
 * count. An edge is as long as the mean of its two directions; `inf` is a pair that cannot be joined. The diagonal is
 * not looked at.
 */

import { integerField, textField } from '../base/registry.js';
import { lineEntries, textLines } from '../base/text-lines.js';
import { badTopology, defineTopology, MAX_NODES } from './family.js';
import { type Graph, graphFromEdges, isConnected } from './graph.js';
import { badFile, readTextFile } from './read-text-file.js';

interface LatencyOptions {
  readonly file?: string;
  readonly neighbors: number;
}

type Settled = { readonly file: string; readonly neighbors: number };

const NAME = 'latency';

/** Row-major, nodes x nodes. @throws GrapevineError BAD_SPEC naming row and column */
export function parseLatencies(text: string, nodes: number, file: string): Float64Array {
  const rows = textLines(text);
  if (rows.length !== nodes)
    throw badFile(
      NAME,
      file,
      `${rows.length} rows for ${nodes} peers; wanted one a peer: use --peers ${rows.length}`,
    );
  const latencies = new Float64Array(nodes * nodes);
  rows.forEach((row, i) => {
    const entries = lineEntries(row);
    if (entries.length !== nodes)
      throw badFile(NAME, file, `row ${i} has ${entries.length} numbers; wanted ${nodes}`);
    entries.forEach((entry, j) => {
      const value = /^inf(inity)?$/i.test(entry) ? Number.POSITIVE_INFINITY : Number(entry);
      if (i !== j && (entry === '' || !(value >= 0)))
        throw badFile(NAME, file, `row ${i}, column ${j} is "${entry}"; wanted a number from 0, or inf`);
      latencies[i * nodes + j] = i === j ? 0 : value;
    });
  });
  return latencies;
}

/** Edges of the nearest neighbors, connected or not. */
function* nearest(
  lengths: Float64Array,
  nodes: number,
  neighbors: number,
): Generator<readonly [number, number]> {
  for (let i = 0; i < nodes; i++) {
    const others = Array.from({ length: nodes }, (_, j) => j).filter(
      (j) => j !== i && lengths[i * nodes + j]! < Number.POSITIVE_INFINITY,
    );
    others.sort((a, b) => lengths[i * nodes + a]! - lengths[i * nodes + b]! || a - b);
    for (const j of others.slice(0, neighbors)) yield [i, j];
  }
}

/** All pairs that can be joined, the shortest first. */
function byLength(lengths: Float64Array, nodes: number): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i < nodes; i++)
    for (let j = i + 1; j < nodes; j++)
      if (lengths[i * nodes + j]! < Number.POSITIVE_INFINITY) pairs.push([i, j]);
  const length = ([i, j]: readonly [number, number]): number => lengths[i * nodes + j]!;
  return pairs.sort((a, b) => length(a) - length(b) || a[0] - b[0] || a[1] - b[1]);
}

/** `edges` and the shortest of `candidates`, which come in order, that join what is not joined yet. */
function joinPieces(
  nodes: number,
  edges: readonly (readonly [number, number])[],
  candidates: () => readonly (readonly [number, number])[],
): Graph {
  const graph = graphFromEdges(nodes, edges);
  if (isConnected(graph)) return graph;
  const piece = Uint32Array.from({ length: nodes }, (_, i) => i);
  const rootOf = (node: number): number => {
    let at = node;
    while (piece[at] !== at) at = piece[at] = piece[piece[at]!]!;
    return at;
  };
  const merges = ([a, b]: readonly [number, number]): boolean => {
    const [low, high] = [rootOf(a), rootOf(b)];
    piece[high] = low;
    return low !== high;
  };
  edges.forEach(merges);
  return graphFromEdges(nodes, [...edges, ...candidates().filter(merges)]);
}

/**
 * The graph of `latencies`, nodes x nodes, row-major; connected unless infinite ones forbid it.
 * @param neighbors of each node at least, where so many can be joined
 */
export function latencyGraph(latencies: Float64Array, nodes: number, neighbors: number): Graph {
  const lengths = latencies.map(
    (value, k) => (value + latencies[(k % nodes) * nodes + Math.floor(k / nodes)]!) / 2,
  );
  const edges = [...nearest(lengths, nodes, neighbors)];
  return joinPieces(nodes, edges, () => byLength(lengths, nodes));
}

export const latency = defineTopology<LatencyOptions, Settled>({
  name: NAME,
  summary: 'from a file of latencies: each node beside its nearest, made connected',
  seeded: false,
  fields: {
    file: textField('matrix of latencies, one row a node'),
    neighbors: integerField('nearest neighbors of each node', 3, 1, MAX_NODES),
  },
  settle(nodes, { file, neighbors }) {
    if (file === undefined) throw badTopology(NAME, nodes, 'no file, wanted latency:file=PATH');
    return { file, neighbors };
  },
  expectedEdges: (nodes, { neighbors }) => nodes * Math.min(neighbors, nodes),
  layOut(nodes, { file, neighbors }) {
    const graph = latencyGraph(parseLatencies(readTextFile(NAME, file), nodes, file), nodes, neighbors);
    if (isConnected(graph)) return { graph };
    throw badFile(
      NAME,
      file,
      'latencies of inf keep some peers from all others; wanted a way between any two',
    );
  },
});
