/** Random families that are not always connected: drawn again until they are, that is, conditioned on being connected. */
import { badTopology } from './family.js';
import { type Graph, isConnected } from './graph.js';

/**
 * Draws before giving up: where one draw in 15 is connected, 100 of them fail in one run of 1,000, and below that a
 * connected graph is a rarity that nobody asked for.
 */
const MAX_DRAWS = 100;

/**
 * The first connected graph that `draw` gives.
 * @param from the family, and the options that made it so hard, for the message
 * @throws GrapevineError BAD_SPEC when MAX_DRAWS draws were all disconnected
 */
export function drawConnected(
  from: { readonly name: string; readonly nodes: number; readonly options: string; readonly remedy: string },
  draw: () => Graph,
): Graph {
  for (let k = 0; k < MAX_DRAWS; k++) {
    const graph = draw();
    if (isConnected(graph)) return graph;
  }
  const { name, nodes, options, remedy } = from;
  throw badTopology(name, nodes, `${options} gave no connected graph in ${MAX_DRAWS} draws; ${remedy}`);
}
