import { expect, it } from 'vitest';
import { createBatches, epochOrder } from '../../../src/training/batches.js';

const plan = { seed: 5, peer: 2, samples: 10, batch: 4 };

it('every sample comes exactly once an epoch, over batches that run from one epoch into the next', () => {
  const batchAt = createBatches(plan);
  const drawn = [0, 1, 2, 3, 4].flatMap((step) => [...batchAt(step)]); // 20 places: two epochs
  const ascending = (list: number[]) => [...list].sort((a, b) => a - b);
  expect(ascending(drawn.slice(0, 10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(ascending(drawn.slice(10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(drawn).toEqual([...epochOrder(plan, 0), ...epochOrder(plan, 1)]);
});

it('a batch depends on its step alone, not on the steps before it', () => {
  const whole = createBatches(plan);
  for (let step = 0; step < 7; step++) whole(step);
  expect(createBatches(plan)(7)).toEqual(whole(7));
  expect(whole(2)).toEqual(createBatches(plan)(2));
});

it('peers, seeds and epochs have orders of their own', () => {
  const orders = [
    epochOrder(plan, 0),
    epochOrder(plan, 1),
    epochOrder({ ...plan, peer: 3 }, 0),
    epochOrder({ ...plan, seed: 6 }, 0),
  ];
  expect(new Set(orders.map(String)).size).toBe(4);
});

it('a shard smaller than the batch is taken whole', () => {
  const batch = createBatches({ ...plan, samples: 3 })(1);
  expect([...batch].sort()).toEqual([0, 1, 2]);
});
