/** `grapevine experiment collect FILE`: one table of all cells, as JSON lines and as Parquet. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GrapevineError, messageOf } from '../base/errors.js';
import { readCellFiles } from '../experiment/cell-files.js';
import { collectCells, jsonlOf, requireAll } from '../experiment/collect.js';
import { writeDurably } from '../experiment/durable-file.js';
import { quoteShell } from '../report/escape.js';
import type { CommandContext } from './command-context.js';
import { openExperiment } from './experiment-plan.js';

export interface CollectFlags {
  readonly file: string;
  readonly out: string | undefined;
  /** Further directories with cells: of shards that share no disk. */
  readonly from: readonly string[];
  /** Leave out what is missing. */
  readonly partial: boolean;
}

function write(path: string, bytes: Uint8Array): void {
  try {
    writeDurably(path, bytes, `${path}.${process.pid}.draft`);
  } catch (cause) {
    throw new GrapevineError(
      'METRICS_WRITE_FAILED',
      `${path} cannot be written (${messageOf(cause)}): make room and collect again.`,
      { path },
      cause,
    );
  }
}

/** The exit code. @throws GrapevineError */
export async function collectExperiment(flags: CollectFlags, context: CommandContext): Promise<number> {
  const { manifest, directory } = await openExperiment(flags.file, flags.out);
  const collection = collectCells(manifest, [directory, ...flags.from].map(readCellFiles));
  const { rows, missing, versions } = collection;
  const again = `grapevine experiment run ${quoteShell(flags.file)} runs them; --partial collects without them.`;
  if (!flags.partial) requireAll(collection, again);
  const { resultsParquet, seriesParquet } = await import('../experiment/parquet.js');
  mkdirSync(directory, { recursive: true });
  const files = {
    'results.jsonl': Buffer.from(jsonlOf(rows)),
    'results.parquet': resultsParquet(rows),
    'series.parquet': seriesParquet(rows),
  };
  for (const [name, bytes] of Object.entries(files)) write(join(directory, name), bytes);
  const { stdout, stderr, json, quiet } = context.output;
  const counts = { rows: rows.length, missing: missing.length };
  const failed = rows.filter(({ status }) => status === 'failed').length;
  const refused = rows.filter(({ status }) => status === 'refused').length;
  if (json)
    stdout.write(`${JSON.stringify({ directory, files: Object.keys(files), ...counts, failed, refused })}\n`);
  if (versions.length > 1)
    stderr.write(
      `Cells were run by different versions: ${versions.join(', ')}. Their numbers may differ for it.\n`,
    );
  if (!quiet)
    (json ? stderr : stdout).write(
      `${rows.length} cells (${failed} failed, ${refused} refused, ${missing.length} missing) in ${Object.keys(
        files,
      )
        .map((name) => join(directory, name))
        .join(', ')}\n`,
    );
  return 0;
}
