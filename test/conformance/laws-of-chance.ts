/**
 * Laws of compressors that draw random numbers: what holds on average, from 10,000 messages of the same vector.
 *
 * - unbiased:    E C(z) = z, entry by entry;
 * - variance:    E ||C(z) - z||^2 <= U ||z||^2, block by block;
 * - contraction: E ||C(z) - z||^2 <= (1 - omega) ||z||^2, for biased ones that contract in expectation.
 *
 * A mean of N draws may miss by 5 sigma / sqrt(N), and by 30 range / N: an entry that is rarely sent shows too
 * little variance in a sample, and sigma alone would accuse it (empirical Bernstein bound, Maurer and Pontil 2009,
 * theorem 4, at the level of 5 sigma). The range is that of the entry of its block which moves most.
 */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/base/random.js';
import type { Compressor, MatrixBlock } from '../../src/compression/compressor.js';
import { decodeInto } from '../../src/compression/message.js';
import { squaredDistance, squaredNorm } from '../reference/naive-compression.js';
import { type Kind, layOutBlocks, sampleVector, sizeOf } from './compressor-samples.js';

/** What a compressor promises on average; see CompressorTraits. */
export interface ChanceTraits {
  readonly omega?: (block: MatrixBlock) => number;
  readonly variance?: (block: MatrixBlock) => number;
  readonly deterministic?: boolean;
}

const DRAWS = 10_000;
const SIGMAS = 5;
const RANGES = 30;
/** Rounding of the decoded numbers to float32, and of sums over them. */
const ROUNDING = 1e-6;

const kinds: readonly Kind[] = ['gaussian', 'sparse', 'constant', 'spiky'];

const blocks = layOutBlocks([
  ['matrix', 4, 5],
  ['vector', 1, 7],
  ['single', 1, 1],
]);

/** Running mean, variance and range of one number (Welford). */
interface Tally {
  mean: number;
  squares: number;
  least: number;
  most: number;
}

const createTally = (): Tally => ({
  mean: 0,
  squares: 0,
  least: Number.POSITIVE_INFINITY,
  most: Number.NEGATIVE_INFINITY,
});

function addTo(tally: Tally, value: number, count: number): void {
  const shift = value - tally.mean;
  tally.mean += shift / count;
  tally.squares += shift * (value - tally.mean);
  tally.least = Math.min(tally.least, value);
  tally.most = Math.max(tally.most, value);
}

/** How far the mean may be from its expectation; `range` bounds what a draw may change. */
const slackOf = (tally: Tally, range: number): number =>
  SIGMAS * Math.sqrt(tally.squares / (DRAWS - 1) / DRAWS) + (RANGES * range) / DRAWS;

interface BlockDraws {
  readonly block: MatrixBlock;
  readonly values: Float32Array;
  readonly entries: readonly Tally[];
  /** Of ||C(z) - z||^2. */
  readonly error: Tally;
}

/** DRAWS messages of the vector `z` from one sender, tallied. */
function drawMessages(compressor: Compressor, z: Float32Array): readonly BlockDraws[] {
  const cut = (x: Float32Array, { offset, rows, cols }: MatrixBlock) =>
    x.subarray(offset, offset + rows * cols);
  const draws = blocks.map((block) => ({
    block,
    values: cut(z, block),
    entries: Array.from(cut(z, block), createTally),
    error: createTally(),
  }));
  const state = compressor.createState(blocks, createRandom('draws'));
  const out = new Float32Array(z.length);
  for (let count = 1; count <= DRAWS; count++) {
    decodeInto(out, compressor.encode(z, blocks, state), blocks);
    for (const { block, values, entries, error } of draws) {
      const got = cut(out, block);
      entries.forEach((tally, i) => {
        addTo(tally, got[i]!, count);
      });
      addTo(error, squaredDistance(got, values), count);
    }
  }
  return draws;
}

function expectUnbiased({ block, values, entries }: BlockDraws, kind: Kind): void {
  const range = Math.max(...entries.map(({ least, most }) => most - least));
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  entries.forEach((tally, i) => {
    const miss = Math.abs(tally.mean - values[i]!);
    const allowed = slackOf(tally, range) + ROUNDING * largest;
    if (miss > allowed) {
      expect.fail(
        `${kind}, ${block.name}: entry ${i} is ${values[i]}, its mean ${tally.mean}, off by more than ${allowed}`,
      );
    }
  });
}

function expectError({ block, values, error }: BlockDraws, kind: Kind, share: number): void {
  const allowed = (share + ROUNDING) * squaredNorm(values) + slackOf(error, error.most - error.least);
  if (error.mean > allowed) {
    expect.fail(`${kind}, ${block.name}: mean squared error ${error.mean}, above ${allowed}`);
  }
}

/** The laws that hold on average, for a compressor with these traits; none for one without such traits. */
export function lawsOfChance(compressor: Compressor, traits: ChanceTraits): void {
  const { omega, variance, deterministic = true } = traits;
  if (variance === undefined && deterministic) return;

  describe('on average over 10,000 draws', () => {
    for (const kind of kinds) {
      it(`holds what it promises for the kind "${kind}"`, () => {
        for (const draws of drawMessages(compressor, sampleVector(kind, 1, sizeOf(blocks)))) {
          if (variance !== undefined) {
            expectUnbiased(draws, kind);
            expectError(draws, kind, variance(draws.block));
          }
          if (omega !== undefined) expectError(draws, kind, 1 - omega(draws.block));
        }
      });
    }

    it('draws anew for each message', () => {
      const z = sampleVector('gaussian', 2, sizeOf(blocks));
      const state = compressor.createState(blocks, createRandom('anew'));
      expect(compressor.encode(z, blocks, state)).not.toEqual(compressor.encode(z, blocks, state));
    });
  });
}
