import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import type { CellFile } from '../../../src/experiment/cell-files.js';
import { collectCells, jsonlOf, requireAll } from '../../../src/experiment/collect.js';
import type { Manifest } from '../../../src/experiment/manifest.js';
import { resultsParquet, seriesParquet } from '../../../src/experiment/parquet.js';
import { rowOf } from '../../../src/experiment/run-cells.js';
import { cellsOfShard } from '../../../src/experiment/shard.js';
import { cellResultSchema } from '../../../src/metrics/cell-results.js';
import { fakeCellFile } from '../../reference/fake-cells.js';
import { manifestOf } from '../../reference/sweep-keys.js';

const TEXT = 'axes: { topology: [ring, star], peers: [2, 4], seed: [1, 2] }'; // two of eight are refused

/** A directory that has these files. */
const sourceOf = (files: readonly CellFile[]) => {
  const byId = new Map(files.map((file) => [file.result.cell, file]));
  return { read: (cell: string) => byId.get(cell) ?? null };
};
const runnable = ({ cells }: Manifest) => cells.filter(({ refused }) => refused === null);
const read = async (bytes: Uint8Array) => parquetReadObjects({ file: bytes.slice().buffer });

describe('collected results', () => {
  it('are rows in the order of the manifest, refused cells among them', async () => {
    const manifest = await manifestOf(TEXT);
    const { rows, missing } = collectCells(manifest, [
      sourceOf(runnable(manifest).map((cell) => fakeCellFile(cell))),
    ]);
    expect(missing).toEqual([]);
    expect(rows.map(({ index, status }) => [index, status])).toEqual(
      manifest.cells.map(({ index, refused }) => [index, refused === null ? 'done' : 'refused']),
    );
    for (const line of jsonlOf(rows).trimEnd().split('\n')) cellResultSchema.parse(JSON.parse(line));
  });

  it('are the same bytes however the cells were shared out, in whichever order, on whichever machines', async () => {
    const manifest = await manifestOf(TEXT);
    const bytesOf = (sources: Parameters<typeof collectCells>[1]) => {
      const { rows } = collectCells(manifest, sources);
      return [jsonlOf(rows), resultsParquet(rows), seriesParquet(rows)];
    };
    const whole = bytesOf([sourceOf(runnable(manifest).map((cell) => fakeCellFile(cell, 1)))]);
    for (const of of [2, 3, 7]) {
      const shards = Array.from({ length: of }, (_, i) =>
        sourceOf(
          cellsOfShard(runnable(manifest), { index: i + 1, of })
            .reverse()
            .map((cell) => fakeCellFile(cell, 2)),
        ),
      );
      expect(bytesOf(shards.reverse())).toEqual(whole);
    }
  });

  it('name what is missing', async () => {
    const manifest = await manifestOf(TEXT);
    const collection = collectCells(manifest, [sourceOf([fakeCellFile(manifest.cells[2]!)])]);
    expect(collection.rows).toHaveLength(3);
    expect(() => requireAll(collection, 'run them.')).toThrow(/5 of 8 cells have not been run, .*run them\./);
  });

  it('prefer a cell that is done to one that failed elsewhere', async () => {
    const manifest = await manifestOf('axes: { seed: [1] }');
    const [cell] = manifest.cells;
    const good = fakeCellFile(cell!);
    const error = { code: 'CELL_CRASHED', message: 'gone' };
    const bad = { ...good, result: rowOf(cell!, { kind: 'failed' as const, error }) };
    expect(collectCells(manifest, [sourceOf([bad]), sourceOf([good])]).rows).toEqual([good.result]);
    expect(collectCells(manifest, [sourceOf([bad])]).rows[0]).toMatchObject({
      status: 'failed',
      error,
      summary: null,
    });
  });
});

describe('Parquet tables', () => {
  it('hold every number of the rows to the bit', async () => {
    const manifest = await manifestOf(TEXT);
    const { rows } = collectCells(manifest, [sourceOf(runnable(manifest).map((cell) => fakeCellFile(cell)))]);
    const table = await read(resultsParquet(rows));
    expect(table).toHaveLength(8);
    for (const [i, row] of rows.entries()) {
      expect(table[i]).toMatchObject({
        cell: row.cell,
        index: row.index,
        status: row.status,
        'settings.peers': row.settings.peers,
        'settings.topology': row.settings.topology,
        'topology.spectralGap': row.topology?.spectralGap ?? null,
        'summary.loss.mean': row.summary?.loss.mean ?? null,
        'summary.consensusDistance': row.summary?.consensusDistance ?? null,
        'summary.peersLost': row.summary === null ? null : 2,
        'error.code': row.error?.code ?? null,
      });
    }
    const points = await read(seriesParquet(rows));
    const expected = rows.flatMap((row) => row.series.map((point) => ({ cell: row.cell, ...point })));
    expect(points).toHaveLength(expected.length);
    for (const [i, point] of expected.entries()) expect(points[i]).toMatchObject(point);
    expect(points[0]).toMatchObject({ 'axes.topology': 'ring', 'axes.peers': 4, 'axes.seed': 1 });
  });

  it('write lists, and keys of several kinds, as JSON', async () => {
    const manifest = await manifestOf('axes: { faults: [[], ["kill:peer=1,at=5"]] }');
    const { rows } = collectCells(manifest, [sourceOf(runnable(manifest).map((cell) => fakeCellFile(cell)))]);
    const table = await read(resultsParquet(rows));
    expect(table.map((row) => row['settings.faults'])).toEqual(['[]', '["kill:peer=1,at=5"]']);
  });

  it('may be empty', async () => {
    expect(await read(resultsParquet([]))).toEqual([]);
    expect(await read(seriesParquet([]))).toEqual([]);
  });
});
