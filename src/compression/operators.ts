/**
 * Every operator there is, and the table that finds a body's decoder by its code. A new operator adds its file's
 * family to the list: that is all. Compositions of operators have codes too, and no family: their names are a grammar
 * (composition-spec.ts).
 */
import { assert } from '../base/assert.js';
import { adaptiveRankFamily } from './adaptive-rank.js';
import { quantizeFamily } from './block-quantization.js';
import { createCarriedDecoder } from './carried.js';
import { carryingLowRankFamily } from './low-rank-numbers.js';
import { naturalFamily } from './natural.js';
import { naturalDitheringFamily } from './natural-dithering.js';
import { noneFamily } from './none.js';
import type { DecoderTable, OperatorDecoder, OperatorFamily } from './operator.js';
import { qsgdFamily } from './qsgd.js';
import { randKFamily } from './rand-k.js';
import { randomizedSvdFamily } from './randomized-svd.js';
import { sddFamily } from './sdd.js';
import { signFamily } from './sign.js';
import { createStagedDecoder } from './staged.js';
import { svdFamily } from './svd.js';
import { ternaryFamily } from './ternary.js';
import { thresholdFamily } from './threshold.js';
import { topKFamily } from './top-k.js';
import { vectorFamily } from './vector.js';
import { wangniFamily } from './wangni.js';

export const operatorFamilies: readonly OperatorFamily[] = [
  noneFamily,
  vectorFamily,
  carryingLowRankFamily,
  svdFamily,
  randomizedSvdFamily,
  adaptiveRankFamily,
  sddFamily,
  topKFamily,
  qsgdFamily,
  quantizeFamily,
  naturalFamily,
  naturalDitheringFamily,
  signFamily,
  ternaryFamily,
  randKFamily,
  thresholdFamily,
  wangniFamily,
];

const decoderList = (): readonly OperatorDecoder[] => [
  ...operatorFamilies.flatMap(({ decoder }) => decoder ?? []),
  createCarriedDecoder(
    decoderTable,
    operatorFamilies.flatMap(({ frameDecoder }) => frameDecoder ?? []),
  ),
  createStagedDecoder(decoderTable),
];

/** Decoders by operator code, u8; codes are part of the wire format and are never reused. */
export const decoderTable: DecoderTable = {
  find: (code) => decoders[code],
  list: () =>
    decoders
      .flatMap((decoder) => (decoder === undefined ? [] : [`${decoder.code} ${decoder.name}`]))
      .join(', '),
};

const decoders: readonly (OperatorDecoder | undefined)[] = (() => {
  const table: (OperatorDecoder | undefined)[] = new Array(256).fill(undefined);
  for (const decoder of decoderList()) {
    assert(decoder.code > 0 && decoder.code < 256, `operator code ${decoder.code} is from 1 to 255`);
    assert(table[decoder.code] === undefined, `operator code ${decoder.code} names one operator`);
    table[decoder.code] = decoder;
  }
  return table;
})();
