/** Cells that nobody has run, with numbers that follow from their index. */
import type { CellFile } from '../../src/experiment/cell-files.js';
import type { ManifestCell } from '../../src/experiment/manifest.js';
import { rowOf } from '../../src/experiment/run-cells.js';

/** `attempt` changes what another run of the cell would change, and nothing else. */
export function fakeCellFile(cell: ManifestCell, attempt = 1): CellFile {
  const bytes = 100 * (cell.index + 1);
  const point = (round: number) => ({
    round,
    simulatedSeconds: round / 8,
    payloadBytesPerPeer: bytes * round,
    wireBytesPerPeer: bytes * round + 48,
    meanModelAccuracy: null,
    meanModelLoss: 1 / round,
    meanAccuracy: null,
    worstAccuracy: null,
    consensusDistance: 1 / (round + cell.index),
  });
  return {
    result: rowOf(cell, {
      kind: 'done',
      topology: { name: 'ring', spec: 'ring', nodes: 8, edges: 8, spectralGap: 0.1 + cell.index },
      summary: {
        accuracy: { meanModel: null, mean: null, worst: null, best: null },
        loss: { meanModel: 0.1, mean: 0.25 },
        consensusDistance: 1 / 3,
        payloadBytesPerPeer: bytes,
        wireBytesPerPeer: bytes + 48,
        uncompressedBytesPerPeer: 4 * bytes,
        compressionRatio: 4,
        simulatedSeconds: 1.5,
        peersLost: [1, 2],
      },
      series: [point(1), point(2)],
      engine: 'none',
      phases: null,
    }),
    host: {
      name: `machine-${attempt}`,
      platform: 'linux',
      processor: 'any',
      node: '20.20.0',
      version: '0.1.0',
      commit: null,
    },
    timing: {
      startedAt: `2026-01-0${attempt}T00:00:00.000Z`,
      seconds: attempt,
      engine: 'none',
      phases: null,
    },
  };
}
