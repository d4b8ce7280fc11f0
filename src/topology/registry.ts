/**
 * The topologies a user can name. To add one: a file beside this one that exports `defineTopology({...})`, its line
 * below, and its line in test/conformance/topology.test.ts.
 */
import { createRegistry, type Registry } from '../base/registry.js';
import { complete } from './complete.js';
import { erdosRenyi } from './erdos-renyi.js';
import type { TopologyFamily } from './family.js';
import { path } from './path.js';
import { randomRegular } from './random-regular.js';
import { ring } from './ring.js';
import { star } from './star.js';
import type { Topology } from './topology.js';
import { torus } from './torus.js';

export const topologies: Registry<TopologyFamily> = createRegistry<TopologyFamily>('topology', [
  ring,
  path,
  torus,
  erdosRenyi,
  randomRegular,
  complete,
  star,
]);

/**
 * The topology `spec` names, on `nodes` nodes. Equal arguments give equal topologies on any machine.
 * @throws GrapevineError BAD_SPEC, BAD_CONFIG
 */
export function buildTopology(spec: string, nodes: number, seed: number): Topology {
  return topologies.resolve(spec).build(nodes, seed);
}
