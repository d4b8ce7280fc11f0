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
  ['torus', 'torus:dims=3x2x4', [24]],
  ['grid', 'grid', SMALL],
  ['grid', 'grid:dims=2x3x4', [24]],
  ['hypercube', 'hypercube', [1, 2, 4, 8, 16, 32]],
  ['tree', 'tree', SMALL],
  ['tree', 'tree:arity=3', SMALL],
  ['exponential', 'exponential', SMALL],
  ['one-peer-exponential', 'one-peer-exponential', SMALL],
  ['base', 'base', SMALL],
  ['base', 'base:k=3', SMALL],
  ['base', 'base:k=2,variant=simple', SMALL],
  ['base', 'base:k=4,variant=hyper-hypercube', [1, 2, 3, 6, 12, 30]],
  ['equitopo', 'equitopo', SMALL],
  ['equitopo', 'equitopo:shifts=2', SMALL],
  ['equitopo-dynamic', 'equitopo-dynamic', SMALL],
  ['watts-strogatz', 'watts-strogatz', SMALL],
  ['watts-strogatz', 'watts-strogatz:degree=2,rewire=0.1', SMALL],
  ['barabasi-albert', 'barabasi-albert', SMALL],
  ['barabasi-albert', 'barabasi-albert:links=1', SMALL],
  ['geometric', 'geometric', SMALL],
  ['geometric', 'geometric:radius=0.5', SMALL],
  ['stochastic-block', 'stochastic-block', SMALL],
  ['stochastic-block', 'stochastic-block:blocks=2,within=0.8,between=0.2', [4, 8, 16, 30]],
  ['random-matching', 'random-matching', SMALL],
  ['random-matching', 'random-matching:on="random-regular:degree=4"', SMALL],
  ['graph-file', 'graph-file:file=test/reference/data/davis-women.graphml', [32]],
  ['latency', 'latency:file=test/reference/data/latencies-6.csv,neighbors=2', [6]],
  ['members', 'members', SMALL],
  ['members', 'members:graph=torus', SMALL],
  ['members', 'members:graph=random-regular,degree=6', SMALL],
  ['members', 'members:graph=exponential', SMALL],
  ['ring', 'ring:weights=max-degree', SMALL],
  ['star', 'star:weights=best-constant', SMALL],
  ['tree', 'tree:weights=lazy', SMALL],
  ['random', 'random:weights=fdla', [1, 2, 3, 4, 8, 16]],
  ['exponential', 'exponential:weights=metropolis-hastings', SMALL],
];

for (const [name, spec, sizes] of families) topologyConformance(name, spec, sizes);

it('covers every topology of the registry', () => {
  expect([...new Set(families.map(([name]) => name))].sort()).toEqual(
    topologies.entries.map(({ name }) => name).sort(),
  );
});
