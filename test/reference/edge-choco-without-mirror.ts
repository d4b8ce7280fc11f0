/**
 * Edge-CHOCO without its mirror line (S_i += c, S_j -= c), for the ablation: per-edge replicas alone do not make
 * gamma = 1 stable. The wrapped algorithm applies an exchange and the mirrored correction is taken back out.
 */
import { compressors } from '../../src/compression/registry.js';
import { createEdgeChoco } from '../../src/consensus/edge-choco.js';
import { ordered } from '../../src/consensus/mixing-step.js';
import { addSignedInto } from '../../src/linalg/pairs.js';

type EdgeChoco = ReturnType<typeof createEdgeChoco>;

export function createEdgeChocoWithoutMirror(gamma: number): EdgeChoco {
  const whole = createEdgeChoco(
    { gamma },
    `edge-choco-without-mirror:gamma=${gamma}`,
    compressors.resolve('none'),
  );
  return {
    ...whole,
    apply(context, node, exchange) {
      const replicas = whole.apply(context, node, exchange);
      if (replicas === null) throw new Error('edge-choco has replicas');
      const { low, high } = ordered(context.node, exchange.edge.neighbor, replicas.own, replicas.theirs);
      addSignedInto(low, context.scratch, -1);
      addSignedInto(high, context.scratch, 1);
      return replicas;
    },
  };
}
