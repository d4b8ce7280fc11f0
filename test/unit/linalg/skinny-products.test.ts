import { describe, expect, it } from 'vitest';
import {
  addOuterProductInto,
  createFactor,
  type Factor,
  productInto,
  transposedProductInto,
} from '../../../src/linalg/skinny-products.js';
import {
  at,
  gaussianFactor,
  gaussianMatrix,
  naiveProduct,
  naiveTransposedProduct,
} from '../../reference/naive-linalg.js';

/** Around the tile of four in every dimension. */
const shapes = [1, 2, 3, 4, 5, 8, 9].flatMap((rank) => [
  { rows: 1, cols: 7, rank },
  { rows: 7, cols: 1, rank },
  { rows: 12, cols: 9, rank },
  { rows: 33, cols: 18, rank },
]);

function expectClose(got: Factor, wanted: Factor): void {
  got.values.forEach((value, i) => {
    expect(Math.abs(value - wanted.values[i])).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(wanted.values[i])));
  });
}

describe('skinny products', () => {
  it('agree with their naive twins to 1e-12 for every remainder of the tiles', () => {
    for (const { rows, cols, rank } of shapes) {
      const matrix = gaussianMatrix(rows, cols, rank);
      const right = gaussianFactor(cols, rank, 'right');
      const left = gaussianFactor(rows, rank, 'left');
      const product = createFactor(rows, rank);
      productInto(product, matrix, right);
      expectClose(product, naiveProduct(matrix, right));
      const transposed = gaussianFactor(cols, rank, 'what was there before does not matter');
      transposedProductInto(transposed, matrix, left);
      expectClose(transposed, naiveTransposedProduct(matrix, left));
    }
  });

  it('add outer products', () => {
    for (const { rows, cols, rank } of shapes) {
      const left = gaussianFactor(rows, rank, 'left');
      const right = gaussianFactor(cols, rank, 'right');
      const got = gaussianMatrix(rows, cols, 'out', rank);
      const before = got.values.slice();
      addOuterProductInto(got, left, right);
      got.values.forEach((value, k) => {
        let sum = before[k];
        for (let c = 0; c < rank; c++) sum += at(left, c, Math.floor(k / cols)) * at(right, c, k % cols);
        expect(Math.abs(value - sum)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(sum)));
      });
    }
  });

  it('give a hand-worked product: [[3,1,0],[1,2,1]] times e1, and its transpose times the result', () => {
    const matrix = { values: Float32Array.of(3, 1, 0, 1, 2, 1), rows: 2, cols: 3 };
    const product = createFactor(2, 1);
    productInto(product, matrix, { values: Float64Array.of(1, 0, 0), length: 3, rank: 1 });
    expect([...product.values]).toEqual([3, 1]);
    const back = createFactor(3, 1);
    transposedProductInto(back, matrix, product);
    expect([...back.values]).toEqual([10, 5, 1]);
  });
});
