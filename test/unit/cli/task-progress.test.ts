import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createTaskProgress } from '../../../src/cli/task-progress.js';

function record(isTTY: boolean, quiet = false) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 60 });
  let left: number | null = null;
  const progress = createTaskProgress({ stream, total: 4, ended: 1, secondsLeft: () => left }, { quiet });
  progress.begin('first');
  progress.end('first', 'first is done');
  left = 95;
  progress.end('second', 'second is done');
  progress.say('a sentence');
  progress.end('third', 'third is done');
  progress.stop();
  return String(stream.read() ?? '');
}

describe('progress', () => {
  it('is a line for each task that ends in a pipe, with the time left once it is known', () => {
    expect(record(false)).toBe(
      '2 of 4: first is done\n3 of 4, about 1 min 35 s left: second is done\na sentence\n4 of 4: third is done\n',
    );
  });

  it('is a bar and the running tasks on a terminal, and what has ended stays', () => {
    const text = record(true);
    expect(text).toContain('░');
    expect(text).toMatch(/s {2}first/);
    for (const line of ['first is done\n', 'second is done\n', 'a sentence\n', '4 of 4'])
      expect(text).toContain(line);
  });

  it('is nothing where nothing was asked for', () => {
    expect(record(true, true)).toBe('');
  });
});
