/**
 * What a person and a run directory see of a run, whichever driver runs it: the live table or a line a round,
 * metrics.jsonl while it goes, config.json, summary.json and report.html.
 */
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import { GrapevineError, messageOf } from '../base/errors.js';
import type { MetricsEvent, RunSummary } from '../metrics/events.js';
import { readMetrics } from '../metrics/read-metrics.js';
import { createRecorder, METRICS_FILE } from '../metrics/recorder.js';
import { summarize } from '../metrics/summary.js';
import { emptyDisplay, foldDisplay } from '../report/display-state.js';
import { progressLine, summaryText } from '../report/summary-text.js';
import { swarmTable } from '../report/swarm-table.js';
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

export interface RunMonitor {
  readonly directory: string;
  record(event: MetricsEvent): void;
  /** Events of before that the directory holds already: the first is recorded as configuration, all are counted in. */
  recall(events: readonly MetricsEvent[]): void;
  /** Lines of the directory's metrics, and a promise that they are on their way to the disk. */
  lines(): number;
  flush(): Promise<void>;
  /** A sentence for the person, now. */
  say(sentence: string): void;
  /**
   * Prints the summary, then writes it and the report. Call once, after the last event.
   * @throws GrapevineError METRICS_WRITE_FAILED
   */
  finish(): Promise<RunSummary>;
  /** Ends the display without a summary. */
  abandon(): Promise<void>;
}

function makeDirectories(directory: string): void {
  try {
    mkdirSync(join(directory, 'checkpoints'), { recursive: true });
  } catch (cause) {
    throw new GrapevineError(
      'BAD_USAGE',
      `run directory ${directory} cannot be made (${messageOf(cause)}): choose another with --out.`,
      { directory },
      cause,
    );
  }
}

interface Display {
  show(event: MetricsEvent): void;
  /** Takes in what was shown in an earlier life of the run. */
  recall(event: MetricsEvent): void;
  say(sentence: string): void;
  end(): void;
}

/** A table that redraws itself, for a terminal. */
function createTableDisplay(
  stream: OutputOptions['stdout'],
  color: ReturnType<typeof pc.createColors>,
): Display {
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
    say(sentence) {
      draw.clear();
      stream.write(`${sentence}\n`);
      redraw();
    },
    end() {
      redraw();
      draw.done();
    },
  };
}

/** A line a round, for a pipe or a log. */
function createLineDisplay(stream: Writable): Display {
  const lines = createRoundLines();
  return {
    recall(event) {
      if (event.event !== 'evaluation') lines(event);
    },
    show(event) {
      const line = event.event === 'evaluation' ? progressLine(event) : lines(event);
      if (line !== null) stream.write(`${line}\n`);
    },
    say: (sentence) => void stream.write(`${sentence}\n`),
    end() {},
  };
}

const silentDisplay: Display = { show() {}, recall() {}, say() {}, end() {} };

async function writeOutputs(directory: string, events: MetricsEvent[], summary: RunSummary): Promise<void> {
  try {
    await writeReport(directory, events, summary);
  } catch (cause) {
    throw new GrapevineError(
      'METRICS_WRITE_FAILED',
      `summary and report cannot be written to ${directory} (${messageOf(cause)}): make room, then run grapevine report ${directory}.`,
      { directory },
      cause,
    );
  }
}

async function writeReport(directory: string, events: MetricsEvent[], summary: RunSummary): Promise<void> {
  await writeFile(join(directory, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  const { renderReport } = await import('../report/html.js'); // loads the plotting library: not at start-up
  await writeFile(join(directory, 'report.html'), await renderReport(events));
}

/** @throws GrapevineError BAD_USAGE when the run directory cannot be made */
export function createRunMonitor(directory: string, output: OutputOptions): RunMonitor {
  makeDirectories(directory);
  const recorder = createRecorder(directory);
  const stream = output.json ? output.stderr : output.stdout;
  const interactive = stream.isTTY === true;
  const color = pc.createColors(interactive && output.colorAllowed);
  const display = output.quiet
    ? silentDisplay
    : interactive
      ? createTableDisplay(stream, color)
      : createLineDisplay(stream);
  const noteConfig = (event: MetricsEvent): void => {
    if (event.event !== 'run') return;
    const { config, configHash, version, commit } = event;
    const noted = recordConfig(directory, { ...config, configHash, version, commit });
    noted.catch((error: unknown) => display.say(messageOf(error)));
  };
  let before = 0;
  return {
    directory,
    recall(events) {
      before = events.length;
      for (const event of events) {
        noteConfig(event);
        display.recall(event);
      }
    },
    lines: () => before + recorder.lines,
    flush: () => recorder.flush(),
    record(event) {
      recorder.record(event);
      noteConfig(event);
      if (event.event === 'notice') display.say(event.message);
      display.show(event);
    },
    say: (sentence) => display.say(sentence),
    async finish() {
      display.end();
      const closing = await Promise.allSettled([recorder.close()]);
      const events = await readMetrics(join(directory, METRICS_FILE));
      const summary = summarize(events);
      if (output.json) output.stdout.write(`${JSON.stringify(summary)}\n`);
      if (!output.quiet) {
        stream.write(`\n${summaryText(summary, { color })}\n\n  report: ${join(directory, 'report.html')}\n`);
      }
      // Said first, written after: a full disk must not cost the result.
      if (closing[0].status === 'rejected') throw closing[0].reason;
      await writeOutputs(directory, events, summary);
      return summary;
    },
    async abandon() {
      display.end();
      await recorder.close();
    },
  };
}

async function recordConfig(directory: string, config: object): Promise<void> {
  await writeFile(join(directory, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
}
