/** report.html of a run: how it went. The frame around it, and what keeps it safe, is in page.ts. */
import type { MetricsEvent, RunSummary } from '../metrics/events.js';
import { collectRunFacts, type RunFacts, summarize } from '../metrics/summary.js';
import { renderCharts } from './charts.js';
import { escapeHtml } from './escape.js';
import {
  formatBytes,
  formatDuration,
  formatPercent,
  formatRatio,
  formatReal,
  groupThousands,
} from './format.js';
import { commandBlock, figure, flatten, keyTable, page, section } from './page.js';
import { repeatCommand } from './repeat-command.js';
import { drawTopology } from './topology-drawing.js';

/** Beyond this a list of notices repeats itself; the file has them all. */
const MAX_NOTICES = 50;

/** Everything the sections are made of. */
interface ReportData {
  readonly events: readonly MetricsEvent[];
  readonly facts: RunFacts;
  readonly summary: RunSummary;
  /** Final accuracy by node; absent where it was not measured. */
  readonly accuracy: readonly (number | null | undefined)[];
}

interface Headline {
  readonly label: string;
  readonly value: string;
  readonly note: string;
}

function qualityHeadlines({ accuracy, loss, consensusDistance }: RunSummary): Headline[] {
  const distance = `consensus distance ${formatReal(consensusDistance)}`;
  if (accuracy.meanModel === null) {
    return [{ label: 'Mean model, loss', value: formatReal(loss.meanModel), note: distance }];
  }
  const lossNote = `loss ${formatReal(loss.meanModel)}`;
  return [
    { label: 'Mean model', value: formatPercent(accuracy.meanModel), note: `test accuracy, ${lossNote}` },
    {
      label: 'Worst peer',
      value: formatPercent(accuracy.worst),
      note: `best ${formatPercent(accuracy.best)}, ${distance}`,
    },
  ];
}

function headlines({ summary }: ReportData): Headline[] {
  const { peersLost } = summary;
  const note =
    peersLost.length === 0 ? `of ${summary.peers}` : `of ${summary.peers}: ${peersLost.join(', ')}`;
  return [
    ...qualityHeadlines(summary),
    {
      label: 'Payload per peer',
      value: formatBytes(summary.payloadBytesPerPeer),
      note: `${formatBytes(summary.wireBytesPerPeer)} on the wire`,
    },
    {
      label: 'Compression',
      value: formatRatio(summary.compressionRatio),
      note: `${formatBytes(summary.uncompressedBytesPerPeer)} uncompressed`,
    },
    {
      label: 'Time',
      value: formatDuration(summary.seconds.total),
      note: `${groupThousands(summary.samplesPerSecond)} samples/s`,
    },
    { label: 'Peers lost', value: String(peersLost.length), note },
  ];
}

function cardsHtml(data: ReportData): string {
  const cards = headlines(data).map(
    ({ label, value, note }) =>
      `<dl class="card"><dt>${escapeHtml(label)}</dt><dd class="value">${escapeHtml(value)}</dd><dd class="note">${escapeHtml(note)}</dd></dl>`,
  );
  return `<div class="cards">${cards.join('')}</div>`;
}

function headerHtml({ facts, summary }: ReportData): string {
  const { run, outcome } = facts;
  const what = [summary.task, summary.algorithm, summary.compressor].filter((name) => name !== '').join(', ');
  const title = `${summary.peers} peers on ${run.topology.name}, ${summary.rounds} ${summary.rounds === 1 ? 'round' : 'rounds'}`;
  const alert =
    outcome === 'done'
      ? ''
      : `<p class="alert">${outcome === null ? 'This run has not ended.' : `This run ${outcome === 'failed' ? 'failed' : 'was interrupted'}.`}</p>`;
  const driver = run.driver === 'swarm' ? 'over libp2p' : 'simulated under virtual time';
  return `<header><h1>${escapeHtml(title)}</h1><p class="soft">${escapeHtml(`${what === '' ? '' : `${what}; `}${driver}`)}</p>${alert}</header>`;
}

function topologyHtml({ facts, summary, accuracy }: ReportData): string {
  const { topology } = facts.run;
  const caption = `${topology.spec}: ${topology.edges.length} edges, spectral gap ${formatReal(topology.spectralGap)}`;
  const drawing = drawTopology({ topology, accuracy, lost: new Set(summary.peersLost) });
  return section(
    'Topology',
    `<p class="soft">${escapeHtml(caption)}</p><div class="drawing">${drawing}</div>`,
  );
}

function peersHtml({ facts, summary, accuracy }: ReportData): string {
  const rows = facts.lastRounds.map((round) => {
    const lost = summary.peersLost.includes(round.peer);
    const cells = [
      String(round.peer),
      String(round.round),
      formatReal(round.loss),
      formatPercent(accuracy[round.peer]),
      formatBytes(round.payloadBytes),
      `${lost ? 0 : round.activeLinks}/${round.links}`,
    ].map((text) => `<td class="number">${escapeHtml(text)}</td>`);
    return `<tr>${cells.join('')}<td${lost ? ' class="alert"' : ''}>${lost ? 'lost' : ''}</td></tr>`;
  });
  if (rows.length === 0) return '';
  const head = ['peer', 'rounds', 'loss', 'accuracy', 'payload', 'links'];
  const cells = head.map((name) => `<th class="number">${name}</th>`).join('');
  return section(
    'Peers',
    `<div class="scroll"><table><thead><tr>${cells}<th></th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`,
  );
}

function configHtml({ facts: { run } }: ReportData): string {
  const rows: [string, string][] = [
    ...flatten(run.config),
    ['parameters', groupThousands(run.parameters)],
    ['engine', run.engine],
    ['config hash', run.configHash],
    ['grapevine', run.commit === null ? run.version : `${run.version} (${run.commit})`],
  ];
  return section('Configuration', keyTable(rows));
}

function commandHtml({ facts: { run } }: ReportData): string {
  const command = repeatCommand(run);
  return command === null ? '' : section('Repeat this run', commandBlock(command));
}

function noticesHtml({ events }: ReportData): string {
  const lines = events.flatMap((event): { atMs: number; text: string }[] => {
    if (event.event === 'notice') return [{ atMs: event.atMs, text: `${event.code}: ${event.message}` }];
    if (event.event !== 'peer-lost') return [];
    return [{ atMs: event.atMs, text: `peer ${event.peer} lost in round ${event.round}: ${event.reason}` }];
  });
  if (lines.length === 0) return '';
  const items = lines
    .slice(0, MAX_NOTICES)
    .map(
      ({ atMs, text }) =>
        `<li><span class="soft">${formatDuration(atMs / 1000)}</span> ${escapeHtml(text)}</li>`,
    );
  const more =
    lines.length > MAX_NOTICES
      ? `<li class="soft">and ${lines.length - MAX_NOTICES} more in metrics.jsonl</li>`
      : '';
  return section('Notices', `<ul>${items.join('')}${more}</ul>`);
}

async function chartsHtml({ events }: ReportData): Promise<string> {
  const charts = await renderCharts(events);
  const figures = charts.map(figure);
  const none = events.some((event) => event.event === 'evaluation')
    ? ''
    : section(
        'Curves',
        '<p class="soft">This run was not evaluated, so there is no accuracy or loss to draw.</p>',
      );
  return `<div class="grid">${none}${figures.join('')}</div>`;
}

/** The last measured accuracy of each peer. */
function finalAccuracy(events: readonly MetricsEvent[]): (number | null | undefined)[] {
  const accuracy: (number | null | undefined)[] = [];
  for (const event of events) {
    if (event.event === 'round' && event.accuracy !== null) accuracy[event.peer] = event.accuracy;
  }
  return accuracy;
}

/**
 * The whole report as HTML text, from the events of one run.
 * @throws GrapevineError METRICS_UNREADABLE: there is no run event
 */
export async function renderReport(events: readonly MetricsEvent[]): Promise<string> {
  const data: ReportData = {
    events,
    facts: collectRunFacts(events),
    summary: summarize(events),
    accuracy: finalAccuracy(events),
  };
  const title = `Grapevine: ${data.summary.peers} peers on ${data.summary.topology.name}`;
  return page(title, [
    headerHtml(data),
    cardsHtml(data),
    await chartsHtml(data),
    `<div class="grid wide">${topologyHtml(data)}${peersHtml(data)}</div>`,
    `<div class="grid wide">${configHtml(data)}<div class="stack">${commandHtml(data)}${noticesHtml(data)}</div></div>`,
  ]);
}
