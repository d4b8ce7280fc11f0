/**
 * The topologies a user can name. To add one: a file beside this one that exports `defineTopology({...})`, its line
 * below, and its line in test/conformance/topology.test.ts.
 */
import { createRegistry, type Registry } from '../base/registry.js';
import { barabasiAlbert } from './barabasi-albert.js';
import { base } from './base.js';
import { complete } from './complete.js';
import { equiTopo, equiTopoDynamic } from './equitopo.js';
import { erdosRenyi } from './erdos-renyi.js';
import { exponential, onePeerExponential } from './exponential.js';
import type { TopologyFamily } from './family.js';
import { geometric } from './geometric.js';
import { graphFile } from './graph-file.js';
import { grid } from './grid.js';
import { hypercube } from './hypercube.js';
import { latency } from './latency.js';
import { defineRandomMatching } from './matching-schedule.js';
import { members } from './members.js';
import { path } from './path.js';
import { randomRegular } from './random-regular.js';
import { ring } from './ring.js';
import { star } from './star.js';
import { stochasticBlock } from './stochastic-block.js';
import type { Topology } from './topology.js';
import { torus } from './torus.js';
import { tree } from './tree.js';
import { wattsStrogatz } from './watts-strogatz.js';

const unchanging = [
  ring,
  path,
  torus,
  grid,
  hypercube,
  tree,
  exponential,
  equiTopo,
  erdosRenyi,
  randomRegular,
  wattsStrogatz,
  barabasiAlbert,
  geometric,
  stochasticBlock,
  complete,
  star,
  graphFile,
  latency,
];

const unchangingFamilies = createRegistry<TopologyFamily>('topology', unchanging);

export const topologies: Registry<TopologyFamily> = createRegistry<TopologyFamily>('topology', [
  ...unchanging,
  members,
  onePeerExponential,
  base,
  equiTopoDynamic,
  defineRandomMatching((spec) => unchangingFamilies.resolve(spec)),
]);

/**
 * The topology `spec` names, on `nodes` nodes. Equal arguments give equal topologies on any machine.
 * @throws GrapevineError BAD_SPEC, BAD_CONFIG
 */
export function buildTopology(spec: string, nodes: number, seed: number): Topology {
  return topologies.resolve(spec).build(nodes, seed);
}
