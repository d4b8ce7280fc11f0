/**
 * What a person and a run directory see of a run, whichever driver runs it: the live table or a line a round,
 * metrics.jsonl while it goes, config.json, summary.json and report.html.
 */
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GrapevineError, messageOf } from '../base/errors.js';
import type { MetricsEvent, RunSummary } from '../metrics/events.js';
import { readMetrics } from '../metrics/read-metrics.js';
import { createRecorder, METRICS_FILE } from '../metrics/recorder.js';
import { summarize } from '../metrics/summary.js';
import { createDisplay, type Display, type LogOptions, type OutputOptions } from './display.js';
import { createLogEntries, type EntryLevel, type OperationEvent } from './log-entry.js';

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

/** Opens a display, too, where none is given. @throws GrapevineError BAD_USAGE when the run directory cannot be made */
export async function createRunMonitor(
  directory: string,
  output: OutputOptions,
  log: LogOptions | { readonly display: Display } = {},
): Promise<RunMonitor> {
  makeDirectories(directory);
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
  const noteConfig = (event: MetricsEvent): void => {
    if (event.event !== 'run') return;
    const { config, configHash, version, commit } = event;
    const noted = recordConfig(directory, { ...config, configHash, version, commit });
    noted.catch((error: unknown) => say(messageOf(error), 'error'));
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
      const closing = await Promise.allSettled([recorder.close()]);
      const events = await readMetrics(join(directory, METRICS_FILE));
      const summary = summarize(events);
      if (output.json) output.stdout.write(`${JSON.stringify(summary)}\n`);
      display.summarize(summary, join(directory, 'report.html'));
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
