/** Topologies from files: graph-file and latency. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportTopology } from '../../../src/topology/export.js';
import { edgesOf } from '../../../src/topology/graph.js';
import { formatOf } from '../../../src/topology/graph-formats.js';
import { latencyGraph } from '../../../src/topology/latency.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { topologyHash } from '../../../src/topology/topology-hash.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'grapevine-topology-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function written(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

const edgesIn = (name: string, text: string, nodes: number, extra = '') =>
  [...edgesOf(buildTopology(`graph-file:file=${written(name, text)}${extra}`, nodes, 0).graph)].join(' ');

const PATH = '0,1 1,2 2,3';

describe('graph-file', () => {
  it('reads edge lists: spaces, tabs, commas, weights, comments', () => {
    expect(edgesIn('a.txt', '# a path\n0 1\n1\t2\t0.5\n\n3, 2, 7\n', 4)).toBe(PATH);
    expect(edgesIn('b.csv', '% of names\nann bob\nbob cid\ncid dan\nbob ann\n', 4)).toBe(PATH);
    expect(edgesIn('c.edges', '10 20\n20 30\n30 40\n', 4)).toBe(PATH);
  });

  it('reads JSON of this and other programs', () => {
    expect(edgesIn('a.json', '{"nodes":4,"edges":[[0,1,0.3],[2,1,0.3],[2,3,0.3]]}', 4)).toBe(PATH);
    const nodeLink =
      '{"directed":false,"nodes":[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"}],"links":[{"source":"c","target":"d"},{"source":"a","target":"b"},{"source":"b","target":"c"}]}';
    expect(edgesIn('b.json', nodeLink, 4)).toBe(PATH);
  });

  it('reads GraphML, names with entities and all', () => {
    const graphml =
      '<?xml version="1.0"?><graphml><graph edgedefault="directed"><node id="a&amp;b"/><node id="1"/><node id="01"/><node id="x"/>' +
      '<edge source="a&amp;b" target="1"/><edge source="1" target="01"><data key="w">3</data></edge><edge source="x" target="01"/></graph></graphml>';
    expect(edgesIn('a.graphml', graphml, 4)).toBe(PATH);
    expect(edgesIn('a.weird', graphml, 4, ',format=graphml')).toBe(PATH);
  });

  it('reads what it exports, as the same topology', () => {
    const first = buildTopology('random-regular', 20, 3);
    for (const format of ['json', 'graphml'] as const) {
      const file = written(`round-trip.${format}`, exportTopology(first, format));
      const again = buildTopology(`graph-file:file=${file}`, 20, 0);
      expect(topologyHash(again)).toBe(topologyHash(first));
      expect(again.spec).toBe(`graph-file:file=${file},format=${format}`);
    }
  });

  it('names what is wrong with a file, and where', () => {
    const refused = (name: string, text: string, message: RegExp, nodes = 4): void => {
      expect(() => edgesIn(name, text, nodes)).toThrow(expect.objectContaining({ code: 'BAD_SPEC' }));
      expect(() => edgesIn(name, text, nodes)).toThrow(message);
    };
    refused('a.txt', '0 1\n1\n', /a\.txt: read as edge-list: line 2 is "1", wanted two names\./);
    refused('a.txt', '0 1\n1 2\n2 3\n', /a graph of 4 nodes for 5 peers; .*use --peers 4/, 5);
    refused('a.txt', '0 1\n1 1\n2 3\n', /node 1 is joined to itself/);
    refused('a.txt', '0 1\n2 3\n', /several pieces; wanted a connected one/);
    refused('a.json', '{"nodes":4}', /no list of edges, wanted \{ "edges"/);
    refused('a.json', '{"edges":[[0]]}', /an end of edge 0 is undefined, wanted a name/);
    refused('a.json', '[', /read as json: no JSON/);
    refused('a.graphml', '<graphml><graph>', /no XML/);
    refused('a.graphml', '<svg/>', /no graph, wanted <graphml>/);
    refused('a.graphml', '<graphml><graph><edge source="a"/></graph></graphml>', /the target of edge 0/);
    expect(() => buildTopology('graph-file', 4, 0)).toThrow(/no file, wanted graph-file:file=PATH/);
    expect(() => buildTopology('graph-file:file=/no/such.json', 4, 0)).toThrow(
      /cannot be read .*check the path/,
    );
  });

  it('knows formats by the end of a name', () => {
    expect(['A.GraphML', 'b.xml', 'c.json', 'd.csv', 'e'].map(formatOf)).toEqual([
      'graphml',
      'graphml',
      'json',
      'edge-list',
      'edge-list',
    ]);
  });
});

describe('latency', () => {
  const fixture = 'latency:file=test/reference/data/latencies-6.csv';

  it('joins each node to its nearest, and the sites by the shortest edge between them', () => {
    const edges = (spec: string) => [...edgesOf(buildTopology(spec, 6, 0).graph)].join(' ');
    // 0-2 is as long as 1-2; 2-3 is 38 on the mean of its two directions, 0-3 is 40.
    expect(edges(`${fixture},neighbors=2`)).toBe('0,1 0,2 1,2 2,3 3,4 3,5 4,5');
    expect(edges(`${fixture},neighbors=1`)).toBe('0,1 0,2 2,3 3,4 4,5');
    expect(edges(fixture).split(' ')).toContain('2,3');
  });

  it('needs no other edges where the nearest are connected, and takes ties to the lower number', () => {
    const equal = new Float64Array(16).fill(1);
    expect([...edgesOf(latencyGraph(equal, 4, 1))].join(' ')).toBe('0,1 0,2 0,3');
  });

  it('names what is wrong with a matrix, and where', () => {
    const build = (text: string, nodes: number) =>
      buildTopology(`latency:file=${written('m.csv', text)}`, nodes, 0);
    expect(() => build('0 1\n1 0\n', 3)).toThrow(/2 rows for 3 peers; .*use --peers 2/);
    expect(() => build('0 1\n1\n', 2)).toThrow(/row 1 has 1 numbers; wanted 2/);
    expect(() => build('0 -1\n1 0\n', 2)).toThrow(/row 0, column 1 is "-1"; wanted a number from 0, or inf/);
    expect(() => build('0 inf\ninf 0\n', 2)).toThrow(/keep some peers from all others/);
    expect(() => buildTopology('latency', 2, 0)).toThrow(/no file, wanted latency:file=PATH/);
  });
});
