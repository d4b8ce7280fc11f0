/**
 * The directory of an experiment: manifest.json, and a file in cells/ for each cell that has ended. They are written
 * whole or not at all, so that a kill at any moment costs the running cells and nothing else.
 *
 * A cell's file has two parts: `result`, which another run of the cell would repeat to the bit, and `host` and `timing`,
 * which it would not.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { GrapevineError, messageOf } from '../base/errors.js';
import { cellResultSchema } from '../metrics/cell-results.js';
import { createDurably, writeDurably } from './durable-file.js';
import { cellTitle, MANIFEST_SCHEMA, type Manifest, type ManifestCell } from './manifest.js';

const cellFileSchema = z.object({
  result: cellResultSchema,
  /** Where it ran. */
  host: z.object({
    name: z.string(),
    platform: z.string(),
    processor: z.string(),
    node: z.string(),
    version: z.string(),
    commit: z.string().nullable(),
  }),
  timing: z.object({
    startedAt: z.string(),
    seconds: z.number(),
    /** What did the arithmetic; null of a cell that failed. */
    engine: z.string().nullable(),
    /** Wall-clock seconds that a peer of a real swarm spent, by what it did; null in the simulator. */
    phases: z.record(z.string(), z.number()).nullable(),
  }),
  /** The last that the process of a cell that failed said on stderr. */
  log: z.string().optional(),
});

export type CellFile = z.output<typeof cellFileSchema>;

const MANIFEST_FILE = 'manifest.json';
const DRAFT = '.draft';

const bytesOf = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 1)}\n`);

export interface CellFiles {
  readonly directory: string;
  /** null where the cell has not ended. @throws GrapevineError METRICS_UNREADABLE */
  read(cell: string): CellFile | null;
  /** @throws GrapevineError METRICS_WRITE_FAILED */
  write(file: CellFile): void;
}

function unreadable(path: string, problem: string): GrapevineError {
  return new GrapevineError(
    'METRICS_UNREADABLE',
    `${path}: ${problem}. Delete the file to run its cell again.`,
    { path },
  );
}

function readCell(path: string): CellFile | null {
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw unreadable(path, `not JSON (${messageOf(error)})`);
  }
  const outcome = cellFileSchema.safeParse(value);
  if (outcome.success) return outcome.data;
  const [issue] = outcome.error.issues;
  throw unreadable(path, `no cell of this version (${issue?.path.join('.')}: ${issue?.message})`);
}

/** Opens `directory` for reading. */
export function readCellFiles(directory: string): Pick<CellFiles, 'directory' | 'read'> {
  return { directory, read: (cell) => readCell(join(directory, 'cells', `${cell}.json`)) };
}

/** Opens `directory` for writing under the name of a runner (claims.ts), and sweeps away what dead ones began. */
export function openCellFiles(
  directory: string,
  { runner, isAlive }: { readonly runner: string; isAlive(runner: string): boolean },
): CellFiles {
  const cells = join(directory, 'cells');
  mkdirSync(cells, { recursive: true });
  for (const name of readdirSync(cells)) {
    const [, owner] = name.endsWith(DRAFT) ? name.slice(0, -DRAFT.length).split('@') : [];
    if (owner !== undefined && !isAlive(owner)) rmSync(join(cells, name), { force: true });
  }
  return {
    ...readCellFiles(directory),
    write(file) {
      const { cell } = file.result;
      const path = join(cells, `${cell}.json`);
      try {
        writeDurably(path, bytesOf(file), join(cells, `${cell}@${runner}${DRAFT}`));
      } catch (cause) {
        throw new GrapevineError(
          'METRICS_WRITE_FAILED',
          `${path} cannot be written (${messageOf(cause)}): make room, then run the same command again; finished cells are kept.`,
          { path },
          cause,
        );
      }
    },
  };
}

const titled = (cells: readonly ManifestCell[]): string =>
  `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'} (${cells
    .slice(0, 3)
    .map(cellTitle)
    .join('; ')}${cells.length > 3 ? '; ...' : ''})`;

/** What a person would say has changed. */
export function manifestDifference(before: Manifest, after: Manifest): string {
  const ids = (manifest: Manifest) => new Set(manifest.cells.map(({ cell }) => cell));
  const [old, now] = [ids(before), ids(after)];
  const added = after.cells.filter(({ cell }) => !old.has(cell));
  const gone = before.cells.filter(({ cell }) => !now.has(cell));
  const said = [
    ...(before.driver === after.driver ? [] : [`the driver was ${before.driver} and is ${after.driver}`]),
    ...(added.length === 0 ? [] : [`${titled(added)} new`]),
    ...(gone.length === 0 ? [] : [`${titled(gone)} gone`]),
  ];
  return said.length === 0 ? 'the cells are the same in another order or under other axes' : said.join(', ');
}

/** The manifest that `directory` was begun with; null where there is none. @throws GrapevineError METRICS_UNREADABLE */
export function readManifest(directory: string): Manifest | null {
  const path = join(directory, MANIFEST_FILE);
  if (!existsSync(path)) return null;
  try {
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
    if (manifest.schema === MANIFEST_SCHEMA && Array.isArray(manifest.cells)) return manifest;
  } catch (cause) {
    throw new GrapevineError(
      'METRICS_UNREADABLE',
      `${path} cannot be read (${messageOf(cause)}): delete it to begin with the file's manifest; finished cells are kept.`,
      { path },
      cause,
    );
  }
  throw new GrapevineError(
    'METRICS_UNREADABLE',
    `${path} is no manifest of this version: choose another --out, or delete it; finished cells are kept.`,
    { path },
  );
}

/**
 * Leaves `manifest` in the directory, or finds it there.
 * @param update whether another manifest gives way; its finished cells that are in both count as finished
 * @throws GrapevineError BAD_USAGE naming what differs
 */
export function settleManifest(
  directory: string,
  manifest: Manifest,
  { update, runner }: { readonly update: boolean; readonly runner: string },
): void {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, MANIFEST_FILE);
  const draft = join(directory, `${MANIFEST_FILE}@${runner}${DRAFT}`);
  const { notices: _, ...kept } = manifest; // they name a file on this machine
  if (createDurably(path, bytesOf(kept), draft)) return;
  const before = readManifest(directory);
  if (before?.hash === manifest.hash) return;
  if (update) {
    writeDurably(path, bytesOf(kept), draft);
    return;
  }
  throw new GrapevineError(
    'BAD_USAGE',
    `${directory} was begun with other cells: ${before === null ? 'unknown' : manifestDifference(before, manifest)}. ` +
      'With --update it goes on with those of the file, and keeps what is finished of them; or choose another --out.',
    { directory },
  );
}
