import { describe, expect, it } from 'vitest';
import { createRandom, uniformInt } from '../../../src/base/random.js';
import { EventQueue } from '../../../src/simulation/event-queue.js';

function drain<T>(queue: EventQueue<T>): { readonly atMs: number; readonly event: T }[] {
  const events: { readonly atMs: number; readonly event: T }[] = [];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) events.push(next);
  return events;
}

describe('the queue of events', () => {
  it('gives the earliest first, and at the same time the one scheduled first', () => {
    const queue = new EventQueue<string>();
    for (const [atMs, event] of [
      [5, 'c'],
      [1, 'a'],
      [5, 'd'],
      [1, 'b'],
    ] as const)
      queue.push(atMs, event);
    expect(drain(queue).map(({ event }) => event)).toEqual(['a', 'b', 'c', 'd']);
    expect(queue.pop()).toBeUndefined();
  });

  it('equals a stable sort by time, with pops in between', () => {
    const random = createRandom('event queue');
    const queue = new EventQueue<number>();
    const pending: { atMs: number; event: number }[] = [];
    for (let event = 0; event < 2000; event++) {
      const atMs = uniformInt(random, 50);
      queue.push(atMs, event);
      pending.push({ atMs, event });
      if (uniformInt(random, 3) > 0) continue;
      pending.sort((a, b) => a.atMs - b.atMs || a.event - b.event);
      expect(queue.pop()).toMatchObject(pending.shift()!);
    }
    pending.sort((a, b) => a.atMs - b.atMs || a.event - b.event);
    expect(drain(queue).map(({ event }) => event)).toEqual(pending.map(({ event }) => event));
  });
});
