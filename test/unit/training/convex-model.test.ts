/** Ridge and logistic regression with known optimum: gradients, Hessians, constants and the optimum itself. */
import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { dot, squaredDistance } from '../../../src/linalg/real-vectors.js';
import {
  type ConvexOptions,
  convexGradientInto,
  convexLoss,
  createConvexModel,
  createConvexProblem,
  meanObjective,
  workerObjective,
} from '../../../src/training/convex-model.js';

const options = (loss: ConvexOptions['loss']): ConvexOptions => ({
  loss,
  groups: 4,
  categories: 5,
  samples: 30,
  condition: 50,
  skew: 0.3,
});

function point(seed: number, size: number): Float64Array {
  const random = createRandom(seed, 'point');
  return Float64Array.from({ length: size }, () => gaussian(random));
}

for (const loss of ['ridge', 'logistic'] as const) {
  describe(`${loss} regression`, () => {
    const problem = createConvexProblem(options(loss), 5, 3);
    const { L, mu, workerL, sampleL, similarity, heterogeneity, noise } = problem.constants;
    const d = problem.optimum.length;
    const f = meanObjective(problem);

    it('has the gradient and the Hessian of its loss, by central differences', () => {
      const [x, v] = [point(1, d), point(2, d)];
      const along = (t: number) => x.map((value, k) => value + t * v[k]);
      const [gradient, product] = [new Float64Array(d), new Float64Array(d)];
      f.gradientInto(gradient, x);
      const h = 1e-5;
      const rise = (convexLoss(problem, along(h)) - convexLoss(problem, along(-h))) / (2 * h);
      expect(dot(gradient, v)).toBeCloseTo(rise, 7);
      f.hessianProductInto(product, x, v);
      const [ahead, behind] = [new Float64Array(d), new Float64Array(d)];
      f.gradientInto(ahead, along(h));
      f.gradientInto(behind, along(-h));
      for (let k = 0; k < d; k++) expect(product[k]).toBeCloseTo((ahead[k] - behind[k]) / (2 * h), 7);
    });

    it('is least at the optimum, where the gradient vanishes to 1e-10', () => {
      const gradient = new Float64Array(d);
      f.gradientInto(gradient, problem.optimum);
      expect(Math.sqrt(squaredDistance(gradient))).toBeLessThan(1e-10);
      for (let seed = 0; seed < 20; seed++) {
        const x = point(seed, d).map((value, k) => problem.optimum[k] + 1e-3 * value);
        const distance = squaredDistance(x, problem.optimum);
        const above = convexLoss(problem, x) - problem.least;
        expect(above).toBeGreaterThan(0.999 * (mu / 2) * distance); // strong convexity
        expect(above).toBeLessThan(1.001 * (L / 2) * distance); // smoothness
      }
    });

    it('has curvature between mu and L_i on each worker, L / mu as asked, and L <= mean of L_i', () => {
      expect(L / mu).toBeCloseTo(50, 8);
      const product = new Float64Array(d);
      for (let worker = 0; worker < 5; worker++) {
        const v = point(worker, d);
        workerObjective(problem, worker).hessianProductInto(product, new Float64Array(d), v);
        const quotient = dot(v, product) / dot(v, v);
        expect(quotient).toBeGreaterThanOrEqual(mu);
        expect(quotient).toBeLessThanOrEqual(workerL[worker]);
        expect(workerL[worker]).toBeLessThanOrEqual(sampleL);
      }
      expect(L).toBeLessThanOrEqual(workerL.reduce((sum, value) => sum + value, 0) / 5);
    });

    it('has Hessians within delta_s of their mean, in the directions tried', () => {
      const [own, mean] = [new Float64Array(d), new Float64Array(d)];
      for (let seed = 0; seed < 20; seed++) {
        const v = point(seed, d);
        workerObjective(problem, seed % 5).hessianProductInto(own, new Float64Array(d), v);
        f.hessianProductInto(mean, new Float64Array(d), v);
        expect(Math.sqrt(squaredDistance(own, mean) / dot(v, v))).toBeLessThanOrEqual(similarity);
      }
      expect(similarity).toBeGreaterThan(0);
      expect(similarity).toBeLessThan(Math.max(...workerL));
    });

    it('says what the gradients at the optimum are: heterogeneity between, noise within workers', () => {
      const gradient = new Float64Array(d);
      let [between, within] = [0, 0];
      for (let worker = 0; worker < 5; worker++) {
        convexGradientInto(gradient, problem, { worker, batch: null, x: problem.optimum });
        between += squaredDistance(gradient) / 5;
        for (let j = 0; j < 30; j++) {
          convexGradientInto(gradient, problem, { worker, batch: [j], x: problem.optimum });
          within += squaredDistance(gradient) / 150;
        }
      }
      expect(heterogeneity).toBeCloseTo(between, 12);
      expect(heterogeneity + noise).toBeCloseTo(within, 12);
    });

    it('grows less similar with skew', () => {
      const at = (skew: number) => createConvexProblem({ ...options(loss), skew }, 5, 3).constants;
      expect(at(1).similarity).toBeGreaterThan(1.5 * at(0).similarity);
      expect(at(1).heterogeneity).toBeGreaterThan(at(0).heterogeneity);
    });

    it('is a GradientModel: its gradient is that of the batch, its loss counts from the optimum', () => {
      const model = createConvexModel(problem, 2);
      const parameters = Float32Array.from(point(9, d));
      const gradient = new Float32Array(d);
      const wanted = new Float64Array(d);
      const batch = Uint32Array.of(3, 7, 7);
      const value = model.gradientInto(gradient, parameters, batch);
      const place = { worker: 2, batch, x: Float64Array.from(parameters) };
      expect(value).toBe(convexGradientInto(wanted, problem, place));
      expect(gradient).toEqual(Float32Array.from(wanted));
      expect(model.evaluate(Float32Array.from(problem.optimum)).loss).toBeLessThan(1e-12);
      expect(model.evaluate(parameters).loss).toBeGreaterThan(0.1);
      expect(createConvexProblem(options(loss), 5, 3).optimum).toEqual(problem.optimum);
    });
  });
}
