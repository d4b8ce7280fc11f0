import { describe, expect, it } from 'vitest';
import { createLocalTrainer } from '../../../src/training/local-trainer.js';
import { optimizers } from '../../../src/training/optimizer.js';
import {
  createQuadraticModel,
  createQuadraticProblem,
  quadraticLayout,
  suboptimality,
} from '../../../src/training/quadratic-model.js';
import { trainerConformance } from '../../conformance/trainer.js';

const options = { dimension: 64, condition: 10, heterogeneity: 1 };
const norm = (x: ArrayLike<number>) =>
  Math.sqrt(Array.from(x).reduce((sum, value) => sum + value * value, 0));

trainerConformance({
  name: 'the quadratic model',
  createModel: async (peer, seed) => createQuadraticModel(createQuadraticProblem(options, 4, seed), peer),
  learningRate: 0.1,
  batch: 1,
  gradientTolerance: 1e-5,
  differenceStep: 0.1,
});

/** Gradients of all peers at x, one row each. */
function gradientsAt(x: Float32Array, peers: number, spec = options): Float32Array[] {
  const problem = createQuadraticProblem(spec, peers, 11);
  return Array.from({ length: peers }, (_, peer) => {
    const gradient = new Float32Array(x.length);
    createQuadraticModel(problem, peer).gradientInto(gradient, x, Uint32Array.of(0));
    return gradient;
  });
}

describe('the quadratic problem', () => {
  it.each([1, 2, 5, 8, 19])('has its optimum where the gradients of %i peers sum to zero', (peers) => {
    const { optimum } = createQuadraticProblem(options, peers, 11);
    const gradients = gradientsAt(Float32Array.from(optimum), peers);
    for (let k = 0; k < optimum.length; k++) {
      expect(gradients.reduce((sum, g) => sum + g[k]!, 0) / peers).toBeCloseTo(0, 6);
    }
  });

  it.each([2, 5, 8])('has the heterogeneity asked for at the optimum, with %i peers', (peers) => {
    const { optimum } = createQuadraticProblem(options, peers, 11);
    const gradients = gradientsAt(Float32Array.from(optimum), peers, { ...options, heterogeneity: 3 });
    const meanSquare = gradients.reduce((sum, g) => sum + norm(g) ** 2, 0) / peers;
    expect(Math.sqrt(meanSquare)).toBeCloseTo(3, 4);
  });

  it('has Hessians with eigenvalues from 1/condition to 1: checked by power iteration on differences', () => {
    const problem = createQuadraticProblem(options, 1, 11);
    const model = createQuadraticModel(problem, 0);
    const hessianTimes = (v: Float32Array) => {
      const out = new Float32Array(64);
      model.gradientInto(
        out,
        Float32Array.from(problem.optimum, (x, k) => x + v[k]!),
        Uint32Array.of(0),
      );
      return out;
    };
    const extreme = (shift: number) => {
      let v: Float32Array = Float32Array.from({ length: 64 }, (_, k) => Math.sin(k + 1));
      let eigenvalue = 0;
      for (let i = 0; i < 400; i++) {
        const product = hessianTimes(v).map((value, k) => value - shift * v[k]!);
        eigenvalue = norm(product) / norm(v);
        v = product.map((value) => value / norm(product));
      }
      return eigenvalue;
    };
    expect(extreme(0)).toBeCloseTo(1, 2); // the largest
    expect(1.1 - extreme(1.1)).toBeCloseTo(0.1, 2); // the farthest from 1.1: the smallest
  });

  it('has suboptimality zero at the optimum, and 1/2 mean (x - x*)^T A (x - x*) away from it', () => {
    const peers = 11; // more than there are curvatures, not a multiple
    const problem = createQuadraticProblem(options, peers, 11);
    expect(suboptimality(problem, problem.optimum)).toBe(0);
    const x = Float32Array.from(problem.optimum, (value, k) => value + Math.cos(k));
    const mean = new Float64Array(64);
    for (const gradient of gradientsAt(x, peers)) gradient.forEach((g, k) => (mean[k]! += g / peers));
    // The mean objective is quadratic with gradient 0 at x*: f(x) - f(x*) = 1/2 (x - x*) . gradient(x).
    const wanted = mean.reduce((sum, g, k) => sum + 0.5 * g * (x[k]! - problem.optimum[k]!), 0);
    expect(suboptimality(problem, x)).toBeCloseTo(wanted, 4);
  });

  it('is the same to the bit today and tomorrow', () => {
    const model = createQuadraticModel(createQuadraticProblem(options, 8, 1), 3);
    const gradient = new Float32Array(64);
    const loss = model.gradientInto(gradient, model.initialParameters(), Uint32Array.of(0));
    expect([loss, gradient[0], gradient[63]]).toMatchInlineSnapshot(`
      [
        15.311880220050766,
        -0.28772595524787903,
        -0.7712231874465942,
      ]
    `);
  });

  it('cuts 64 parameters into an 8 x 7 matrix and a vector of 8, and always leaves a vector', () => {
    expect(quadraticLayout(64).blocks.map(({ rows, cols }) => [rows, cols])).toEqual([
      [8, 7],
      [1, 8],
    ]);
    for (let dimension = 2; dimension < 200; dimension++) {
      const [matrix, vector] = quadraticLayout(dimension).blocks;
      expect(matrix!.rows * matrix!.cols + vector!.cols).toBe(dimension);
      expect(vector!.cols).toBeGreaterThan(0);
    }
  });
});

it('a single peer with plain gradient descent reaches the known optimum', async () => {
  const problem = createQuadraticProblem(options, 1, 2);
  const model = createQuadraticModel(problem, 0);
  const trainer = createLocalTrainer({
    model,
    optimizer: optimizers.resolve('sgd'),
    learningRate: 1,
    localSteps: 200,
    batch: 1,
    seed: 2,
    peer: 0,
  });
  const { parameters } = await trainer.train(model.initialParameters(), 0);
  parameters.forEach((x, k) => expect(x).toBeCloseTo(problem.optimum[k]!, 5));
  expect((await trainer.evaluate(parameters)).loss).toBeLessThan(1e-10);
});
