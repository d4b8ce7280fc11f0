/**
 * What a person and a run directory see of a run, whichever driver runs it: the live table or a line a round,
 * metrics.jsonl while it goes, config.json, summary.json and report.html.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GrapevineError, messageOf } from '../base/errors.js';
import type { MetricsEvent, RunEvent, RunSummary } from '../metrics/events.js';
import { readMetrics } from '../metrics/read-metrics.js';
import { createRecorder, METRICS_FILE } from '../metrics/recorder.js';
import { summarize } from '../metrics/summary.js';
import { createDisplay, type Display, type LogOptions, type OutputOptions } from './display.js';
import { createLogEntries, type EntryLevel, type OperationEvent } from './log-entry.js';
import { writeSummary } from './summary-files.js';
import { writeWhole } from './whole-file.js';

export interface RunMonitor {
  readonly directory: string;
  record(event: MetricsEvent): void;
  /** Something that is no part of the metrics, for the log and for who watches. */
  tell(event: OperationEvent): void;
  /** `watcher` hears of all further events: what exports them. */
  watch(watcher: (event: MetricsEvent | OperationEvent) => void): void;
  /** Events of before that the directory holds already: the first is recorded as configuration, all are counted in. */
  recall(events: readonly MetricsEvent[]): void;
  /** Lines of the directory's metrics, and a promise that they are on their way to the disk. */
  lines(): number;
  flush(): Promise<void>;
  /** A sentence for the person, now. @param level @default info */
  say(sentence: string, level?: EntryLevel): void;
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

/** `directory`, or `inner` inside of it. @throws GrapevineError BAD_USAGE */
export function makeRunDirectory(directory: string, inner = directory): void {
  try {
    mkdirSync(inner, { recursive: true });
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

/**
 * Opens a display, too, where none is given.
 * @throws GrapevineError BAD_USAGE when the run directory cannot be made, METRICS_WRITE_FAILED when it is read-only
 */
export async function createRunMonitor(
  directory: string,
  output: OutputOptions,
  log: LogOptions | { readonly display: Display } = {},
): Promise<RunMonitor> {
  makeRunDirectory(directory, join(directory, 'checkpoints'));
  const recorder = createRecorder(directory);
  const display = 'display' in log ? log.display : await createDisplay(output, log);
  const entryOf = createLogEntries();
  const watchers: ((event: MetricsEvent | OperationEvent) => void)[] = [];
  const tell = (event: MetricsEvent | OperationEvent): void => {
    for (const watcher of watchers) watcher(event);
    display.log(entryOf(event));
  };
  const say = (message: string, level: EntryLevel = 'info'): void =>
    tell({ event: 'message', level, message });
  const config = createConfigFile(directory, (error) => say(error.message, 'error'));
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
        entryOf(event);
        display.recall(event);
      }
    },
    lines: () => before + recorder.lines,
    flush: () => recorder.flush(),
    record(event) {
      recorder.record(event);
      noteConfig(event);
      tell(event);
      display.show(event);
    },
    tell,
    watch: (watcher) => void watchers.push(watcher),
    say,
    async finish() {
      display.end();
      const closing = await Promise.allSettled([recorder.close(), config.finish()]);
      const events = await readEvents(directory, closing);
      const summary = summarize(events);
      if (output.json) output.stdout.write(`${JSON.stringify(summary)}\n`);
      display.summarize(summary, join(directory, 'report.html'));
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
