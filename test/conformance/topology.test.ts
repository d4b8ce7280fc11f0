import { expect, it } from 'vitest';
import { topologies } from '../../src/topology/registry.js';
import { topologyConformance } from './topology.js';

const SMALL = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 17, 30];

const families: readonly (readonly [name: string, spec: string, sizes: readonly number[]])[] = [
  ['ring', 'ring', SMALL],
  ['path', 'path', SMALL],
  ['torus', 'torus', SMALL],
  ['torus', 'torus:rows=2', [2, 4, 6, 8, 10]],
  ['torus', 'torus:rows=3,cols=5', [15]],
  ['random', 'random', SMALL],
  ['random', 'random:probability=0.4', [8, 16, 30]],
  ['random-regular', 'random-regular', SMALL],
  ['random-regular', 'random-regular:degree=2', [1, 2, 3, 4, 5, 9, 40]],
  ['random-regular', 'random-regular:degree=3', [4, 6, 8, 20, 40]],
  ['random-regular', 'random-regular:degree=11', [4, 12, 14, 16, 20, 24]],
  ['complete', 'complete', SMALL],
  ['star', 'star', SMALL],
];

for (const [name, spec, sizes] of families) topologyConformance(name, spec, sizes);

it('covers every topology of the registry', () => {
  expect([...new Set(families.map(([name]) => name))].sort()).toEqual(
    topologies.entries.map(({ name }) => name).sort(),
  );
});
