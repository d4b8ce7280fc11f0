/**
 * What a person and a run directory see of a run, whichever driver runs it: the live table or a line a round,
 * metrics.jsonl while it goes, config.json, summary.json and report.html.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import { GrapevineError, messageOf } from '../base/errors.js';
import type { MetricsEvent, RunEvent, RunSummary } from '../metrics/events.js';
import { readMetrics } from '../metrics/read-metrics.js';
import { createRecorder, METRICS_FILE } from '../metrics/recorder.js';
import { summarize } from '../metrics/summary.js';
import { emptyDisplay, foldDisplay } from '../report/display-state.js';
import { progressLine, summaryText } from '../report/summary-text.js';
import { swarmTable } from '../report/swarm-table.js';
import { createRoundLines } from './round-lines.js';
import { writeSummary } from './summary-files.js';
import { writeWhole } from './whole-file.js';

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

/** Node's recursive mkdir says ENOENT on a read-only disk; making the first missing directory says why. */
function whyNotMade(directory: string, error: unknown): unknown {
  let first = directory;
  while (!existsSync(dirname(first))) first = dirname(first);
  try {
    mkdirSync(first);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EEXIST' ? error : cause;
  }
  return error;
}

function makeDirectories(directory: string): void {
  try {
    mkdirSync(join(directory, 'checkpoints'), { recursive: true });
  } catch (error) {
    const cause = whyNotMade(directory, error);
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
  const { renderReport } = await import('../report/html.js'); // loads the plotting library: not at start-up
  await writeSummary(directory, summary, await renderReport(events));
}

/** What the directory holds; where that cannot be read because it could not be written, the latter is the error. */
async function readEvents(
  directory: string,
  closing: readonly PromiseSettledResult<void>[],
): Promise<MetricsEvent[]> {
  try {
    return await readMetrics(join(directory, METRICS_FILE));
  } catch (error) {
    for (const end of closing) if (end.status === 'rejected') throw end.reason;
    throw error;
  }
}

/** @throws GrapevineError BAD_USAGE when the run directory cannot be made, METRICS_WRITE_FAILED when it is read-only */
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
  const config = createConfigFile(directory, (error) => display.say(error.message));
  const noteConfig = (event: MetricsEvent): void => {
    if (event.event === 'run') config.note(event);
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
      const closing = await Promise.allSettled([recorder.close(), config.finish()]);
      const events = await readEvents(directory, closing);
      const summary = summarize(events);
      if (output.json) output.stdout.write(`${JSON.stringify(summary)}\n`);
      if (!output.quiet) {
        stream.write(`\n${summaryText(summary, { color })}\n\n  report: ${join(directory, 'report.html')}\n`);
      }
      // Said first, written after: a full disk must not cost the result.
      for (const end of closing) if (end.status === 'rejected') throw end.reason;
      await writeOutputs(directory, events, summary);
      return summary;
    },
    async abandon() {
      display.end();
      await Promise.allSettled([recorder.close()]); // why the run is abandoned is what the user must hear
    },
  };
}

/** config.json, without which a run can neither be resumed nor read: what fails is said, and tried again at the end. */
function createConfigFile(directory: string, onFailure: (error: GrapevineError) => void) {
  let text: string | null = null;
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    if (text === null) return;
    const remedy = 'It is tried again at the end of the run; make room, or make the directory writable.';
    await writeWhole(join(directory, 'config.json'), text, { code: 'METRICS_WRITE_FAILED', remedy });
    text = null;
  };
  return {
    note({ config, configHash, version, commit }: RunEvent): void {
      text = `${JSON.stringify({ ...config, configHash, version, commit }, null, 2)}\n`;
      writing = write().catch(onFailure);
    },
    /** @throws GrapevineError METRICS_WRITE_FAILED */
    async finish(): Promise<void> {
      await writing;
      await write();
    },
  };
}
