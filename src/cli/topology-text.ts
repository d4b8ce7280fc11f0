/**
 * A topology on a terminal: one in full, each figure with a word on what it means, or several as a table. Nothing is
 * wider than 80 columns.
 */

import { formatBytes, formatReal, groupThousands, NOT_MEASURED } from '../report/format.js';
import { renderTable, type TextColumn } from '../report/text-table.js';
import { adviceFor } from '../topology/advice.js';
import type { TopologyDescription } from '../topology/describe.js';
import type { TrafficBytes } from '../topology/traffic.js';

/** What a message of a model weighs, and so a round. */
export interface MeasuredTopology extends TopologyDescription {
  readonly message: {
    readonly model: string;
    readonly parameters: number;
    readonly compressor: string;
    readonly bytes: number;
    readonly uncompressedBytes: number;
  };
  readonly bytes: { readonly uncompressed: TrafficBytes; readonly compressed: TrafficBytes };
}

type Row = readonly [label: string, value: string, meaning: string];

const COLUMNS = 80;
const LABEL_WIDTH = 20;
const VALUE_WIDTH = 14;

/** The gamma shown; all are in the JSON. */
const SHOWN_GAMMA = 0.9;

/** Breaks at spaces; a word longer than a line keeps it alone. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The meaning goes beside the value, or below it where the value is wide. */
function rowLines([label, value, meaning]: Row): string[] {
  const head = `  ${label.padEnd(LABEL_WIDTH)}`;
  const indent = head.length + VALUE_WIDTH;
  const lines = wrap(meaning, COLUMNS - indent);
  const fits = value.length < VALUE_WIDTH;
  const first = fits ? `${head}${value.padEnd(VALUE_WIDTH)}${lines.shift() ?? ''}` : head + value;
  return [first.trimEnd(), ...lines.map((line) => ' '.repeat(indent) + line)].filter(
    (line) => line.trim() !== '',
  );
}

function neighborsAt(facts: TopologyDescription): number | null {
  return facts.effectiveNeighbors?.find(({ gamma }) => gamma === SHOWN_GAMMA)?.count ?? null;
}

/** Eigenvalues nearer to zero are zero but for rounding. */
const ROUNDING = 1e-12;

function share(value: number | null): string {
  if (value === null) return NOT_MEASURED;
  if (Math.abs(value) < ROUNDING) return '0';
  const nearOne = Math.abs(1 - Math.abs(value));
  return nearOne > ROUNDING && nearOne < 1e-3 ? value.toPrecision(8) : formatReal(value);
}

function graphRows(facts: TopologyDescription): Row[] {
  const { degree, nodes, edges, diameter, partition } = facts;
  const even = degree.min === degree.max;
  const degrees = even ? `${degree.min}` : `${degree.min} to ${degree.max}`;
  const mean = even ? '' : `, ${Number(degree.mean.toPrecision(3))} in the mean`;
  const rows: Row[] = [
    ['nodes, edges', `${groupThousands(nodes)}, ${groupThousands(edges)}`, ''],
    ['degree', degrees, `neighbors of a peer${mean}`],
    ['diameter', diameter === null ? NOT_MEASURED : `${diameter}`, 'hops between the peers farthest apart'],
  ];
  if (partition !== null && nodes > 1) {
    const { sizes, cutEdges } = partition;
    rows.push([
      'halves',
      `${groupThousands(sizes[0])} and ${groupThousands(sizes[1])}`,
      `${groupThousands(cutEdges)} ${cutEdges === 1 ? 'edge' : 'edges'} between, by the Fiedler vector`,
    ]);
  }
  return rows;
}

function mixingRows(facts: TopologyDescription): Row[] {
  const union = facts.period === undefined ? '' : ' if all edges were used each round';
  return [
    ['spectral gap', share(facts.spectralGap), `of the disagreement that a round removes${union}`],
    ['lambda 2', share(facts.lambda2), 'what a round leaves of the slowest mode'],
    ['lambda min', share(facts.lambdaMin), 'the same of modes that change sign'],
    ['beta', share(facts.beta), '||I - W||, in the step sizes of theory'],
    [
      'effective neighbors',
      share(neighborsAt(facts)),
      `of ${groupThousands(facts.nodes)}, when ${SHOWN_GAMMA} of what is learned lasts a round`,
    ],
  ];
}

function roundRows(facts: TopologyDescription): Row[] {
  const { averaging, rounds, period } = facts;
  const count = (value: number | null): string => (value === null ? NOT_MEASURED : groupThousands(value));
  const rows: Row[] = [];
  if (period !== undefined) {
    rows.push([
      'period',
      period === null ? 'none' : `${period} rounds`,
      'until the same edges are used again',
    ]);
    rows.push([
      'left by a round',
      share(averaging.contractionPerRound),
      `of the disagreement, mean over ${averaging.rounds} rounds`,
    ]);
  }
  if (averaging.exactAfter !== null) {
    const unit = averaging.exactAfter === 1 ? 'round' : 'rounds';
    rows.push([
      'exact average',
      `${averaging.exactAfter} ${unit}`,
      'until all hold the mean, if uncompressed',
    ]);
  }
  rows.push([`rounds to ${rounds.target}`, count(rounds.plain), 'of the disagreement, plain gossip']);
  if (rounds.chebyshev !== null) rows.push(['', count(rounds.chebyshev), "with Chebyshev's acceleration"]);
  return rows;
}

function trafficRows({ traffic, message, bytes }: MeasuredTopology): Row[] {
  const { messages, sentPerPeer } = traffic;
  const plain = (value: number): string =>
    Number.isInteger(value) ? groupThousands(value) : value.toFixed(1);
  const each = (of: TrafficBytes): string =>
    of.perPeer.max > of.perPeer.mean
      ? `${formatBytes(of.perPeer.mean)} a peer in the mean, ${formatBytes(of.perPeer.max)} the busiest`
      : `${formatBytes(of.perPeer.mean)} a peer`;
  const sent =
    sentPerPeer.max > sentPerPeer.mean
      ? `sent: ${plain(sentPerPeer.mean)} a peer in the mean, ${sentPerPeer.max} the busiest`
      : `sent: ${plain(sentPerPeer.mean)} a peer`;
  const rows: Row[] = [
    ['messages a round', plain(messages), sent],
    ['bytes a round', formatBytes(bytes.uncompressed.total), `uncompressed: ${each(bytes.uncompressed)}`],
  ];
  if (message.bytes !== message.uncompressedBytes)
    rows.push(['', formatBytes(bytes.compressed.total), `${message.compressor}: ${each(bytes.compressed)}`]);
  rows.push([
    'a message',
    formatBytes(message.bytes),
    `of ${groupThousands(message.parameters)} parameters: ${message.model}`,
  ]);
  return rows;
}

/** All that is known of one topology. */
export function descriptionText(facts: MeasuredTopology): string {
  const groups = [graphRows(facts), mixingRows(facts), roundRows(facts), trafficRows(facts)];
  const blocks = groups.map((rows) => rows.flatMap(rowLines).join('\n'));
  const advice = adviceFor(facts).map((sentence) =>
    wrap(sentence, COLUMNS - 4)
      .map((line, k) => (k === 0 ? `  ! ${line}` : `    ${line}`))
      .join('\n'),
  );
  return [`  ${facts.spec}`, ...blocks, ...advice].join('\n\n');
}

const numeric = (header: string, priority: number): TextColumn => ({ header, align: 'right', priority });

const comparisonColumns: readonly TextColumn[] = [
  { header: 'topology', align: 'left', priority: 1 },
  numeric('nodes', 9),
  numeric('edges', 6),
  numeric('degree', 4),
  numeric('diam.', 7),
  numeric('gap', 2),
  numeric('lambda min', 8),
  numeric('eff. nbrs', 5),
  numeric('rounds', 3),
  numeric('bytes a round', 3),
];

/** One line a topology, in the order given. @param columns width of the terminal; @default unlimited */
export function comparisonTable(all: readonly MeasuredTopology[], columns?: number): string {
  const rows = all.map((facts) => {
    const { degree, averaging, period } = facts;
    const count = (value: number | null): string => (value === null ? NOT_MEASURED : groupThousands(value));
    // What is left by a round is comparable to a gap where rounds differ.
    const rate = averaging.contractionPerRound;
    const gap = period === undefined ? facts.spectralGap : rate === null ? null : 1 - rate;
    const cells = [
      facts.spec,
      groupThousands(facts.nodes),
      groupThousands(facts.edges),
      degree.min === degree.max ? `${degree.min}` : `${degree.min}-${degree.max}`,
      count(facts.diameter),
      share(gap),
      share(facts.lambdaMin),
      neighborsAt(facts)?.toFixed(1) ?? NOT_MEASURED,
      count(facts.rounds.plain),
      formatBytes(facts.bytes.compressed.total),
    ];
    return cells.map((text) => ({ text }));
  });
  const table = renderTable(comparisonColumns, rows, columns === undefined ? {} : { columns });
  const { target } = all[0]!.rounds;
  const { message } = all[0]!;
  const sent = message.compressor === 'none' ? 'uncompressed' : message.compressor;
  const notes = [
    `gap: of a round; of a schedule, in the mean over its period. eff. nbrs: effective neighbors at gamma ${SHOWN_GAMMA}. ` +
      `rounds: to ${target} of the disagreement, or to the exact mean. ` +
      `bytes: of all peers, ${sent}, ${formatBytes(message.bytes)} a message (${message.model}).`,
  ].flatMap((note) => wrap(note, COLUMNS - 2).map((line) => `  ${line}`));
  return [...table, '', ...notes].join('\n');
}

/** Names and what they are, in two columns. */
export function familyList(families: readonly { readonly name: string; readonly summary: string }[]): string {
  const width = Math.max(...families.map(({ name }) => name.length)) + 3;
  return families
    .flatMap(({ name, summary }) =>
      wrap(summary, COLUMNS - 2 - width).map((line, k) => `  ${(k === 0 ? name : '').padEnd(width)}${line}`),
    )
    .join('\n');
}
