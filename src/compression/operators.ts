/**
 * Every operator there is, and the table that finds a body's decoder by its code. A new operator adds its file's
 * family to the list: that is all.
 */
import { assert } from '../base/assert.js';
import { lowRankFamily } from './low-rank.js';
import { noneFamily } from './none.js';
import type { OperatorDecoder, OperatorFamily } from './operator.js';
import { topKFamily } from './top-k.js';
import { vectorFamily } from './vector.js';

export const operatorFamilies: readonly OperatorFamily[] = [
  noneFamily,
  vectorFamily,
  lowRankFamily,
  topKFamily,
];

/** Decoders by operator code, u8; codes are part of the wire format and are never reused. */
const decoders: readonly (OperatorDecoder | undefined)[] = (() => {
  const table: (OperatorDecoder | undefined)[] = new Array(256).fill(undefined);
  for (const { decoder } of operatorFamilies) {
    assert(decoder.code > 0 && decoder.code < 256, `operator code ${decoder.code} is from 1 to 255`);
    assert(table[decoder.code] === undefined, `operator code ${decoder.code} names one operator`);
    table[decoder.code] = decoder;
  }
  return table;
})();

/** The decoder of `code`, or undefined when there is none. */
export function decoderOf(code: number): OperatorDecoder | undefined {
  return decoders[code];
}

/** "1 none, 2 int8, ...": what error messages list. */
export function listDecoders(): string {
  return decoders
    .flatMap((decoder) => (decoder === undefined ? [] : [`${decoder.code} ${decoder.name}`]))
    .join(', ');
}
