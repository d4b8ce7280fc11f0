/** Every server-worker algorithm against its paper's formulas for all workers at once (test/reference/hub-twins.ts). */
import { describe, expect, it } from 'vitest';
import type { OlgaHub, OlgaParameters } from '../../../../src/consensus/hub/olga.js';
import { hubAlgorithms } from '../../../../src/consensus/hub/registry.js';
import { type HubRun, runHub } from '../../../../src/consensus/hub/run-hub.js';
import { convexHub } from '../../../reference/convex-hub.js';
import {
  artemisTwin,
  dianaTwin,
  ef21Twin,
  errorFeedbackTwin,
  marinaTwin,
  olgaTwin,
  powerSgdTwin,
} from '../../../reference/hub-twins.js';

const ROUNDS = 60;
const SEED = 7;

/** x^1, x^2, ... of a run. */
function pathOf(
  spec: string,
  loss: 'ridge' | 'logistic',
  rounds = ROUNDS,
): { path: Float64Array[]; run: HubRun } {
  const path: Float64Array[] = [];
  const algorithm = hubAlgorithms.resolve(spec);
  const onRound = ({ model }: { model: Float64Array }) => path.push(model.slice());
  return { path, run: runHub({ algorithm, problem: convexHub(loss).hub, rounds, seed: SEED, onRound }) };
}

function expectNear(
  path: readonly ArrayLike<number>[],
  twin: readonly ArrayLike<number>[],
  tolerance = 1e-12,
): void {
  expect(twin.length).toBeGreaterThan(10);
  expect(Math.max(...Array.from(twin.at(-1)!, Math.abs))).toBeGreaterThan(0.05); // it has gone somewhere
  twin.forEach((x, t) => {
    const distance = Math.hypot(...Array.from(x, (value, k) => value - path[t][k]));
    expect(distance).toBeLessThan(tolerance);
  });
}

for (const loss of ['ridge', 'logistic'] as const) {
  describe(`on ${loss} regression`, () => {
    const { problem } = convexHub(loss);
    const setting = { problem, seed: SEED, rounds: ROUNDS };

    it('EF-SGD is its matrix form', () => {
      const { path } = pathOf('ef:up="top-k:fraction=0.25",down=exact,gamma=0.1', loss);
      expectNear(
        path,
        errorFeedbackTwin({ ...setting, up: 'top-k:fraction=0.25', down: 'exact', gamma: 0.1 }),
      );
    });

    it('EF21 and EF21-SGDM are their matrix form', () => {
      for (const eta of [1, 0.3]) {
        const { path } = pathOf(`ef21:up="top-k:fraction=0.25",down=exact,gamma=0.1,eta=${eta}`, loss);
        expectNear(path, ef21Twin({ ...setting, up: 'top-k:fraction=0.25', down: 'exact', gamma: 0.1 }, eta));
      }
    });

    it('DIANA is its matrix form', () => {
      const up = 'rand-k:fraction=0.25,scaled=1';
      const { path, run } = pathOf(`diana:up="${up}",down=exact`, loss);
      expectNear(
        path,
        dianaTwin({ ...setting, up, down: 'exact', gamma: run.settings.gamma }, run.settings.alpha),
      );
    });

    it('Artemis with both directions compressed and workers that come and go is its matrix form', () => {
      const [up, down] = ['rand-k:fraction=0.5,scaled=1', 'rand-k:fraction=0.75,scaled=1'];
      const { path, run } = pathOf(`artemis:up="${up}",down="${down}",p=0.5`, loss);
      const { gamma, alpha } = run.settings;
      // sums in another order now and then round a message's float32 number the other way
      expectNear(path, artemisTwin({ ...setting, up, down, gamma }, { alpha, p: 0.5 }), 1e-8);
    });

    it('MARINA is its matrix form', () => {
      const up = 'rand-k:fraction=0.25,scaled=1';
      const { path, run } = pathOf(`marina:up="${up}",down=exact`, loss);
      expectNear(
        path,
        marinaTwin({ ...setting, up, down: 'exact', gamma: run.settings.gamma }, run.settings.p),
      );
    });

    it('PowerSGD with n workers is one worker with the mean gradient, to float32', () => {
      for (const momentum of [0, 0.5]) {
        const { path } = pathOf(`power-sgd:rank=1,gamma=0.2,momentum=${momentum}`, loss, 2 * ROUNDS);
        const steps = path.filter((_, t) => t % 2 === 1); // two rounds a step
        expectNear(
          steps,
          powerSgdTwin({ ...setting, up: 'exact', down: 'exact', gamma: 0.2 }, momentum),
          1e-4,
        );
      }
    });
  });
}

it.each(['olga', 'ef-olga'])(
  '%s on ridge regression is its paper, with proximal steps by a linear solver',
  (name) => {
    const feedback = name === 'ef-olga';
    const up = feedback ? 'top-k:fraction=0.5' : 'rand-k:fraction=0.5,scaled=1';
    const outer: Float64Array[] = [];
    const { problem, hub } = convexHub('ridge');
    const run = runHub({
      algorithm: hubAlgorithms.resolve(`${name}:up="${up}"`),
      problem: hub,
      rounds: 600,
      seed: SEED,
      onRound({ hubs, model }) {
        if ((hubs[0] as OlgaHub).phase === 'anchor') outer.push(model.slice());
      },
    });
    const setting = { problem, seed: SEED, rounds: Math.min(outer.length, 150), up, down: 'exact', gamma: 0 };
    expectNear(
      outer,
      olgaTwin(setting, { ...(run.settings as Record<keyof OlgaParameters, number>), feedback }),
      1e-10,
    );
  },
);
