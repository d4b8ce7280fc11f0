/** The launcher with real processes that train nothing (test/reference/fake-worker.mjs), on a clock set by hand. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { RunConfig } from '../../../src/config/schema.js';
import { SwarmLauncher } from '../../../src/node/swarm-launcher.js';
import type { FromWorker } from '../../../src/node/swarm-messages.js';
import { ManualClock } from '../../reference/manual-clock.js';

const workerPath = fileURLToPath(new URL('../../reference/fake-worker.mjs', import.meta.url));
const SILENCE_MS = 5_000;

/** What the worker of `to` says that it was told. */
interface Told {
  readonly to: number;
  readonly type: string;
  readonly bootstrap?: readonly string[];
  readonly peer?: number;
  readonly pid: number;
}

function launch(peers: number, { mute = [], lively = [] }: { mute?: number[]; lively?: number[] } = {}) {
  const clock = new ManualClock();
  const told: Told[] = [];
  const lost: [peer: number, reason: string][] = [];
  let alive = 0;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const check of waiting.splice(0)) check();
  };
  const launcher = new SwarmLauncher({
    workerPath,
    peers,
    processes: peers,
    assignment: {
      config: { mute, lively } as unknown as RunConfig, // what the worker here reads
      swarm: 'launched',
      reach: { listen: [''] },
      cacheDirectory: '',
      checkpointDirectory: null,
      startTimeoutMs: SILENCE_MS,
    },
    clock,
    silenceMs: SILENCE_MS,
    onMessage(message: FromWorker) {
      if (message.type === 'alive') alive++;
      if (message.type === 'notice') told.push({ to: message.peer!, ...JSON.parse(message.message) });
      wake();
    },
    onLost(peer, { reason }) {
      lost.push([peer, reason]);
      wake();
    },
    onErrorOutput() {},
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
  };
  const heard = async (to: number, type: string): Promise<Told> => {
    const find = () => told.find((each) => each.to === to && each.type === type);
    await until(() => find() !== undefined);
    return find()!;
  };
  return { clock, told, lost, launcher, outcome: launcher.run(), until, heard, words: () => alive };
}

describe('launcher', () => {
  test('begins one process alone and sends the others to its door', async () => {
    const { launcher, outcome, heard } = launch(3);
    expect((await heard(0, 'begin')).bootstrap).toEqual([]);
    expect((await heard(1, 'begin')).bootstrap).toEqual(['door-0']);
    expect((await heard(2, 'begin')).bootstrap).toEqual(['door-0']);
    launcher.stop();
    expect(await outcome).toEqual({ finished: [0, 1, 2], lost: [] });
  });

  test('begins with the next process when the first is killed before it listens', async () => {
    const { launcher, outcome, lost, heard, told } = launch(3, { mute: [0] });
    process.kill((await heard(0, 'begin')).pid, 'SIGKILL');
    expect((await heard(1, 'begin')).bootstrap).toEqual([]);
    expect((await heard(2, 'begin')).bootstrap).toEqual(['door-1']);
    expect(lost).toEqual([[0, 'SIGKILL']]);
    expect(told.filter(({ type }) => type === 'gone').map(({ peer }) => peer)).toEqual([0, 0]);
    launcher.stop();
    expect(await outcome).toEqual({ finished: [1, 2], lost: [0] });
  });

  test('shows the others a new door when the peer behind the first is killed', async () => {
    const { launcher, outcome, heard, until, told } = launch(3);
    await until(() => told.filter(({ type }) => type === 'begin').length === 3);
    process.kill((await heard(0, 'begin')).pid, 'SIGKILL');
    const doors = [await heard(1, 'join'), await heard(2, 'join')].map(({ bootstrap }) => bootstrap);
    expect(doors[0]).toEqual(doors[1]);
    expect([['door-1'], ['door-2']]).toContainEqual(doors[0]);
    launcher.stop();
    expect(await outcome).toEqual({ finished: [1, 2], lost: [0] });
  });

  test('takes no process for silent because it was stopped itself, as by Ctrl+Z', async () => {
    const { clock, launcher, outcome, lost, heard } = launch(2);
    await heard(1, 'begin');
    clock.block(20 * SILENCE_MS);
    expect(lost).toEqual([]);
    launcher.stop();
    expect((await outcome).lost).toEqual([]);
  });

  test('waits five times as long for a silent process while another works', async () => {
    const { clock, launcher, outcome, lost, heard, until, words } = launch(2, { lively: [0] });
    await heard(1, 'begin');
    for (let seconds = 1; seconds <= (5 * SILENCE_MS) / 1_000; seconds++) {
      const before = words();
      clock.advance(1_000);
      await until(() => words() > before + 1);
      expect(lost).toEqual([]);
    }
    clock.advance(2_000);
    expect(lost).toEqual([[1, 'silent']]);
    launcher.stop();
    expect(await outcome).toEqual({ finished: [0], lost: [1] });
  });

  test('gives up and ends processes that say nothing', async () => {
    const { clock, outcome, lost, heard } = launch(2);
    await heard(1, 'begin');
    clock.advance(SILENCE_MS + 1_000);
    expect(lost).toEqual([
      [0, 'silent'],
      [1, 'silent'],
    ]);
    expect(await outcome).toEqual({ finished: [], lost: [0, 1] });
  });
});
