/**
 * Nearest-neighbor averaging (Farhadkhani, Guerraoui, Gupta, Hoang, Pinot and Stephan 2023, "Robust collaborative
 * learning with linear gradient overhead"; the mixing step of MoNNA): a peer averages the models nearest to
 * its own and leaves out the f farthest, since f neighbors may lie,
 *
 *     x_i <- mean of the |N_i| + 1 - f models nearest to x_i, its own among them
 *
 * after the local steps. What a liar can do is bounded by the distance of the farthest model that is kept.
 *
 * It does not keep the mean, even among honest peers: who is near to whom is not symmetric, and peers whose data differ
 * lose each other. It is the one algorithm here that is no sum of antisymmetric corrections: exchanges carry models and
 * move nothing, and the average is taken when the round's exchanges are done. W is not used. A neighbor that was not heard
 * in a round is not in the mean, and of those that were, f are left out.
 */
import type { Algorithm } from './algorithm.js';
import { checkByzantine } from './clipping.js';
import { createSentPair, densePart, readPair, type SentPair } from './dense-exchange.js';
import { correctionInto, ordered, requirePlausible } from './mixing-step.js';

export interface NearestNeighborOptions {
  /** f: how many neighbors may lie. */
  readonly byzantine: number;
}

interface NodeMemory {
  /** Models heard in the round under way, by neighbor; the edges' own vectors. */
  readonly heard: Map<number, Float32Array>;
}

function squaredDistance(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += (x[k]! - y[k]!) ** 2;
  return sum;
}

/** x <- mean of x and the `count` models nearest to it; of two as near the lower neighbor's. Sums run by neighbor. */
export function averageNearest(
  x: Float32Array,
  models: ReadonlyMap<number, Float32Array>,
  count: number,
): void {
  const nearest = [...models]
    .map(([neighbor, model]) => ({ neighbor, model, distance: squaredDistance(model, x) }))
    .sort((a, b) => a.distance - b.distance || a.neighbor - b.neighbor)
    .slice(0, Math.max(0, count))
    .sort((a, b) => a.neighbor - b.neighbor);
  for (let k = 0; k < x.length; k++) {
    let sum = x[k]!;
    for (const { model } of nearest) sum += model[k]!;
    x[k] = sum / (nearest.length + 1);
  }
}

export function createNearestNeighbor(
  { byzantine }: NearestNeighborOptions,
  spec: string,
): Algorithm<NodeMemory, SentPair> {
  return {
    name: 'nearest-neighbor',
    spec,
    compresses: 'nothing',
    oneMatrix: 'compares all its neighbors in each round',
    toleratesChurn: true,
    checkEdges: ({ length }) => checkByzantine('nearest-neighbor', byzantine, length),
    createNode: () => ({ heard: new Map() }),
    createEdge: createSentPair,
    beginRound() {},
    compose: (context, _node, { parameters }) => ({ gamma: 1, parts: [densePart(context, parameters)] }),
    apply(context, { heard }, { edge, own, theirs, parameters }) {
      const { memory, neighbor } = edge;
      readPair(context, memory, { own, theirs });
      correctionInto(context.scratch, ordered(context.node, neighbor, memory.own, memory.theirs), 1);
      requirePlausible(context.scratch, parameters, `the difference to peer ${neighbor}`);
      context.scratch.fill(0);
      heard.set(neighbor, memory.theirs);
      return memory;
    },
    endRound(_context, { heard }, { parameters }) {
      averageNearest(parameters, heard, heard.size - byzantine);
      heard.clear();
      return undefined;
    },
  };
}
