import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCellFiles, settleManifest } from '../../../src/experiment/cell-files.js';
import { fakeCellFile } from '../../reference/fake-cells.js';
import { manifestOf } from '../../reference/sweep-keys.js';

let directory = '';
const me = { runner: 'here_1_a', isAlive: (runner: string) => runner !== 'dead' };

describe('the files of an experiment', () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'grapevine-cells-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('give back what was written, and nothing of cells that have not ended', async () => {
    const { cells } = await manifestOf('axes: { seed: [1, 2] }');
    const files = openCellFiles(directory, me);
    const file = fakeCellFile(cells[0]!);
    files.write(file);
    expect(files.read(cells[0]!.cell)).toEqual(file);
    expect(files.read(cells[1]!.cell)).toBeNull();
    expect(readdirSync(join(directory, 'cells'))).toEqual([`${cells[0]!.cell}.json`]);
  });

  it('lose the drafts of dead processes, and no others', () => {
    mkdirSync(join(directory, 'cells'));
    for (const name of ['aa@dead.draft', 'bb@alive.draft', 'cc.json'])
      writeFileSync(join(directory, 'cells', name), '{');
    openCellFiles(directory, me);
    expect(readdirSync(join(directory, 'cells'))).toEqual(['bb@alive.draft', 'cc.json']);
  });

  it('that are damaged are named, with what to do', async () => {
    const files = openCellFiles(directory, me);
    writeFileSync(join(directory, 'cells', 'ab.json'), '{"result":');
    expect(() => files.read('ab')).toThrow(/ab\.json: not JSON .*Delete the file to run its cell again/);
    writeFileSync(join(directory, 'cells', 'ab.json'), '{}');
    expect(() => files.read('ab')).toThrow(/no cell of this version \(result/);
  });
});

describe('the manifest of a directory', () => {
  const settle = async (text: string, update = false) =>
    settleManifest(directory, await manifestOf(text), { update, runner: 'me' });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'grapevine-cells-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('stays where the cells are the same', async () => {
    await settle('axes: { seed: [1, 2] }');
    const before = readFileSync(join(directory, 'manifest.json'), 'utf8');
    await settle('axes: { seed: { from: 1, to: 2 } } # written otherwise');
    expect(readFileSync(join(directory, 'manifest.json'), 'utf8')).toBe(before);
    expect(readdirSync(directory)).toEqual(['manifest.json']);
  });

  it('refuses other cells and names what differs, unless it is to be updated', async () => {
    await settle('axes: { seed: [1, 2] }');
    const other = 'axes: { seed: [2, 3, 4] }';
    await expect(settle(other)).rejects.toThrow(
      /was begun with other cells: 2 cells \(seed=3; seed=4\) new, 1 cell \(seed=1\) gone\. With --update/,
    );
    await settle(other, true);
    await settle(other);
    await expect(settle('driver: swarm\naxes: { seed: [2, 3, 4] }')).rejects.toThrow(
      /the driver was simulate and is swarm/,
    );
  });
});
