import { describe, expect, it } from 'vitest';
import { compressors } from '../../../src/compression/registry.js';
import { requireContraction } from '../../../src/consensus/check-contraction.js';
import { algorithms } from '../../../src/consensus/registry.js';
import { oneBlock } from '../../reference/gossip-run.js';

const check =
  (algorithm: string, compressor: string, rows = 24, cols = 24) =>
  () =>
    requireContraction({
      algorithm: algorithms.resolve(algorithm),
      compressor: compressors.resolve(compressor),
      blocks: oneBlock(rows, cols),
    });

describe('a compressor for replicas', () => {
  it('is refused where its variance on these blocks exceeds 1, by name, block and what to do', () => {
    for (const compressor of ['ternary', 'rand-k:fraction=0.1,scaled=1', 'sign:unbiased=1', 'qsgd:levels=4'])
      expect(check('edge-choco', compressor), compressor).toThrowError(
        expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringMatching(/24 x 24.*scaled=1/) }),
      );
  });

  it('is taken where it contracts, as biased ones and scaled ones do', () => {
    for (const compressor of ['low-rank', 'top-k', 'sign', 'natural', 'qsgd:levels=4,scaled=1', 'none'])
      expect(check('edge-choco', compressor), compressor).not.toThrow();
  });

  it('depends on the block: ternary numbers are too noisy for 24 x 24 entries, and not for four', () => {
    expect(check('choco', 'ternary', 2, 2)).not.toThrow();
    expect(check('choco', 'ternary')).toThrow();
  });

  it('must not be biased for LEAD, and may be for others', () => {
    for (const compressor of ['low-rank', 'top-k:fraction=0.1', 'sign'])
      expect(check('lead', compressor), compressor).toThrowError(
        expect.objectContaining({ code: 'BAD_CONFIG' }),
      );
    for (const compressor of ['natural', 'quantize:bits=4,rounding=stochastic', 'none'])
      expect(check('lead', compressor), compressor).not.toThrow();
  });

  it('is nobody’s business where nothing is compressed', () => {
    expect(check('exact', 'ternary')).not.toThrow();
  });
});
