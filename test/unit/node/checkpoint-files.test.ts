import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Checkpoint, snapshotOf } from '../../../src/node/checkpoint.js';
import {
  checkpointName,
  checkpointRounds,
  forgetAfter,
  loadCheckpoint,
  loadLatestCheckpoint,
  newestCommonRound,
  saveCheckpoint,
} from '../../../src/node/checkpoint-files.js';
import { readSafeTensors } from '../../../src/training/safetensors.js';
import { CrashingDisk, type Luck } from '../../reference/crashing-disk.js';

const layout = { size: 2, tensors: [{ name: 'w', shape: [2], offset: 0, size: 2 }], blocks: [] };
const hashes = { configuration: 'c0ffee', model: 'abc' };

function checkpointOf(round: number, owner = 'peer-0'): Checkpoint {
  const parts = { peer: snapshotOf('peer', { round, x: Float32Array.of(round, 0.5) }) };
  return { owner, round, hashes, layout, parameters: Float32Array.of(round, 2), parts };
}

const wanted = { owner: 'peer-0', hashes };

async function directoryWith(rounds: readonly number[], keep = 3) {
  const place = { directory: await mkdtemp(join(tmpdir(), 'checkpoints-')), keep };
  for (const round of rounds) await saveCheckpoint(place, checkpointOf(round));
  return place;
}

describe('checkpoints in a directory', () => {
  it('are read back by owner and round, the newest first, and the last few are kept', async () => {
    const place = await directoryWith([10, 20, 100, 110]);
    expect(await checkpointRounds(place, 'peer-0')).toEqual([20, 100, 110]);
    expect(await checkpointRounds(place, 'peer')).toEqual([]);
    const saved = await loadLatestCheckpoint(place, wanted);
    expect([saved?.round, saved?.restore('peer')]).toEqual([
      110,
      { round: 110, x: Float32Array.of(110, 0.5) },
    ]);
    expect((await loadCheckpoint(place, { ...wanted, round: 20 })).round).toBe(20);
  });

  it('hold the model under its own names, for other readers', async () => {
    const { directory } = await directoryWith([7]);
    const tensors = await readSafeTensors(join(directory, checkpointName('peer-0', 7)));
    expect(tensors).toEqual([{ name: 'w', shape: [2], values: Float32Array.of(7, 2) }]);
  });

  it('are none where the directory is missing', async () => {
    expect(await loadLatestCheckpoint({ directory: '/nowhere' }, wanted)).toBeNull();
  });

  const damages: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
    ['cut off', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['empty', () => new Uint8Array(0)],
    ['changed by one bit', (bytes) => bytes.with(bytes.length - 3, bytes.at(-3)! ^ 1)],
    ['text', () => new TextEncoder().encode('not a checkpoint at all')],
  ];
  for (const [title, damage] of damages) {
    it(`are passed over where one is ${title}, and the one before it serves`, async () => {
      const place = await directoryWith([1, 2, 3]);
      const path = join(place.directory, checkpointName('peer-0', 3));
      await writeFile(path, damage(new Uint8Array(await readFile(path))));
      const refused: string[] = [];
      const saved = await loadLatestCheckpoint(place, wanted, ({ code }) => refused.push(code));
      expect([saved?.round, refused]).toEqual([2, ['CHECKPOINT_UNREADABLE']]);
    });
  }

  it('are refused by code where they are of another configuration, saying which of the two differs', async () => {
    const place = await directoryWith([1]);
    const other = { ...wanted, hashes: { ...hashes, model: 'def' } };
    await expect(loadCheckpoint(place, { ...other, round: 1 })).rejects.toMatchObject({
      code: 'CHECKPOINT_MISMATCH',
      message: expect.stringContaining('got the model of hash abc, wanted def'),
    });
    expect(await loadLatestCheckpoint(place, other)).toBeNull();
  });

  it('of a swarm have one newest round that all of its peers can go on from', async () => {
    const place = await directoryWith([10, 20, 30]);
    for (const round of [10, 20]) await saveCheckpoint(place, checkpointOf(round, 'peer-1'));
    const swarm = { owners: ['peer-0', 'peer-1'], hashes };
    expect(await newestCommonRound(place, swarm)).toBe(20);
    await writeFile(join(place.directory, checkpointName('peer-1', 20)), '');
    expect(await newestCommonRound(place, swarm)).toBe(10);
    expect(await newestCommonRound(place, { ...swarm, accept: (round) => round !== 10 })).toBeNull();
    await forgetAfter(place, swarm.owners, 10);
    expect(await checkpointRounds(place, 'peer-0')).toEqual([10]);
  });
});

describe('a checkpoint that cannot be written', () => {
  for (const [title, code] of [
    ['a full disk', 'ENOSPC: no space left on device'],
    ['a read-only directory', 'EROFS: read-only file system'],
  ] as const) {
    for (const on of ['create', 'write', 'sync', 'rename']) {
      it(`by ${title}, seen in ${on}, is an error that says so, and those before it are kept`, async () => {
        const files = new CrashingDisk();
        const place = { directory: '/run', files };
        await saveCheckpoint(place, checkpointOf(1));
        files.failure = { on, error: new Error(code) };
        await expect(saveCheckpoint(place, checkpointOf(2))).rejects.toMatchObject({
          code: 'CHECKPOINT_FAILED',
          message: expect.stringContaining(code),
        });
        files.failure = null;
        expect(await files.list('/run')).toEqual([checkpointName('peer-0', 1)]);
        await saveCheckpoint(place, checkpointOf(3));
        expect((await loadLatestCheckpoint(place, wanted))?.round).toBe(3);
      });
    }
  }
});

describe('a power cut', () => {
  /** Saves three checkpoints, of which one is kept, until the power fails at operation `cutAt`; false: it did not. */
  async function saveUntil(cutAt: number): Promise<{ disk: CrashingDisk; saved: number; cut: boolean }> {
    const disk = new CrashingDisk();
    disk.cutAt = cutAt;
    for (let round = 1; round <= 3; round++) {
      try {
        await saveCheckpoint({ directory: '/run', files: disk, keep: 1 }, checkpointOf(round));
      } catch {
        return { disk, saved: round - 1, cut: true };
      }
    }
    return { disk, saved: 3, cut: false };
  }

  for (const luck of ['lost', 'half', 'kept'] as Luck[]) {
    it(`at any operation loses no checkpoint that was there, with what was not synced ${luck}`, async () => {
      let cuts = 0;
      for (let cutAt = 1; ; cutAt++) {
        const { disk, saved, cut } = await saveUntil(cutAt);
        if (!cut) break;
        cuts += 1;
        const place = { directory: '/run', files: disk.restart(luck), keep: 1 };
        const refused: string[] = [];
        const latest = await loadLatestCheckpoint(place, wanted, ({ code }) => refused.push(code));
        expect([saved, saved + 1], `cut at operation ${cutAt}`).toContain(latest?.round ?? 0);
        expect(refused).toEqual([]);
        await saveCheckpoint(place, checkpointOf(9)); // what is left behind is in nobody's way
        expect((await loadLatestCheckpoint(place, wanted))?.round).toBe(9);
      }
      expect(cuts).toBeGreaterThan(20);
    });
  }
});
