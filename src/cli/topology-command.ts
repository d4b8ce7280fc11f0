/** `grapevine topology SPEC`: builds, describes, draws and exports a topology. */
import { writeFile } from 'node:fs/promises';
import { GrapevineError, messageOf } from '../base/errors.js';
import { unknownNameMessage } from '../base/registry.js';
import { formatReal, groupThousands } from '../report/format.js';
import { drawTopology } from '../report/topology-drawing.js';
import { describeTopology, type TopologyDescription } from '../topology/describe.js';
import { type ExportFormat, exportFormats, exportTopology } from '../topology/export.js';
import { edgesOf } from '../topology/graph.js';
import { buildTopology } from '../topology/registry.js';
import type { Topology } from '../topology/topology.js';
import type { CommandContext } from './command-context.js';

export interface TopologyFlags {
  readonly spec: string;
  readonly peers: number;
  readonly seed: number;
  readonly json: boolean;
  readonly export: string | undefined;
  readonly svg: string | undefined;
}

/** More nodes than this make a drawing of nothing but ink. */
const MAX_DRAWN_NODES = 1000;

function descriptionText(facts: TopologyDescription): string {
  const { degree } = facts;
  const rows: [string, string][] = [
    ['nodes, edges', `${groupThousands(facts.nodes)}, ${groupThousands(facts.edges)}`],
    [
      'degree',
      degree.min === degree.max
        ? `${degree.min}`
        : `${degree.min} to ${degree.max}, mean ${formatReal(degree.mean)}`,
    ],
    ['diameter', facts.diameter === null ? 'not computed' : `${facts.diameter}`],
    ['spectral gap', formatReal(facts.spectralGap)],
    ['lambda 2, lambda min', `${formatReal(facts.lambda2)}, ${formatReal(facts.lambdaMin)}`],
    ['beta = ||I - W||', formatReal(facts.beta)],
  ];
  const lines = rows.map(([label, value]) => `  ${label.padEnd(22)}${value}`);
  return [`  ${facts.spec}, Metropolis-Hastings weights`, '', ...lines].join('\n');
}

async function drawTo(path: string, topology: Topology): Promise<void> {
  const { nodes } = topology.graph;
  if (nodes > MAX_DRAWN_NODES) {
    throw new GrapevineError(
      'BAD_USAGE',
      `--svg draws up to ${MAX_DRAWN_NODES} nodes, got ${nodes}: use --export.`,
    );
  }
  const edges = [...edgesOf(topology.graph)];
  const { name, spec } = topology;
  const svg = drawTopology({
    topology: { name, spec, nodes, edges },
    accuracy: new Array<null>(nodes).fill(null),
    lost: new Set(),
  });
  try {
    await writeFile(path, svg);
  } catch (cause) {
    throw new GrapevineError(
      'BAD_USAGE',
      `--svg ${path}: cannot be written (${messageOf(cause)}).`,
      { path },
      cause,
    );
  }
}

function formatNamed(text: string): ExportFormat {
  const format = exportFormats.find((known) => known === text);
  if (format !== undefined) return format;
  throw new GrapevineError('BAD_USAGE', unknownNameMessage('export format', text, exportFormats));
}

/** The exit code. @throws GrapevineError */
export async function runTopology(flags: TopologyFlags, context: CommandContext): Promise<number> {
  const topology = buildTopology(flags.spec, flags.peers, flags.seed);
  const { stdout, stderr } = context.output;
  if (flags.svg !== undefined) {
    await drawTo(flags.svg, topology);
    stderr.write(`drawn to ${flags.svg}\n`);
  }
  if (flags.export !== undefined)
    stdout.write(`${exportTopology(topology, formatNamed(flags.export)).trimEnd()}\n`);
  else if (flags.json) stdout.write(`${JSON.stringify(describeTopology(topology))}\n`);
  else stdout.write(`${descriptionText(describeTopology(topology))}\n`);
  return 0;
}
