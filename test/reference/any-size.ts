/** Families of topologies that take any number of nodes and need no file, for tests that try them all. */
import { topologies } from '../../src/topology/registry.js';

const others = new Set(['hypercube', 'graph-file', 'latency']);

export function namesOfAnySize(): string[] {
  return topologies.entries.map(({ name }) => name).filter((name) => !others.has(name));
}
