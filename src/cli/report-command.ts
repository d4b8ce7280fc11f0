/** `grapevine report DIR...`: makes summary.json and report.html of run directories anew, and prints a table. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pc from 'picocolors';
import { readMetrics } from '../metrics/read-metrics.js';
import { METRICS_FILE } from '../metrics/recorder.js';
import { summarize } from '../metrics/summary.js';
import { renderReport } from '../report/html.js';
import { summaryText } from '../report/summary-text.js';
import type { CommandContext } from './command-context.js';

/** The exit code. @throws GrapevineError METRICS_UNREADABLE */
export async function runReport(directories: readonly string[], context: CommandContext): Promise<number> {
  const { stdout, json, colorAllowed } = context.output;
  const color = pc.createColors(stdout.isTTY === true && colorAllowed);
  for (const directory of directories) {
    const events = await readMetrics(join(directory, METRICS_FILE));
    const summary = summarize(events);
    await writeFile(join(directory, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
    await writeFile(join(directory, 'report.html'), await renderReport(events));
    if (json) stdout.write(`${JSON.stringify(summary)}\n`);
    else
      stdout.write(`${summaryText(summary, { color })}\n\n  report: ${join(directory, 'report.html')}\n\n`);
  }
  return 0;
}
