/** `grapevine topology`: SPEC builds, describes, draws and exports a topology; compare SPEC... sets some side by side; list names all. */
import { writeFile } from 'node:fs/promises';
import { GrapevineError, messageOf } from '../base/errors.js';
import { unknownNameMessage } from '../base/registry.js';
import { standaloneSvg } from '../report/standalone-svg.js';
import { drawTopology } from '../report/topology-drawing.js';
import { describeTopology } from '../topology/describe.js';
import { type ExportFormat, exportFormats, exportTopology } from '../topology/export.js';
import { edgesOf } from '../topology/graph.js';
import { fiedlerPartitionOf } from '../topology/partition.js';
import { buildTopology, topologies } from '../topology/registry.js';
import { type Topology, weightOf } from '../topology/topology.js';
import { bytesOf } from '../topology/traffic.js';
import type { CommandContext } from './command-context.js';
import { messageSizeOf } from './message-size.js';
import { comparisonTable, descriptionText, familyList, type MeasuredTopology } from './topology-text.js';

export interface TopologyFlags {
  /** SPEC, or "compare" and specs, or "list" or nothing. */
  readonly words: readonly string[];
  readonly peers: number;
  readonly seed: number;
  readonly json: boolean;
  readonly export: string | undefined;
  readonly svg: string | undefined;
  readonly compressor: string;
  readonly parameters: string;
  readonly task: string | undefined;
}

/** More nodes than this make a drawing of nothing but ink. */
const MAX_DRAWN_NODES = 1000;

async function drawTo(path: string, topology: Topology): Promise<void> {
  const { nodes } = topology.graph;
  if (nodes > MAX_DRAWN_NODES) {
    throw new GrapevineError(
      'BAD_USAGE',
      `--svg draws up to ${MAX_DRAWN_NODES} nodes, got ${nodes}: use --export.`,
    );
  }
  const edges = [...edgesOf(topology.graph)];
  const { name, spec, mixing } = topology;
  const svg = drawTopology({
    topology: { name, spec, nodes, edges },
    accuracy: [],
    lost: new Set(),
    halves: {
      sides: fiedlerPartitionOf(mixing).sides,
      weights: edges.map(([a, b]) => weightOf(mixing, a, b)),
    },
  });
  try {
    await writeFile(path, standaloneSvg(svg));
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

function listFamilies({ json }: TopologyFlags, { output }: CommandContext): number {
  if (json) {
    const families = topologies.entries.map(({ name, summary }) => ({ name, summary }));
    output.stdout.write(`${JSON.stringify(families)}\n`);
    return 0;
  }
  output.stdout.write(
    `${familyList(topologies.entries)}\n\n  grapevine topology SPEC --peers N describes one.\n`,
  );
  return 0;
}

async function measure(
  topology: Topology,
  flags: TopologyFlags,
  context: CommandContext,
): Promise<MeasuredTopology> {
  const message = await messageSizeOf({ ...flags, cacheDirectory: context.cacheDirectory });
  const facts = describeTopology(topology);
  return {
    ...facts,
    message,
    bytes: {
      uncompressed: bytesOf(facts.traffic, message.uncompressedBytes),
      compressed: bytesOf(facts.traffic, message.bytes),
    },
  };
}

async function compare(
  specs: readonly string[],
  flags: TopologyFlags,
  context: CommandContext,
): Promise<number> {
  const { stdout } = context.output;
  const built = specs.map((spec) => buildTopology(spec, flags.peers, flags.seed));
  const measured: MeasuredTopology[] = [];
  for (const topology of built) measured.push(await measure(topology, flags, context));
  if (flags.json) stdout.write(`${JSON.stringify(measured)}\n`);
  else
    stdout.write(
      `${comparisonTable(measured, stdout.isTTY === true ? (stdout.columns ?? 80) : undefined)}\n`,
    );
  return 0;
}

/** The exit code. @throws GrapevineError */
export async function runTopology(flags: TopologyFlags, context: CommandContext): Promise<number> {
  const [first, ...rest] = flags.words;
  if (first === undefined || (first === 'list' && rest.length === 0)) return listFamilies(flags, context);
  if (first === 'compare' && rest.length > 0) return compare(rest, flags, context);
  if (first === 'compare' || rest.length > 0) {
    const specs = rest.length > 0 ? flags.words.join(' ') : 'ring torus random-regular';
    throw new GrapevineError(
      'BAD_USAGE',
      `topology ${flags.words.join(' ')}: wanted one SPEC, or several to compare: grapevine topology compare ${specs}`,
    );
  }
  const topology = buildTopology(first, flags.peers, flags.seed);
  const { stdout, stderr } = context.output;
  if (flags.svg !== undefined) {
    await drawTo(flags.svg, topology);
    stderr.write(`drawn to ${flags.svg}\n`);
  }
  if (flags.export !== undefined)
    stdout.write(`${exportTopology(topology, formatNamed(flags.export)).trimEnd()}\n`);
  else if (flags.json) stdout.write(`${JSON.stringify(await measure(topology, flags, context))}\n`);
  else stdout.write(`${descriptionText(await measure(topology, flags, context))}\n`);
  return 0;
}
