/**
 * Low rank by random projection (Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithms 4.3
 * and 5.1), without memory between messages:
 *
 *     Omega (n x l) from N(0, 1), l = r + oversampling;   Y = orth(Z Omega)
 *     power times:  W = orth(Z^T Y),  Y = orth(Z W)
 *     B = Y^T Z;  P = the first r vectors of Y J, J the left singular vectors of B
 *
 * With power = 0, E ||Z - Y Y^T Z||_F <= (1 + r / (oversampling - 1))^(1/2) (sum_{c>r} sigma_c^2)^(1/2) (theorem 10.5);
 * each power step takes sigma_(l+1) / sigma_r to its third power. The basis is made orthonormal after every product
 * (remark 4.3), without which all vectors would turn into the first.
 * Blocks with m n <= r (m + n) go as int8, or as float32 when the factors do. Body: that of low-rank (factored.ts).
 */
import { assert } from '../base/assert.js';
import { gaussian } from '../base/random.js';
import { choiceField, integerField, type RegistryEntry } from '../base/registry.js';
import { orthonormalizeInPlace } from '../linalg/orthonormalize.js';
import { firstVectors, principalBasis } from '../linalg/principal-basis.js';
import { createFactor, type Factor, productInto, transposedProductInto } from '../linalg/skinny-products.js';
import { factorBits } from './factor-section.js';
import { type BasisMethod, type FactoredOptions, MAX_RANK, planFactored } from './factored.js';
import type { BlockShape, BlockSlice, OperatorFamily, OperatorPlan } from './operator.js';

/** More vectors than this on top of the rank change nothing that a test could see. */
const MAX_OVERSAMPLING = 256;
/** Ten steps raise the decay of the spectrum to its 21st power. */
const MAX_POWER = 10;

export interface RandomizedSvdOptions extends FactoredOptions {
  /** Vectors projected on beyond the rank. */
  readonly oversampling: number;
  /** Power steps. */
  readonly power: number;
}

/** An orthonormal basis of about the leading left singular space, and B^T = Z^T Y. */
function findRange(block: BlockSlice, omega: Factor, power: number): { left: Factor; right: Factor } {
  const left = createFactor(block.rows, omega.rank);
  const right = omega;
  productInto(left, block, right);
  orthonormalizeInPlace(left);
  for (let step = 0; step < power; step++) {
    transposedProductInto(right, block, left);
    orthonormalizeInPlace(right);
    productInto(left, block, right);
    orthonormalizeInPlace(left);
  }
  transposedProductInto(right, block, left);
  return { left, right };
}

const randomBasis =
  ({ oversampling, power }: RandomizedSvdOptions) =>
  (rank: number, { rows, cols }: BlockShape): BasisMethod => ({
    createState: (random) => ({ random }),
    basis(block, { random }) {
      assert(random instanceof Uint32Array, 'a randomized-svd state holds its generator');
      const omega = createFactor(cols, Math.min(rank + oversampling, rows, cols));
      for (let i = 0; i < omega.values.length; i++) omega.values[i] = gaussian(random);
      const { left, right } = findRange(block, omega, power);
      return firstVectors(principalBasis(left, right).left, rank);
    },
  });

const entry: RegistryEntry<RandomizedSvdOptions, OperatorPlan> = {
  name: 'randomized-svd',
  summary: 'leading singular vectors by random projection, without memory between messages',
  fields: {
    rank: integerField('columns of each factor', 4, 1, MAX_RANK),
    oversampling: integerField('vectors projected on beyond the rank', 8, 0, MAX_OVERSAMPLING),
    power: integerField('power steps, two products each', 1, 0, MAX_POWER),
    bits: choiceField('bits per factor entry; 16 is half precision, 32 is float32', 32, factorBits),
  },
  make: (options) => planFactored(options, randomBasis(options)),
};

export const randomizedSvdFamily: OperatorFamily = { entry };
