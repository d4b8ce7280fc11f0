/** Cells that gave no numbers to trust, each reason once with the cells that it cost. */
import type { CellResult } from '../../metrics/cell-results.js';
import { hasDiverged } from './quality.js';
import type { Sweep } from './sweep.js';

export interface Trouble {
  readonly kind: 'failed' | 'refused' | 'diverged';
  readonly reason: string;
  /** Ids with their axes, in the manifest's order. */
  readonly cells: readonly string[];
}

function cellText({ cell, axes }: CellResult, { axes: named }: Sweep): string {
  const labels = Object.entries(axes).map(([name, value]) => {
    const label = named.find((axis) => axis.name === name)?.labels.get(JSON.stringify(value));
    return label ?? `${name}=${JSON.stringify(value)}`;
  });
  return labels.length === 0 ? cell : `${cell}: ${labels.join(', ')}`;
}

export function troublesOf(sweep: Sweep): Trouble[] {
  const found = new Map<string, Trouble>();
  for (const cell of sweep.cells) {
    const diverged = hasDiverged(cell, sweep.quality);
    if (cell.status === 'done' && !diverged) continue;
    const kind = cell.status === 'done' ? 'diverged' : cell.status;
    const reason =
      cell.error === null
        ? 'ended worse than it began: its last loss is no number or above the first, or its accuracy is below the first'
        : `${cell.error.message} [${cell.error.code}]`;
    const key = `${kind} ${reason}`;
    const before = found.get(key)?.cells ?? [];
    found.set(key, { kind, reason, cells: [...before, cellText(cell, sweep)] });
  }
  return [...found.values()];
}
