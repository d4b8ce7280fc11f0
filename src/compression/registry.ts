/**
 * The compressors a user can name: `none`, `low-rank:rank=8,bits=4`, ... A compressor applies its family's
 * operator to each block and keeps one state entry a block.
 */
import { createRandom, nextUint32, type Random } from '../base/random.js';
import { createRegistry, type Registry } from '../base/registry.js';
import type { Compressor } from './compressor.js';
import { encodeMessage, messageBytes } from './message.js';
import type { OperatorPlan } from './operator.js';
import { operatorFamilies } from './operators.js';

/** A generator for one block, drawn from `source`. */
function splitRandom(source: Random): Random {
  return createRandom(nextUint32(source), nextUint32(source), nextUint32(source), nextUint32(source));
}

/** The compressor that encodes each block with the operator `plan` chooses for its shape. */
export function createCompressor(plan: OperatorPlan, spec: string): Compressor {
  return {
    spec,
    createState(blocks, random) {
      const source = random.slice();
      return blocks.map((block) => plan(block).createState(splitRandom(source)));
    },
    encode: (values, blocks, state) => encodeMessage(values, blocks, { plan, state }),
    encodedBytes: (blocks) => messageBytes(blocks, plan),
  };
}

/** Resolves specs such as `low-rank:rank=8,bits=4`. */
export const compressors: Registry<Compressor> = createRegistry<Compressor>(
  'compressor',
  operatorFamilies.map(({ entry }) => ({
    ...entry,
    make: (options: unknown, spec: string) => createCompressor(entry.make(options, spec), spec),
  })),
);
