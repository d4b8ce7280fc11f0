import { describe, expect, test } from 'vitest';
import { createGate, createTurns } from '../../../src/node/turns.js';

/** A task that a test ends by hand. */
function task(log: string[], name: string) {
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const run = async () => {
    log.push(`${name} begins`);
    await done;
    log.push(`${name} ends`);
    return name;
  };
  return { run, finish };
}

describe('turns', () => {
  test('tasks do not overlap and keep their order, whatever becomes of the one before', async () => {
    const log: string[] = [];
    const inTurn = createTurns();
    const [a, c] = [task(log, 'a'), task(log, 'c')];
    const first = inTurn(a.run);
    const second = inTurn(() => Promise.reject(new Error('b fails')));
    const third = inTurn(c.run);
    c.finish();
    a.finish();
    expect(await first).toBe('a');
    await expect(second).rejects.toThrow('b fails');
    expect(await third).toBe('c');
    expect(log).toEqual(['a begins', 'a ends', 'c begins', 'c ends']);
  });

  test('a gate lets so many in at once, and the next when one leaves, even by failing', async () => {
    const log: string[] = [];
    const gate = createGate(2);
    const tasks = ['a', 'b', 'c', 'd'].map((name) => task(log, name));
    const runs = tasks.map(({ run }) => gate(run));
    await Promise.resolve();
    expect(log).toEqual(['a begins', 'b begins']);
    tasks[1]!.finish();
    await runs[1];
    tasks[2]!.finish();
    await runs[2];
    expect(log).toEqual(['a begins', 'b begins', 'b ends', 'c begins', 'c ends', 'd begins']);
    for (const { finish } of tasks) finish();
    await Promise.all(runs);
    await expect(gate(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate(async () => 1)).toBe(1);
  });
});
