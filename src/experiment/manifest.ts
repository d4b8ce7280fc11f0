/**
 * The manifest: every cell of an experiment, verified, in a fixed order. It is a function of the file alone, so that
 * processes on different machines agree about the cells, their ids and their shards without a word to each other.
 *
 * A cell's id is a hash of its verified settings: two ways to write the same run have one id and one result, whichever
 * file they come from. A cell that cannot run is kept with the reason; it costs the others nothing.
 */
import { createHash } from 'node:crypto';
import { isGrapevineError } from '../base/errors.js';
import type { CellError, CellSettings } from '../metrics/cell-results.js';
import { withoutPlace } from '../training/tasks/task-file.js';
import { expandSweep, variedKeys, type WrittenCell } from './expand.js';
import type { Driver, Keys, Sweep } from './sweep-file.js';

export const MANIFEST_SCHEMA = 1;

export interface ManifestCell {
  readonly index: number;
  readonly cell: string;
  /** Verified; of a refused cell as written. */
  readonly settings: CellSettings;
  readonly axes: CellSettings;
  readonly configHash: string | null;
  /** Why it cannot run; null where it can. */
  readonly refused: CellError | null;
}

export interface Manifest {
  readonly schema: typeof MANIFEST_SCHEMA;
  readonly name: string;
  readonly driver: Driver;
  /** Equal for equal manifests: of driver and cells. */
  readonly hash: string;
  readonly cells: readonly ManifestCell[];
  /** How many written cells came out as a cell that was there before, by its id. */
  readonly duplicates: Readonly<Record<string, number>>;
  /** What looks like a mistake and is none for certain. */
  readonly notices: readonly string[];
}

/** What is known of a cell that can run. */
export interface VerifiedCell {
  readonly settings: CellSettings;
  readonly configHash: string;
}

/** @throws GrapevineError where the keys are no run: the cell is refused */
export type Verify = (keys: Keys) => Promise<VerifiedCell>;

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

function sorted(settings: Keys): [string, unknown][] {
  return Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** First 16 hex digits of SHA-256 over driver and settings by key; where a task's file lies does not matter. */
export function cellId(driver: Driver, settings: CellSettings): string {
  const { task } = settings;
  const placeless = typeof task === 'string' ? { ...settings, task: withoutPlace(task) } : settings;
  return hashOf([driver, sorted(placeless)]);
}

type Judged = Omit<ManifestCell, 'index' | 'axes'> & Pick<WrittenCell, 'labels'>;

async function judge(driver: Driver, { keys, labels }: WrittenCell, verify: Verify): Promise<Judged> {
  try {
    const { settings, configHash } = await verify(keys);
    return { cell: cellId(driver, settings), settings, configHash, refused: null, labels };
  } catch (error) {
    if (!isGrapevineError(error)) throw error;
    const { code, message } = error;
    const settings = keys as CellSettings;
    const cell = hashOf(['refused', driver, sorted(keys)]);
    return { cell, settings, configHash: null, refused: { code, message }, labels };
  }
}

const valueIn = ({ settings, labels }: Judged, key: string) => labels[key] ?? settings[key] ?? null;

/** Of the keys that the file varies, those that take more than one value. */
function keysThatDiffer(cells: readonly Judged[], keys: readonly string[]): string[] {
  return keys.filter((key) => new Set(cells.map((cell) => JSON.stringify(valueIn(cell, key)))).size > 1);
}

export interface ManifestInput {
  readonly sweep: Sweep;
  /** Used where the file has no name of its own. */
  readonly fileName: string;
  readonly verify: Verify;
}

/** @throws GrapevineError BAD_CONFIG: more cells than MAX_CELLS */
export async function buildManifest({ sweep, fileName, verify }: ManifestInput): Promise<Manifest> {
  const { cells: written, idleExcludes } = expandSweep(sweep);
  const byId = new Map<string, Judged>();
  const duplicates: Record<string, number> = {};
  for (const one of written) {
    const cell = await judge(sweep.driver, one, verify);
    if (byId.has(cell.cell)) duplicates[cell.cell] = (duplicates[cell.cell] ?? 0) + 1;
    else byId.set(cell.cell, cell);
  }
  const distinct = [...byId.values()];
  const keys = keysThatDiffer(distinct, variedKeys(sweep));
  const cells = distinct.map(({ labels, ...cell }, index): ManifestCell => {
    const axes = Object.fromEntries(keys.map((key) => [key, valueIn({ labels, ...cell }, key)]));
    return { index, ...cell, axes };
  });
  const notices = idleExcludes.map(
    (index) => `${sweep.at(['exclude', index])}: excludes nothing; are its values written as in the axes?`,
  );
  return {
    schema: MANIFEST_SCHEMA,
    name: sweep.name ?? fileName,
    driver: sweep.driver,
    hash: hashOf([sweep.driver, cells]),
    cells,
    duplicates,
    notices,
  };
}

/** "topology=ring seed=1", or the settings' task where nothing varies. */
export function cellTitle({ axes }: Pick<ManifestCell, 'axes'>): string {
  const words = Object.entries(axes).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return words.length === 0 ? 'the only cell' : words.join(' ');
}
