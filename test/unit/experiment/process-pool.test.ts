import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createProcessPool, type TaskEnd } from '../../../src/experiment/process-pool.js';
import { ManualClock } from '../../reference/manual-clock.js';

interface Task {
  readonly does: 'answer' | 'exit' | 'kill' | 'hang';
  readonly value?: number;
}
type Answer = { readonly value: number; readonly pid: number };
type Ended = readonly [Task, TaskEnd<Answer>];

const program = { path: fileURLToPath(new URL('../../reference/fake-task-process.mjs', import.meta.url)) };

function start(tasks: readonly Task[], { workers = 1, timeoutMs = null as number | null } = {}) {
  const clock = new ManualClock();
  const waiting = [...tasks];
  const ended: Ended[] = [];
  const pool = createProcessPool<Task, Answer>({
    workers,
    program,
    clock,
    timeoutMs,
    next: () => waiting.shift(),
    ended: (task, end) => void ended.push([task, end]),
  });
  return { pool, clock, ended, waiting };
}

const answer = (value: number): Task => ({ does: 'answer', value });

describe('a pool of processes', () => {
  it('answers every task, one process for one worker', async () => {
    const { pool, ended } = start([answer(1), answer(2), answer(3)]);
    await pool.finished;
    expect(ended.map(([, end]) => end.kind === 'answer' && end.answer.value)).toEqual([1, 2, 3]);
    expect(new Set(ended.map(([, end]) => end.kind === 'answer' && end.answer.pid)).size).toBe(1);
  });

  it('loses only the task of a process that ends, and says how it ended and what it said last', async () => {
    const { pool, ended } = start([answer(1), { does: 'exit', value: 3 }, { does: 'kill' }, answer(2)]);
    await pool.finished;
    expect(ended.map(([, end]) => end)).toMatchObject([
      { kind: 'answer', answer: { value: 1 } },
      { kind: 'crash', how: 'exit code 3', log: 'a last word\n' },
      { kind: 'crash', how: 'signal SIGKILL' },
      { kind: 'answer', answer: { value: 2 } },
    ]);
  });

  it('ends a task that takes too long, and goes on', async () => {
    const { pool, clock, ended } = start([{ does: 'hang' }, answer(2)], { timeoutMs: 500 });
    await clock.armed();
    clock.advance(500);
    await pool.finished;
    expect(ended.map(([, end]) => [end.kind, end.seconds])).toEqual([
      ['timeout', 0.5],
      ['answer', 0],
    ]);
    expect(clock.pending).toBe(0);
  });

  it('hands out nothing more once it is drained', async () => {
    const clock = new ManualClock();
    const waiting = [answer(1), answer(2)];
    const ended: Task[] = [];
    const pool = createProcessPool<Task, Answer>({
      ...{ workers: 1, program, clock, timeoutMs: null },
      next: () => waiting.shift(),
      ended(task) {
        ended.push(task);
        pool.drain();
      },
    });
    await pool.finished;
    expect(ended).toEqual([answer(1)]);
    expect(waiting).toEqual([answer(2)]);
  });

  it('abandoned, leaves its tasks without an end and no process behind', async () => {
    const { pool, clock, ended } = start([{ does: 'hang' }, { does: 'hang' }], {
      workers: 2,
      timeoutMs: 1000,
    });
    await clock.armed();
    pool.abandon();
    await pool.finished; // its processes have gone
    expect(ended).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('passes on what its owner throws, after its processes have gone', async () => {
    const pool = createProcessPool<Task, Answer>({
      ...{ workers: 2, program, clock: new ManualClock(), timeoutMs: null },
      next: () => answer(1),
      ended() {
        throw new Error('the disk is full');
      },
    });
    await expect(pool.finished).rejects.toThrow('the disk is full');
  });
});
