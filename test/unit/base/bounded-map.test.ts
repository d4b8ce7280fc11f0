import { expect, it } from 'vitest';
import { BoundedMap } from '../../../src/base/bounded-map.js';

it('forgets the key that was set longest ago, and none before there are too many', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  expect([map.get('a'), map.get('b')]).toEqual([3, 2]);
  map.set('c', 4);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([3, undefined, 4]);
});

it('knows undefined as a key like any other', () => {
  const map = new BoundedMap<string | undefined, number>(1);
  map.set(undefined, 1);
  map.set('a', 2);
  expect([map.get(undefined), map.get('a')]).toEqual([undefined, 2]);
});
