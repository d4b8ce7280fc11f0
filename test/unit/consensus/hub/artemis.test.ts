/** Artemis (Philippenko and Dieuleveut 2020): linear down to the floor of its theory, catch-up, averaging, memory. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../src/base/random.js';
import type { ArtemisHub, ArtemisWorker } from '../../../../src/consensus/hub/artemis.js';
import { drawParticipants } from '../../../../src/consensus/hub/artemis.js';
import { artemisTheory } from '../../../../src/consensus/hub/artemis-theory.js';
import { dianaStepSize } from '../../../../src/consensus/hub/diana.js';
import { hubAlgorithms } from '../../../../src/consensus/hub/registry.js';
import { type HubRecord, runHub } from '../../../../src/consensus/hub/run-hub.js';
import { meanOf, squaredDistance } from '../../../../src/linalg/real-vectors.js';
import { convexHub, expectLinear, farFrom, gradientDescent } from '../../../reference/convex-hub.js';

const half = 'rand-k:fraction=0.5,scaled=1';
const artemis = (rest: string) => hubAlgorithms.resolve(`artemis:up="${half}",down="${half}"${rest}`);

/** Mean squared distance over the last half of the records. */
function floorOf(records: readonly HubRecord[]): number {
  const tail = records.slice(records.length >> 1);
  return tail.reduce((sum, { squaredDistance: d }) => sum + d, 0) / tail.length;
}

describe('the theory of Artemis', () => {
  const { constants } = convexHub('ridge').hub;
  const setting = { constants, workers: 5, p: 1, upU: 3, downU: 0, alpha: 1 / 8, stochastic: false };

  it('gives 1 / L for the identity, and no smaller a step than DIANA without downlink compression', () => {
    expect(artemisTheory({ ...setting, upU: 0, alpha: 1 / 2 }).gamma).toBeCloseTo(1 / constants.L, 14);
    const diana = dianaStepSize({ largestL: Math.max(...constants.workerL), U: 3, workers: 5 });
    expect(artemisTheory(setting).gamma).toBeGreaterThanOrEqual(diana);
    expect(artemisTheory(setting).gamma).toBeLessThan(1.3 * diana);
  });

  it('counts participation as compression: (1 + U) / p = 1 + U of both', () => {
    const both = artemisTheory({ ...setting, p: 0.5, upU: 1, alpha: 1 / 4 });
    const alone = artemisTheory({ ...setting, upU: 3, alpha: 1 / 8 });
    expect(both).toEqual(alone);
  });

  it('divides the step by 1 + U_dwn', () => {
    expect(artemisTheory({ ...setting, downU: 1 }).gamma).toBeCloseTo(artemisTheory(setting).gamma / 2, 15);
  });
});

it('each worker takes part with probability p, and nobody is not drawn again', () => {
  const random = createRandom(1);
  const counts = [0, 0, 0];
  let empty = 0;
  for (let t = 0; t < 10_000; t++) {
    const drawn = drawParticipants(random, 3, 0.3);
    for (const worker of drawn) counts[worker] += 1;
    if (drawn.length === 0) empty += 1;
  }
  for (const count of counts) expect(Math.abs(count - 3000)).toBeLessThan(5 * Math.sqrt(10_000 * 0.3 * 0.7));
  expect(Math.abs(empty - 3430)).toBeLessThan(5 * Math.sqrt(10_000 * 0.343 * 0.657));
});

for (const loss of ['ridge', 'logistic'] as const) {
  describe(`Artemis on ${loss} regression`, () => {
    const { problem, hub } = convexHub(loss);
    const { mu, noise, heterogeneity } = problem.constants;

    it('with full gradients, half of the workers and both directions compressed is linear to working precision', () => {
      const run = runHub({
        algorithm: artemis(',p=0.5'),
        problem: farFrom(problem),
        rounds: 6000,
        seed: 1,
        every: 10,
        enough: 1e-26,
      });
      expectLinear(run, hub.constants.mu);
    });

    it('with batches ends below the floor of its theory and above a thousandth of it', () => {
      for (const p of [1, 0.5]) {
        const algorithm = artemis(`,p=${p}`);
        const { settings, rate } = runHub({ algorithm, problem: hub, rounds: 0, seed: 1, batch: 4 });
        const { records } = runHub({ algorithm, problem: hub, rounds: 3000, seed: 1, batch: 4, every: 10 });
        const noiseOfBatch = (2 * noise) / 4;
        const bound = (settings.gamma ** 2 * settings.floorFactor * noiseOfBatch) / (1 - rate!);
        expect(floorOf(records)).toBeLessThan(bound);
        expect(floorOf(records)).toBeGreaterThan(bound / 1000);
      }
    });

    it('has a floor in proportion to gamma, which averaging lowers', () => {
      const floor = (gamma: number, average = 0) => {
        const algorithm = artemis(`,gamma=${gamma},average=${average}`);
        return floorOf(
          runHub({ algorithm, problem: hub, rounds: 3000, seed: 2, batch: 4, every: 10 }).records,
        );
      };
      const gamma = 0.01 / mu;
      const whole = floor(gamma);
      const ratio = whole / floor(gamma / 2);
      expect(ratio).toBeGreaterThan(1.5);
      expect(ratio).toBeLessThan(3);
      expect(floor(gamma, 1)).toBeLessThan(whole / 4);
    });

    it('without memory has a floor from heterogeneity, within its theory, that memory takes away', () => {
      const run = runHub({ algorithm: artemis(',memory=0'), problem: hub, rounds: 2000, seed: 1, every: 10 });
      const { heterogeneityFactor, gamma } = artemisTheory({
        constants: hub.constants,
        workers: hub.workers,
        p: 1,
        upU: 1,
        downU: 1,
        alpha: 0,
        stochastic: false,
      });
      expect(run.settings.gamma).toBe(gamma);
      const bound = (gamma / mu) * heterogeneityFactor * heterogeneity;
      expect(floorOf(run.records)).toBeLessThan(bound);
      expect(floorOf(run.records)).toBeGreaterThan(bound / 1000);
    });

    it('with identities is gradient descent to 1e-12', () => {
      const wanted = gradientDescent(problem, 0.1, 60);
      const onRound = ({ round, model }: { round: number; model: Float64Array }) =>
        expect(Math.sqrt(squaredDistance(model, wanted[round]))).toBeLessThan(1e-12);
      const algorithm = hubAlgorithms.resolve('artemis:up=exact,down=exact,gamma=0.1');
      runHub({ algorithm, problem: hub, rounds: 60, seed: 1, onRound });
    });

    it('gives who takes part the model of those who were never away, and keeps every h_i to the bit', () => {
      const seed = 3;
      const chance = createRandom(seed, 'participants'); // as the hub draws
      let before = hub.start.slice();
      let returned = 0;
      const absences = new Array<number>(hub.workers).fill(0);
      runHub({
        algorithm: artemis(',p=0.3'),
        problem: hub,
        rounds: 200,
        seed,
        onRound({ hubs, workers }) {
          const { w, memories } = hubs[0] as ArtemisHub;
          const states = workers as ArtemisWorker[];
          const present = drawParticipants(chance, hub.workers, 0.3);
          states.forEach((state, worker) => {
            if (!present.includes(worker)) {
              absences[worker] += 1;
              return;
            }
            if (absences[worker] > 2) returned += 1;
            absences[worker] = 0;
            expect(state.w).toEqual(before); // w^t, from which the hub has stepped since
          });
          before = w.slice();
          expect(memories).toEqual(states.map(({ memory }) => memory));
        },
      });
      expect(returned).toBeGreaterThan(50);
    });

    it('with average=1 gives the mean of w^1, ..., w^K (Polyak and Ruppert), and moves w no other way', () => {
      const path: Float64Array[] = [];
      const run = { problem: hub, rounds: 60, seed: 5, batch: 4 };
      runHub({ ...run, algorithm: artemis(''), onRound: ({ model }) => path.push(model.slice()) });
      const { model } = runHub({ ...run, algorithm: artemis(',average=1') });
      expect(Math.sqrt(squaredDistance(model, meanOf(path)))).toBeLessThan(1e-14);
      expect(Math.sqrt(squaredDistance(model, path.at(-1)!))).toBeGreaterThan(0.1);
    });
  });
}
