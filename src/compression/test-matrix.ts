/**
 * Random matrices to try compressors on: Gaussian ones, which no low rank describes, and ones with a spectrum that
 * decays as a power, sigma_q = q^-p, as differences of trained models do.
 */
import { createRandom, gaussian, type Random } from '../base/random.js';
import { orthonormalizeInPlace } from '../linalg/orthonormalize.js';
import { addOuterProductInto, createFactor, type Factor } from '../linalg/skinny-products.js';

export type Spectrum =
  | { readonly kind: 'gaussian' }
  /** sigma_q = q^-exponent. */
  | { readonly kind: 'power'; readonly exponent: number };

function randomOrthonormal(length: number, rank: number, random: Random): Factor {
  const factor = createFactor(length, rank);
  for (let i = 0; i < factor.values.length; i++) factor.values[i] = gaussian(random);
  orthonormalizeInPlace(factor);
  return factor;
}

/** A rows x cols matrix, row-major, of the spectrum; the same for the same seed. */
export function createTestMatrix(
  rows: number,
  cols: number,
  of: { spectrum: Spectrum; seed: number },
): Float32Array {
  const { spectrum, seed } = of;
  const random = createRandom(seed, 'test matrix', rows, cols);
  const values = new Float32Array(rows * cols);
  if (spectrum.kind === 'gaussian') {
    for (let i = 0; i < values.length; i++) values[i] = gaussian(random);
    return values;
  }
  const rank = Math.min(rows, cols);
  const left = randomOrthonormal(rows, rank, random);
  const right = randomOrthonormal(cols, rank, random);
  for (let q = 0; q < rank; q++) {
    const sigma = (q + 1) ** -spectrum.exponent;
    for (let i = q * rows; i < (q + 1) * rows; i++) left.values[i]! *= sigma;
  }
  addOuterProductInto({ values, rows, cols }, left, right);
  return values;
}
