import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { openCellFiles } from '../../../src/experiment/cell-files.js';
import { openClaims } from '../../../src/experiment/claims.js';
import type { Manifest } from '../../../src/experiment/manifest.js';
import { pendingCells, runCells } from '../../../src/experiment/run-cells.js';
import { fakeCellFile } from '../../reference/fake-cells.js';
import { manifestOf } from '../../reference/sweep-keys.js';

const path = fileURLToPath(new URL('../../reference/fake-cell-process.mjs', import.meta.url));
let directory = '';
let starts = 0;

/** A run of all of `manifest` that is not done, in a process of its own as far as claims know. */
async function run({ cells, driver }: Manifest, { again = false, token = 'a' } = {}) {
  const claims = openClaims(directory, { host: `host-${token}`, pid: process.pid, token }, systemClock);
  const files = openCellFiles(directory, claims);
  const begun: number[] = [];
  const elsewhere: number[] = [];
  const ended: (readonly [number, string])[] = [];
  const pool = runCells({
    ...{ driver, files, claims, workers: 2, launch: {}, clock: systemClock, timeoutMs: null },
    pending: pendingCells(cells, files, again),
    program: { path },
    host: fakeCellFile(cells[0]!).host,
    today: () => `start ${starts++}`,
    observer: {
      begun: ({ index }) => void begun.push(index),
      ended: ({ index }, { result }) => void ended.push([index, result.error?.code ?? result.status]),
      endedElsewhere: ({ index }) => void elsewhere.push(index),
      waiting() {},
    },
  });
  await pool.finished;
  claims.stop();
  return { begun, elsewhere, ended, files };
}

describe('running cells', () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'grapevine-run-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('ends each once with a file, begins them in their order, and has nothing left to do', async () => {
    const manifest = await manifestOf('axes: { seed: { from: 1, to: 6 } }');
    const first = await run(manifest);
    expect(first.begun).toEqual([0, 1, 2, 3, 4, 5]);
    for (const { cell } of manifest.cells) expect(first.files.read(cell)?.result.status).toBe('done');
    expect((await run(manifest)).begun).toEqual([]);
    expect((await run(manifest, { again: true })).begun).toHaveLength(6);
  });

  it('in two processes at once runs each in one of them, and both see all', async () => {
    const manifest = await manifestOf('axes: { seed: { from: 1, to: 12 } }');
    const [one, two] = await Promise.all([run(manifest), run(manifest, { token: 'b' })]);
    const all = manifest.cells.map(({ index }) => index);
    expect([...one.begun, ...two.begun].sort((a, b) => a - b)).toEqual(all);
    for (const { begun, elsewhere } of [one, two])
      expect([...begun, ...elsewhere].sort((a, b) => a - b)).toEqual(all);
  });

  it('writes down those that fail, runs the others, and tries the failed ones again another time', async () => {
    const manifest = await manifestOf('axes: { seed: [1, 99, 101, 2] }');
    const first = await run(manifest);
    expect([...first.ended].sort()).toEqual([
      [0, 'done'],
      [1, 'CELL_CRASHED'],
      [2, 'TRAINER_FAILED'],
      [3, 'done'],
    ]);
    expect(first.files.read(manifest.cells[1]!.cell)?.result.error?.message).toMatch(/exit code 7/);
    const second = await run(manifest);
    expect([...second.begun].sort()).toEqual([1, 2]);
  });
});
