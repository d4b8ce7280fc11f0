/** summary.json and report.html: what can be made again from metrics.jsonl. */
import { join } from 'node:path';
import type { RunSummary } from '../metrics/events.js';
import { writeWhole } from './whole-file.js';

/** @throws GrapevineError METRICS_WRITE_FAILED */
export async function writeSummary(directory: string, summary: RunSummary, report: string): Promise<void> {
  const options = {
    code: 'METRICS_WRITE_FAILED',
    remedy: `Make room, then run grapevine report ${directory}.`,
  } as const;
  await writeWhole(join(directory, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`, options);
  await writeWhole(join(directory, 'report.html'), report, options);
}
