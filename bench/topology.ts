/**
 * `npm run bench -- topology [--filter TEXT] [--runs N] [--json]`: milliseconds to build a topology of 100,000 nodes, to
 * weigh it and to compute its spectral gap, best of N on one core; and, where the eigenvalues have a closed form, how
 * far the gap is from it. Milliseconds are of the processor, so that what else runs on the machine counts less.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { renderTable, type TextColumn } from '../src/report/text-table.js';
import { buildTopology } from '../src/topology/registry.js';
import { lanczosSpectrumOf } from '../src/topology/spectrum.js';

interface TopologyCase {
  readonly spec: string;
  readonly nodes: number;
  /** The gap as a formula, where there is one. */
  readonly gap?: number;
}

/** Of a rows x cols torus with both sides above 2 and even, or long: (1 + 2 cos a + 2 cos b) / 5 is largest at a = 0. */
const torusGap = (longest: number): number => (2 - 2 * Math.cos((2 * Math.PI) / longest)) / 5;

const cases: readonly TopologyCase[] = [
  { spec: 'torus:rows=250,cols=400', nodes: 100_000, gap: torusGap(400) },
  { spec: 'torus:rows=316,cols=316', nodes: 99_856, gap: torusGap(316) },
  { spec: 'random-regular:degree=3', nodes: 100_000 },
  { spec: 'random-regular:degree=4', nodes: 100_000 },
  { spec: 'random-regular:degree=8', nodes: 100_000 },
  { spec: 'random:probability=0.0003', nodes: 100_000 },
];

interface TopologyTiming {
  readonly name: string;
  readonly nodes: number;
  readonly buildMs: number;
  readonly gapMs: number;
  readonly totalMs: number;
  readonly gap: number;
  /** |gap - closed form|; null without one. */
  readonly error: number | null;
}

/** Of this process, its collector of garbage included. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Best total of `runs`: the machine's other work only ever adds to it. */
function timeCase({ spec, nodes, gap: exact }: TopologyCase, runs: number): TopologyTiming {
  let best: TopologyTiming | undefined;
  for (let run = 0; run < runs; run++) {
    const startedMs = processorMs();
    const { mixing } = buildTopology(spec, nodes, 1);
    const builtMs = processorMs();
    const { gap } = lanczosSpectrumOf(mixing);
    const endedMs = processorMs();
    const timing: TopologyTiming = {
      name: spec,
      nodes,
      buildMs: builtMs - startedMs,
      gapMs: endedMs - builtMs,
      totalMs: endedMs - startedMs,
      gap,
      error: exact === undefined ? null : Math.abs(gap - exact),
    };
    if (best === undefined || timing.totalMs < best.totalMs) best = timing;
  }
  return best!;
}

const columns: readonly TextColumn[] = [
  { header: 'topology', align: 'left', priority: 1 },
  { header: 'nodes', align: 'right', priority: 2 },
  { header: 'build ms', align: 'right', priority: 1 },
  { header: 'gap ms', align: 'right', priority: 1 },
  { header: 'both ms', align: 'right', priority: 1 },
  { header: 'gap', align: 'right', priority: 1 },
  { header: 'error', align: 'right', priority: 1 },
];

export function runTopologyBench(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      filter: { type: 'string', default: '' },
      runs: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  });
  const chosen = cases.filter(({ spec }) => spec.includes(values.filter));
  const timings = chosen.map((subject) => timeCase(subject, Number(values.runs)));
  const load = loadavg()[0];
  if (values.json) {
    console.log(JSON.stringify({ node: process.version, load, timings }, null, 2));
    return;
  }
  const rows = timings.map(({ name, nodes, buildMs, gapMs, totalMs, gap, error }) =>
    [
      name,
      `${nodes}`,
      buildMs.toFixed(0),
      gapMs.toFixed(0),
      totalMs.toFixed(0),
      gap.toPrecision(8),
      error === null ? '-' : error.toExponential(1),
    ].map((text) => ({ text })),
  );
  console.log(renderTable(columns, rows).join('\n'));
  console.log(`  node ${process.version}, load ${load?.toFixed(2)}`);
}
