/**
 * Exact gossip: every peer sends its parameters as they are and moves by W.
 *
 *     x_i <- sum_j w_ij x_j  =  x_i + sum_j w_ij (x_j - x_i)
 *
 * (Xiao and Boyd 2004; with local training in between, D-PSGD in its adapt-then-combine form, Lian et al. 2017.)
 * The upper baseline in accuracy, and the unit in which bytes are counted: 4 bytes a parameter, edge and round.
 */
import { createRandom } from '../base/random.js';
import type { Algorithm } from './algorithm.js';
import { correctionInto, ordered } from './mixing-step.js';
import { advanceReplica } from './replica.js';

interface EdgeMemory {
  readonly own: Float32Array;
  readonly theirs: Float32Array;
}

export function createExactGossip(spec: string): Algorithm<null, EdgeMemory> {
  return {
    name: 'exact',
    spec,
    compresses: 'nothing',
    createNode: () => null,
    createEdge: ({ initialReplica }) => ({
      own: new Float32Array(initialReplica.length),
      theirs: new Float32Array(initialReplica.length),
    }),
    beginRound() {},
    compose({ compressor, blocks }, _node, { parameters }) {
      const state = compressor.createState(blocks, createRandom('exact'));
      return { gamma: 1, parts: [{ kind: 'replace', bytes: compressor.encode(parameters, blocks, state) }] };
    },
    apply({ node, blocks, scratch }, _memory, { edge, own, theirs }) {
      const { memory, neighbor, weight } = edge;
      advanceReplica(memory.own, own, blocks);
      advanceReplica(memory.theirs, theirs, blocks);
      correctionInto(scratch, ordered(node, neighbor, memory.own, memory.theirs), weight);
      return memory;
    },
  };
}
