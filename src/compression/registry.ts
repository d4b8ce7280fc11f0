/**
 * The compressors a user can name: `none`, `low-rank:rank=8,bits=4`, ..., and what composition-spec.ts builds of them,
 * such as `ef+top-k` or `low-rank:rank=8+int8`. A compressor applies its plan's operators to each block and keeps one
 * state entry a block.
 */
import { createRegistry, type Registry } from '../base/registry.js';
import { type ResolvedPlan, resolvePlan } from './composition-spec.js';
import type { Compressor } from './compressor.js';
import { encodeMessage, messageBytes } from './message.js';
import { splitRandom } from './nesting.js';
import type { OperatorPlan } from './operator.js';
import { decoderTable, operatorFamilies } from './operators.js';

/** The compressor that encodes each block with the operator `plan` chooses for it. */
export function createCompressor(plan: OperatorPlan, spec: string): Compressor {
  return {
    spec,
    createState(blocks, random) {
      const source = random.slice();
      return blocks.map((block) => plan(block).createState(splitRandom(source)));
    },
    encode: (values, blocks, state) => encodeMessage(values, blocks, { plan, state }),
    encodeDifference: ({ values, subtrahend }, blocks, state) =>
      encodeMessage(values, blocks, { plan, state, subtrahend }),
    encodedBytes: (blocks) => messageBytes(blocks, plan),
  };
}

const families: Registry<ResolvedPlan> = createRegistry<ResolvedPlan>(
  'compressor',
  operatorFamilies.map(({ entry }) => ({
    ...entry,
    make: (options: unknown, spec: string) => ({ plan: entry.make(options, spec), spec }),
  })),
);

const resolve = (text: string): ResolvedPlan => resolvePlan(text, { families, decoders: decoderTable });

/** Resolves specs such as `low-rank:rank=8,bits=4`. Entries are the families alone: each is a spec by itself. */
export const compressors: Registry<Compressor> = {
  kind: families.kind,
  entries: families.entries,
  resolve(text) {
    const { plan, spec } = resolve(text);
    return createCompressor(plan, spec);
  },
  canonical: (text) => resolve(text).spec,
};
