/**
 * The end of a run for a person, and its rounds one a line for a pipe. Both say the same things in the same
 * words as the live table and the report.
 */
import type { EvaluationEvent, RunSummary } from '../metrics/events.js';
import {
  formatBytes,
  formatDuration,
  formatPercent,
  formatRatio,
  formatReal,
  groupThousands,
} from './format.js';
import type { Colors } from './swarm-table.js';

/** Width of the labels' column. */
const LABEL_WIDTH = 20;

function accuracyLines(summary: RunSummary, color: Colors): [string, string][] {
  const { accuracy, loss } = summary;
  const lines: [string, string][] = [];
  if (summary.peer !== undefined) {
    const score =
      accuracy.mean === null ? '' : `${color.bold(color.green(formatPercent(accuracy.mean, 2)))}, `;
    return [["this peer's model", `${score}loss ${formatReal(loss.mean)}`]];
  }
  if (accuracy.meanModel !== null) {
    lines.push(['mean model', color.bold(color.green(formatPercent(accuracy.meanModel, 2)))]);
  }
  if (accuracy.worst !== null) {
    const range = `${formatPercent(accuracy.worst, 2)} to ${formatPercent(accuracy.best, 2)}`;
    lines.push(["peers' own models", `${range}, mean ${formatPercent(accuracy.mean, 2)}`]);
  }
  lines.push(['loss', `${formatReal(loss.meanModel)} mean model, ${formatReal(loss.mean)} mean of peers`]);
  lines.push(['consensus distance', formatReal(summary.consensusDistance)]);
  return lines;
}

function costLines(summary: RunSummary): [string, string][] {
  const { seconds } = summary;
  const ratio =
    summary.compressionRatio === null
      ? ''
      : `, ${formatRatio(summary.compressionRatio)} less than ${formatBytes(summary.uncompressedBytesPerPeer)} uncompressed`;
  const phases = (['train', 'compress', 'exchange', 'wait'] as const)
    .map((phase) => `${phase} ${formatDuration(seconds[phase])}`)
    .join(', ');
  return [
    ['payload per peer', `${formatBytes(summary.payloadBytesPerPeer)}${ratio}`],
    ['on the wire', `${formatBytes(summary.wireBytesPerPeer)} per peer`],
    ['time', `${formatDuration(seconds.total)} (${groupThousands(summary.samplesPerSecond)} samples/s)`],
    ['  of it, per peer', phases],
  ];
}

/** Several lines, no newline at the end. */
export function summaryText(summary: RunSummary, { color }: { readonly color: Colors }): string {
  const { topology, peersLost } = summary;
  const who = summary.peer === undefined ? '' : `peer ${summary.peer} of `;
  const title = `${summary.rounds} ${summary.rounds === 1 ? 'round' : 'rounds'}, ${who}${summary.peers} peers on ${topology.name} (spectral gap ${formatReal(topology.spectralGap)})`;
  const lost: [string, string] = [
    'peers lost',
    peersLost.length === 0
      ? 'none'
      : color.red(`${peersLost.length} of ${summary.peers}: ${peersLost.join(', ')}`),
  ];
  const lines = [...accuracyLines(summary, color), ...costLines(summary), lost];
  const what = [summary.task, summary.algorithm, summary.compressor]
    .filter((name) => name !== '')
    .join(' · ');
  return [
    `  ${color.bold(title)}`,
    ...(what === '' ? [] : [`  ${color.dim(what)}`]),
    '',
    ...lines.map(([label, value]) => `  ${color.dim(label.padEnd(LABEL_WIDTH))}${value}`),
  ].join('\n');
}

/** One line for one evaluated round, without color: for logs and pipes. */
export function progressLine(evaluation: EvaluationEvent): string {
  const { meanModel, local } = evaluation;
  if (evaluation.peers === 1 && Number.isNaN(meanModel.loss)) return ownProgress(evaluation);
  return [
    `round ${evaluation.round}`,
    ...(meanModel.accuracy === null ? [] : [`accuracy ${formatPercent(meanModel.accuracy, 2)}`]),
    ...(local.worst === null
      ? []
      : [`peers ${formatPercent(local.worst, 2)} to ${formatPercent(local.best, 2)}`]),
    `loss ${formatReal(meanModel.loss)}`,
    `consensus ${formatReal(evaluation.consensusDistance)}`,
    `payload ${formatBytes(evaluation.payloadBytesPerPeer)}/peer`,
    formatDuration(evaluation.atMs / 1000),
  ].join('  ');
}

/** Of a peer that sees no other's model. */
function ownProgress({ round, local, payloadBytesPerPeer, atMs }: EvaluationEvent): string {
  return [
    `round ${round}`,
    ...(local.mean === null ? [] : [`accuracy ${formatPercent(local.mean, 2)}`]),
    `loss ${formatReal(local.loss)}`,
    `payload ${formatBytes(payloadBytesPerPeer)}`,
    formatDuration(atMs / 1000),
  ].join('  ');
}
