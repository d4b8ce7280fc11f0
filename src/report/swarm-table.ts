/**
 * The live picture of a swarm as text: what runs, how far it is, a row per peer, the swarm seen whole. Pure:
 * whoever owns the terminal decides how often to draw it and passes its width and its colors.
 *
 * A large swarm shows the peers that need watching (lost first, then the slowest, then the least accurate)
 * and counts the others in one line.
 */
import type pc from 'picocolors';
import { type DisplayState, type PeerDisplay, progressOf, shownPeers } from './display-state.js';
import { formatBytes, formatDuration, formatPercent, formatRatio, formatReal } from './format.js';
import { renderTable, type TextCell, type TextColumn } from './text-table.js';

/** What picocolors' createColors(enabled) returns. */
export type Colors = ReturnType<typeof pc.createColors>;

/** Rows that a screen of 30 lines holds beside the other lines. */
export const MAX_PEER_ROWS = 20;

/** Cells of the progress bar: fine enough to see 3 %. */
const BAR_CELLS = 36;

/** A peer this many rounds behind the first one is marked: one round apart is ordinary. */
const BEHIND_ROUNDS = 3;

export interface SwarmTableOptions {
  /** Width of the terminal. */
  readonly columns: number;
  readonly color: Colors;
  /** Most rows of peers. @default MAX_PEER_ROWS */
  readonly maxPeers?: number;
}

const peerColumns: readonly TextColumn[] = [
  { header: 'peer', align: 'right', priority: 1 },
  { header: 'round', align: 'right', priority: 2 },
  { header: 'loss', align: 'right', priority: 4 },
  { header: 'accuracy', align: 'right', priority: 3 },
  { header: 'payload', align: 'right', priority: 6 },
  { header: 'ratio', align: 'right', priority: 7 },
  { header: 'links', align: 'right', priority: 5 },
  { header: 'state', align: 'left', priority: 2 },
];

/** Cut to `columns` characters, the last one an ellipsis. */
function crop(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}

/** `done` of `width` cells filled; share in [0, 1]. */
export function progressBar(share: number, width: number, color: Colors): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return color.green('━'.repeat(filled)) + color.dim('─'.repeat(width - filled));
}

/** The `limit` peers that most need watching, by node index. */
export function choosePeers(peers: readonly PeerDisplay[], limit: number): readonly PeerDisplay[] {
  if (peers.length <= limit) return peers;
  const health = (peer: PeerDisplay): number => (peer.status === 'lost' ? 0 : 1);
  return [...peers]
    .sort(
      (a, b) =>
        health(a) - health(b) ||
        a.round - b.round ||
        (a.accuracy ?? 0) - (b.accuracy ?? 0) ||
        (b.loss ?? 0) - (a.loss ?? 0) ||
        a.peer - b.peer,
    )
    .slice(0, limit)
    .sort((a, b) => a.peer - b.peer);
}

function statusPaint(peer: PeerDisplay, color: Colors): (text: string) => string {
  if (peer.status === 'lost') return color.red;
  if (peer.status === 'done') return color.green;
  return peer.status === 'starting' ? color.dim : (text) => text;
}

function peerRow(
  peer: PeerDisplay,
  at: { total: number | null; furthest: number },
  color: Colors,
): TextCell[] {
  const lost = peer.status === 'lost';
  const base = lost ? color.dim : (text: string): string => text;
  const cell = (text: string, paint = base): TextCell => ({ text, paint });
  const behind = !lost && at.furthest - peer.round >= BEHIND_ROUNDS;
  const linkMissing = !lost && peer.round > 0 && peer.activeLinks < peer.links;
  const sent = peer.payloadBytes > 0;
  return [
    cell(String(peer.peer), lost ? color.dim : color.bold),
    cell(at.total === null ? String(peer.round) : `${peer.round}/${at.total}`, behind ? color.yellow : base),
    cell(formatReal(peer.loss)),
    cell(formatPercent(peer.accuracy), lost ? color.dim : color.cyan),
    cell(sent ? formatBytes(peer.payloadBytes) : formatBytes(null)),
    cell(formatRatio(sent ? peer.uncompressedBytes / peer.payloadBytes : null)),
    cell(`${peer.activeLinks}/${peer.links}`, linkMissing ? color.yellow : base),
    cell(
      behind && peer.status === 'training' ? 'behind' : peer.status,
      behind ? color.yellow : statusPaint(peer, color),
    ),
  ];
}

function titleLine(state: DisplayState, { columns, color }: SwarmTableOptions): string {
  const { run } = state;
  if (run === null) return `  ${color.dim('waiting for the first peer')}`;
  const chosen = ['task', 'algorithm', 'compressor'].flatMap((key) =>
    typeof run.config[key] === 'string' ? [run.config[key]] : [],
  );
  const peers = `${run.topology.nodes} peers`;
  const rest = crop(` · ${[run.topology.spec, ...chosen].join(' · ')}`, columns - peers.length - 2);
  return `  ${color.bold(peers)}${color.dim(rest)}`;
}

function progressLineOf(state: DisplayState, { columns, color }: SwarmTableOptions): string {
  const share = progressOf(state);
  const elapsed = state.atMs / 1000;
  if (share === null) return `  ${formatDuration(elapsed)}`;
  const left = share > 0 && share < 1 && state.outcome === null ? (elapsed * (1 - share)) / share : null;
  const time = `${formatDuration(elapsed)}${left === null ? '' : `, about ${formatDuration(left)} left`}`;
  const text = `  ${formatPercent(share, 0).padStart(4)}   ${time}`;
  const cells = Math.min(BAR_CELLS, columns - text.length - 2);
  return `  ${cells > 3 ? progressBar(share, cells, color) : ''}${text}`;
}

/** One line for the swarm as a whole, with what is known: "mean model 94.2%   peers 92.8% to 94.0%   ...". */
function wholeLine(state: DisplayState, { columns, color }: SwarmTableOptions): string[] {
  const { evaluation } = state;
  if (evaluation === null || state.run?.peer !== undefined) return []; // the row says what is known
  const { meanModel, local } = evaluation;
  const head =
    meanModel.accuracy === null
      ? `mean model loss ${formatReal(meanModel.loss)}`
      : `mean model ${formatPercent(meanModel.accuracy)}`;
  const parts = [
    local.worst === null
      ? `peers' loss ${formatReal(local.loss)}`
      : `peers ${formatPercent(local.worst)} to ${formatPercent(local.best)}`,
    `consensus distance ${formatReal(evaluation.consensusDistance)}`,
  ];
  const line = parts.reduce((text, part) => {
    const longer = `${text}   ${part}`;
    return longer.length + 2 <= columns ? longer : text;
  }, head);
  return [`  ${color.bold(color.cyan(head))}${line.slice(head.length)}`];
}

/** Lines to draw, joined by newlines, none wider than `columns` (which should be 40 or more). */
export function swarmTable(state: DisplayState, options: SwarmTableOptions): string {
  const { columns, color } = options;
  const peers = shownPeers(state);
  const shown = choosePeers(peers, options.maxPeers ?? MAX_PEER_ROWS);
  const furthest = state.peers.reduce((most, peer) => Math.max(most, peer.round), 0);
  const rows = shown.map((peer) => peerRow(peer, { total: state.totalRounds, furthest }, color));
  const hidden = peers.length - shown.length;
  return [
    titleLine(state, options),
    progressLineOf(state, options),
    '',
    ...(rows.length === 0
      ? []
      : [...renderTable(peerColumns, rows, { columns, paintHeader: color.dim }), '']),
    ...(hidden === 0 ? [] : [`  ${color.dim(`… ${hidden} more`)}`, '']),
    ...wholeLine(state, options),
    ...(state.notice === null ? [] : [`  ${color.yellow(crop(state.notice, columns - 2))}`]),
  ].join('\n');
}
