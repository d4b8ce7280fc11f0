/**
 * How a run is shown while it goes on: a table that redraws itself on a terminal, a line a round in a pipe, JSON lines for
 * a service, or nothing. All show the same events (log-entry.ts); what is below the log level is left out.
 */
import type { Writable } from 'node:stream';
import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import type { MetricsEvent, RunSummary } from '../metrics/events.js';
import { emptyDisplay, foldDisplay } from '../report/display-state.js';
import { progressLine, summaryText } from '../report/summary-text.js';
import { swarmTable } from '../report/swarm-table.js';
import { atLeast, type LogEntry, type LogLevel } from './log-entry.js';
import { createRoundLines } from './round-lines.js';

/** The table is redrawn at most this often: a person reads no faster, and drawing takes time from training. */
const REDRAW_MS = 200;

/** Rows of the table's header, summary and progress bar. */
const TABLE_FRAME_ROWS = 9;

type OutputStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** NO_COLOR is not set, or FORCE_COLOR is. */
  readonly colorAllowed: boolean;
}

export const logFormats = ['text', 'json'] as const;

export interface LogOptions {
  /** @default info */
  readonly logLevel?: LogLevel | undefined;
  /** json: lines on stderr, and no table. @default text */
  readonly logFormat?: (typeof logFormats)[number] | undefined;
}

type Color = ReturnType<typeof pc.createColors>;

export interface Display {
  /** An event of the run, before its entry. */
  show(event: MetricsEvent): void;
  /** Takes in what was shown in an earlier life of the run. */
  recall(event: MetricsEvent): void;
  log(entry: LogEntry): void;
  /** Fields of all further JSON lines: who speaks. */
  bind(fields: Readonly<Record<string, unknown>>): void;
  /** No further event: a table stays as it is. */
  end(): void;
  /** After `end`. `report` is the path of the run's report. */
  summarize(summary: RunSummary, report: string): void;
}

/** An entry as sentences. */
function sentenceOf({ message, secret }: LogEntry): string {
  return secret === undefined ? message : `${message}:\n\n${secret}\n`;
}

function writeSummary(stream: Writable, color: Color): Display['summarize'] {
  return (summary, report) => {
    stream.write(`\n${summaryText(summary, { color })}\n\n  report: ${report}\n`);
  };
}

/** A table that redraws itself, for a terminal. */
function createTableDisplay(stream: OutputStream, color: Color, level: LogLevel): Display {
  const draw = createLogUpdate(stream as NodeJS.WriteStream, { showCursor: true });
  let state = emptyDisplay;
  let drawnMs = Number.NEGATIVE_INFINITY;
  const redraw = (): void => {
    drawnMs = performance.now();
    const maxPeers = Math.max(4, (stream.rows ?? 24) - TABLE_FRAME_ROWS);
    if (state.run !== null) draw(swarmTable(state, { columns: stream.columns ?? 80, color, maxPeers }));
  };
  return {
    recall(event) {
      state = foldDisplay(state, event);
    },
    show(event) {
      state = foldDisplay(state, event);
      if (performance.now() - drawnMs >= REDRAW_MS) redraw();
    },
    log(entry) {
      if (entry.isProgress || !atLeast(entry.level, level)) return; // the table is the progress
      draw.clear();
      stream.write(`${sentenceOf(entry)}\n`);
      redraw();
    },
    bind() {},
    end() {
      redraw();
      draw.done();
    },
    summarize: writeSummary(stream, color),
  };
}

/** A line a round, for a pipe or a file. */
function createLineDisplay(stream: Writable, level: LogLevel): Display {
  const lines = createRoundLines();
  const showsProgress = atLeast('info', level);
  return {
    recall(event) {
      if (event.event !== 'evaluation') lines(event);
    },
    show(event) {
      const line = event.event === 'evaluation' ? progressLine(event) : lines(event);
      if (line !== null && showsProgress) stream.write(`${line}\n`);
    },
    log(entry) {
      if (!entry.isProgress && atLeast(entry.level, level)) stream.write(`${sentenceOf(entry)}\n`);
    },
    bind() {},
    end() {},
    summarize: showsProgress ? writeSummary(stream, pc.createColors(false)) : () => {},
  };
}

/** pino loads with the first command that wants it. */
async function createJsonDisplay(stream: Writable, level: LogLevel): Promise<Display> {
  const { createJsonLog } = await import('./json-log.js');
  const log = createJsonLog(stream, level);
  return {
    show() {},
    recall() {},
    log: (entry) => log.write(entry),
    bind: (fields) => log.bind(fields),
    end() {},
    summarize(summary, report) {
      const fields = { summary, report };
      log.write({ level: 'info', event: 'summary', message: 'the run in numbers', fields, isProgress: true });
    },
  };
}

const silentDisplay: Display = { show() {}, recall() {}, log() {}, bind() {}, end() {}, summarize() {} };

export async function createDisplay(output: OutputOptions, options: LogOptions = {}): Promise<Display> {
  const { logLevel = 'info', logFormat = 'text' } = options;
  if (logFormat === 'json') {
    const level = output.quiet && atLeast('error', logLevel) ? 'error' : logLevel;
    return createJsonDisplay(output.stderr, level);
  }
  const stream = output.json ? output.stderr : output.stdout;
  if (output.quiet || logLevel === 'silent') return silentDisplay;
  if (stream.isTTY !== true) return createLineDisplay(stream, logLevel);
  return createTableDisplay(stream, pc.createColors(output.colorAllowed), logLevel);
}
