/** Rows of an experiment that nobody has run, with the numbers that a test gives them. */
import type { CellPoint, CellResult } from '../../src/metrics/cell-results.js';

export interface FakeCell {
  readonly axes: CellResult['axes'];
  /** Of the last evaluation, mean over peers; null: never evaluated. */
  readonly accuracy?: number | null;
  readonly loss?: number | null;
  readonly bytes?: number;
  readonly gap?: number | null;
  readonly seconds?: number | null;
  /** Accuracies of evaluations at rounds 1, 2, ...; the last is `accuracy` unless given. */
  readonly curve?: readonly number[];
  readonly losses?: readonly (number | null)[];
  readonly status?: CellResult['status'];
  readonly error?: CellResult['error'];
}

function pointsOf({ curve, losses, accuracy = null, bytes = 1000, seconds = 10 }: FakeCell): CellPoint[] {
  const values = curve ?? (accuracy === null ? [] : [0.1, accuracy]);
  const count = Math.max(values.length, losses?.length ?? 0);
  return Array.from({ length: count }, (_, place) => {
    const share = (place + 1) / count;
    return {
      round: place + 1,
      simulatedSeconds: seconds === null ? null : seconds * share,
      payloadBytesPerPeer: bytes * share,
      wireBytesPerPeer: bytes * share,
      meanModelAccuracy: values[place] ?? null,
      meanModelLoss: losses === undefined ? 2 - share : (losses[place] ?? null),
      meanAccuracy: values[place] ?? null,
      worstAccuracy: values[place] ?? null,
      consensusDistance: 1 / (place + 1),
    };
  });
}

export function fakeCell(cell: FakeCell, index: number): CellResult {
  const { axes, accuracy = null, loss = accuracy === null ? null : 1 - accuracy, bytes = 1000 } = cell;
  const { gap = 0.5, seconds = 10, status = 'done' } = cell;
  const id = index.toString(16).padStart(16, '0');
  const done = status === 'done';
  return {
    schema: 1,
    cell: id,
    index,
    settings: { task: 'mnist-mlp', peers: 8, rounds: 2, ...axes },
    axes,
    status,
    error: cell.error ?? (done ? null : { code: 'BAD_SPEC', message: 'does not go together.' }),
    configHash: status === 'refused' ? null : `abcdef01${id.slice(8)}`,
    topology: done ? { name: 'ring', spec: 'ring', nodes: 8, edges: 8, spectralGap: gap } : null,
    summary: done
      ? {
          accuracy: { meanModel: accuracy, mean: accuracy, worst: accuracy, best: accuracy },
          loss: { meanModel: cell.losses === undefined ? loss : (cell.losses.at(-1) ?? null), mean: loss },
          consensusDistance: 0.5,
          payloadBytesPerPeer: bytes,
          wireBytesPerPeer: bytes + 48,
          uncompressedBytesPerPeer: 4000,
          compressionRatio: 4000 / bytes,
          simulatedSeconds: seconds,
          peersLost: [],
        }
      : null,
    series: done ? pointsOf(cell) : [],
  };
}

export const fakeCells = (cells: readonly FakeCell[]): CellResult[] => cells.map(fakeCell);

/** Accuracies by "topology compressor", one for each seed from 1; bytes and gaps by compressor and topology. */
export function fakeGrid(
  accuracies: Readonly<Record<string, readonly number[]>>,
  bytes: Readonly<Record<string, number>> = {},
  gaps: Readonly<Record<string, number>> = {},
): CellResult[] {
  return fakeCells(
    Object.entries(accuracies).flatMap(([key, values]) => {
      const [topology, compressor] = key.split(' ') as [string, string];
      return values.map((accuracy, place) => ({
        axes: { topology, compressor, seed: place + 1 },
        accuracy,
        bytes: bytes[compressor] ?? 1000,
        gap: gaps[topology] ?? 0.5,
      }));
    }),
  );
}
