/**
 * Merges the cells of an experiment: a row for each cell of the manifest, in its order, whoever ran it, wherever and
 * however often it was interrupted. Rows hold nothing that another run of the cell would not repeat.
 */
import { GrapevineError } from '../base/errors.js';
import type { CellResult } from '../metrics/cell-results.js';
import type { CellFile, CellFiles } from './cell-files.js';
import { cellTitle, type Manifest, type ManifestCell } from './manifest.js';
import { rowOf } from './run-cells.js';

export interface Collection {
  readonly rows: readonly CellResult[];
  readonly missing: readonly ManifestCell[];
  /** Cells that were run by different versions may differ for that reason. */
  readonly versions: readonly string[];
}

type Source = Pick<CellFiles, 'read'>;

/** Of several files of one cell the one that is done. */
function findCell(sources: readonly Source[], cell: string): CellFile | null {
  const files = sources.flatMap((source) => source.read(cell) ?? []);
  return files.find(({ result }) => result.status === 'done') ?? files[0] ?? null;
}

/** Reads what there is. @throws GrapevineError METRICS_UNREADABLE */
export function collectCells({ cells }: Pick<Manifest, 'cells'>, sources: readonly Source[]): Collection {
  const rows: CellResult[] = [];
  const missing: ManifestCell[] = [];
  const versions = new Set<string>();
  for (const cell of cells) {
    if (cell.refused !== null) {
      rows.push(rowOf(cell, { kind: 'refused', error: cell.refused }));
      continue;
    }
    const file = findCell(sources, cell.cell);
    if (file === null) {
      missing.push(cell);
      continue;
    }
    const { version, commit } = file.host;
    versions.add(commit === null ? version : `${version} (${commit})`);
    // Place and axes are of this manifest: the file may come from another one with the same cell.
    const { index, axes } = cell;
    rows.push({ ...file.result, index, axes });
  }
  return { rows, missing, versions: [...versions].sort() };
}

/** @throws GrapevineError BAD_USAGE saying how many cells are missing, and which is the first */
export function requireAll({ rows, missing }: Collection, remedy: string): void {
  if (missing.length === 0) return;
  throw new GrapevineError(
    'BAD_USAGE',
    `${missing.length} of ${rows.length + missing.length} cells have not been run, the first is ${missing[0]!.cell} ` +
      `(${cellTitle(missing[0]!)}): ${remedy}`,
  );
}

/** results.jsonl: a row a line. */
export function jsonlOf(rows: readonly CellResult[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
