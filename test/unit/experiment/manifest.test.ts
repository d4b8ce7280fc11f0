import { describe, expect, it } from 'vitest';
import { cellId, cellTitle } from '../../../src/experiment/manifest.js';
import { manifestOf } from '../../reference/sweep-keys.js';

describe('a manifest', () => {
  it('is the same for the same cells, however the file is written', async () => {
    const one = await manifestOf('settings: { peers: 4, rounds: 3 }\naxes: { seed: [1, 2] }');
    const two = await manifestOf(
      'axes:\n  seed: { from: 1, to: 2 }\nsettings: { rounds: 3, peers: 4 } # the same',
    );
    expect(two.cells.map(({ cell }) => cell)).toEqual(one.cells.map(({ cell }) => cell));
    const other = await manifestOf('settings: { peers: 4, rounds: 4 }\naxes: { seed: [1, 2] }');
    expect(other.hash).not.toBe(one.hash);
  });

  it('counts cells that are the same run, however it is spelled, and has each once', async () => {
    const { cells, duplicates } = await manifestOf(
      'axes: { topology: [torus, "torus:rows=2,cols=4", ring] }',
    );
    expect(cells.map(({ settings, index }) => [index, settings.topology])).toEqual([
      [0, 'torus:rows=2,cols=4'],
      [1, 'ring'],
    ]);
    expect(duplicates).toEqual({ [cells[0]!.cell]: 1 });
  });

  it('keeps a cell that cannot run, with the reason, and all the others', async () => {
    const { cells } = await manifestOf('axes: { topology: [ring, star], peers: [2, 4] }');
    expect(cells.map(({ refused }) => refused?.message ?? null)).toEqual([
      'a ring of 2 is a path.',
      null,
      null,
      null,
    ]);
    expect(cells[0]).toMatchObject({ axes: { topology: 'ring', peers: 2 }, configHash: null });
  });

  it('names as axes the keys that take several values, as verified, and sets of keys by their name', async () => {
    const { cells } = await manifestOf(
      'axes: { topology: [torus, ring], peers: [8], link: { a: { latencyMs: 1 }, b: { latencyMs: 2 } } }',
    );
    expect(cells[1]!.axes).toEqual({ topology: 'torus:rows=2,cols=4', link: 'b' });
    expect(cellTitle(cells[1]!)).toBe('topology=torus:rows=2,cols=4 link=b');
    expect(cells[1]!.settings).toMatchObject({ peers: 8, latencyMs: 2 });
  });

  it('says which exclude fits nothing, and where it stands', async () => {
    const { notices } = await manifestOf('axes: { seed: [1] }\nexclude:\n  - { seed: 3 }');
    expect(notices).toEqual([expect.stringMatching(/^sweep\.yaml:3:5: excludes nothing/)]);
  });
});

describe('the id of a cell', () => {
  it('depends on driver and settings, and on no order', () => {
    const id = cellId('simulate', { peers: 4, seed: 1 });
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(cellId('simulate', { seed: 1, peers: 4 })).toBe(id);
    expect(cellId('swarm', { peers: 4, seed: 1 })).not.toBe(id);
    expect(cellId('simulate', { peers: 4, seed: 2 })).not.toBe(id);
  });

  it("does not depend on where a user's task lies", () => {
    const at = (task: string) => cellId('simulate', { task });
    expect(at('/home/me/task.js#0123456789ab')).toBe(at('./task.js#0123456789ab'));
    expect(at('./task.js#0123456789ab')).not.toBe(at('./task.js#ba9876543210'));
  });
});
