import { describe, expect, it } from 'vitest';
import { exportFormats, exportTopology } from '../../../src/topology/export.js';
import { buildTopology } from '../../../src/topology/registry.js';

const path = buildTopology('star', 3, 0);
const third = 1 / 3;

describe('exportTopology', () => {
  it('writes Graphviz DOT', () => {
    expect(exportTopology(path, 'dot')).toBe(
      `graph "star" {\n  0;\n  1;\n  2;\n  0 -- 1 [weight=${third}];\n  0 -- 2 [weight=${third}];\n}\n`,
    );
  });

  it('writes JSON that reads back exactly, weights included', () => {
    expect(JSON.parse(exportTopology(path, 'json'))).toEqual({
      name: 'star',
      spec: 'star',
      nodes: 3,
      edges: [
        [0, 1, third],
        [0, 2, third],
      ],
    });
    expect(JSON.parse(exportTopology(buildTopology('ring', 1, 0), 'json')).edges).toEqual([]);
  });

  it('writes GraphML with a declared weight', () => {
    const text = exportTopology(path, 'graphml');
    expect(text).toContain('<key id="weight" for="edge" attr.name="weight" attr.type="double"/>');
    expect(text.match(/<node id="\d"\/>/g)).toHaveLength(3);
    expect(text).toContain(`<edge source="0" target="2"><data key="weight">${third}</data></edge>`);
  });

  it('writes GEXF with numbered edges', () => {
    const text = exportTopology(path, 'gexf');
    expect(text).toContain('<node id="2" label="2"/>');
    expect(text).toContain(`<edge id="1" source="0" target="2" weight="${third}"/>`);
  });

  it.each(['graphml', 'gexf'] as const)('escapes markup and closes every element in %s', (format) => {
    const text = exportTopology({ ...path, spec: `<a & "b" 'c'>` }, format);
    expect(text).toContain('&lt;a &amp; &quot;b&quot; &apos;c&apos;&gt;');
    const open: string[] = [];
    for (const [, slash, name, empty] of text.matchAll(/<(\/?)([a-z]+)[^<>?]*?(\/?)>/g)) {
      if (slash === '/') expect(open.pop()).toBe(name);
      else if (empty === '') open.push(name!);
    }
    expect(open).toEqual([]);
  });

  it('escapes quotes in DOT', () => {
    expect(exportTopology({ ...path, spec: 'a"b\\c' }, 'dot')).toMatch(/^graph "a\\"b\\\\c" \{/);
  });

  it.each(exportFormats)('ends %s with a line feed and lists every edge', (format) => {
    const text = exportTopology(buildTopology('torus', 16, 0), format);
    expect(text.endsWith('\n')).toBe(true);
    expect(text.match(/ -- |<edge |^ {4}\[/gm)).toHaveLength(32);
  });
});
