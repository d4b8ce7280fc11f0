/**
 * `grapevine report DIR...`: makes summary.json and report.html of run directories anew, and prints a table; of the directory
 * of an experiment, or its results.jsonl, the report that compares its cells (experiment-report.ts).
 */
import { join } from 'node:path';
import pc from 'picocolors';
import { readMetrics } from '../metrics/read-metrics.js';
import { METRICS_FILE } from '../metrics/recorder.js';
import { summarize } from '../metrics/summary.js';
import { renderReport } from '../report/html.js';
import { summaryText } from '../report/summary-text.js';
import type { CommandContext } from './command-context.js';
import { isExperiment, reportExperiment, type SweepReportFlags } from './experiment-report.js';
import { writeSummary } from './summary-files.js';

async function reportRun(directory: string, { output }: CommandContext): Promise<void> {
  const { stdout, json, quiet, colorAllowed } = output;
  const color = pc.createColors(stdout.isTTY === true && colorAllowed);
  const events = await readMetrics(join(directory, METRICS_FILE));
  const summary = summarize(events);
  await writeSummary(directory, summary, await renderReport(events));
  if (json) stdout.write(`${JSON.stringify(summary)}\n`);
  else if (!quiet)
    stdout.write(`${summaryText(summary, { color })}\n\n  report: ${join(directory, 'report.html')}\n\n`);
}

/** The exit code. @throws GrapevineError METRICS_UNREADABLE; BAD_USAGE */
export async function runReport(
  paths: readonly string[],
  flags: SweepReportFlags,
  context: CommandContext,
): Promise<number> {
  for (const path of paths) {
    if (isExperiment(path)) await reportExperiment(path, flags, context);
    else await reportRun(path, context);
  }
  return 0;
}
