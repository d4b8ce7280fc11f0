import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { GrapevineError, isGrapevineError } from '../../../src/base/errors.js';
import { noticeOn, serveTraining, TrainingThread } from '../../../src/node/training-thread.js';
import { createLocalTrainer } from '../../../src/training/local-trainer.js';
import { optimizers } from '../../../src/training/optimizer.js';
import { createQuadraticModel, createQuadraticProblem } from '../../../src/training/quadratic-model.js';
import type { GradientModel } from '../../../src/training/trainer.js';

const problem = createQuadraticProblem({ dimension: 24, condition: 5, heterogeneity: 1 }, 4, 1);

function trainerOf(peer: number, model: GradientModel) {
  const optimizer = optimizers.resolve('qg');
  return createLocalTrainer({ model, optimizer, learningRate: 0.1, localSteps: 3, batch: 1, seed: 1, peer });
}

const channels: MessageChannel[] = [];

/** Both ends in this thread, over a real channel. */
function bothEnds(createModel: (peer: number) => Promise<GradientModel>) {
  const channel = new MessageChannel();
  channels.push(channel);
  const notices: string[] = [];
  serveTraining(channel.port1, { createModel, createTrainer: trainerOf });
  const thread = new TrainingThread(channel.port2, (sentence) => notices.push(sentence));
  return { thread, notices, notice: noticeOn(channel.port1) };
}

afterEach(() => {
  for (const { port1, port2 } of channels.splice(0)) for (const port of [port1, port2]) port.close();
});

describe('training in another thread', () => {
  it('gives the bits of training here, for several peers in turn', async () => {
    const { thread } = bothEnds(async (peer) => createQuadraticModel(problem, peer));
    for (const peer of [2, 0]) {
      const { model, trainer } = await thread.open(peer);
      const here = createQuadraticModel(problem, peer);
      const twin = trainerOf(peer, here);
      expect(model).toMatchObject({ layout: here.layout, engine: here.engine });
      expect(model.initialParameters()).toEqual(here.initialParameters());
      let [far, near] = [model.initialParameters(), here.initialParameters()];
      for (let round = 0; round < 4; round++) {
        const steps = round === 3 ? 1 : undefined;
        const [a, b] = [await trainer.train(far, round, steps), await twin.train(near, round, steps)];
        expect({ ...a, parameters: [...a.parameters] }).toEqual({ ...b, parameters: [...b.parameters] });
        [far, near] = [a.parameters, b.parameters];
      }
      expect(await trainer.evaluate(far)).toEqual(await twin.evaluate(near));
      trainer.stop();
    }
  });

  it('moves trained parameters through shared memory', async () => {
    const { thread } = bothEnds(async (peer) => createQuadraticModel(problem, peer));
    const { model, trainer } = await thread.open(0);
    const first = await trainer.train(model.initialParameters(), 0);
    expect(first.parameters.buffer).toBeInstanceOf(SharedArrayBuffer);
    const [start, kept] = [first.parameters.slice(), first.parameters.slice()];
    const second = await trainer.train(start, 1);
    expect(start).toEqual(kept); // a start is not changed
    expect(second.parameters.buffer).toBe(first.parameters.buffer); // the one vector serves again
    expect(second.parameters).not.toEqual(kept);
  });

  it('passes failures on with their code, and goes on after them', async () => {
    const { thread } = bothEnds(async (peer) => {
      if (peer === 3) throw new GrapevineError('DATA_UNAVAILABLE', 'no data for peer 3; wanted some.');
      return createQuadraticModel(problem, peer);
    });
    const refused = await thread.open(3).catch((error: unknown) => error);
    expect(isGrapevineError(refused, 'DATA_UNAVAILABLE')).toBe(true);
    const { model, trainer } = await thread.open(1);
    const bad = model.initialParameters().fill(Number.NaN);
    await expect(trainer.train(bad, 0)).rejects.toMatchObject({ code: 'TRAINER_NOT_FINITE' });
    await expect(trainer.train(model.initialParameters(), 0)).resolves.toMatchObject({ samples: 3 });
  });

  it('tells those who wait when the thread is gone', async () => {
    const { thread } = bothEnds(() => new Promise(() => {}));
    const opening = thread.open(0);
    thread.fail(new GrapevineError('TRAINER_FAILED', 'the training thread ended; wanted it to go on.'));
    await expect(opening).rejects.toMatchObject({ code: 'TRAINER_FAILED' });
    await expect(thread.open(1)).rejects.toMatchObject({ code: 'TRAINER_FAILED' });
  });

  it('brings sentences for the user across', async () => {
    const { thread, notices, notice } = bothEnds(async (peer) => createQuadraticModel(problem, peer));
    notice('peer 0 has no data of class 3');
    await thread.open(0);
    expect(notices).toEqual(['peer 0 has no data of class 3']);
  });
});
