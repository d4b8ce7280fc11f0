/** The laws of Trainer and GradientModel, run by every model. */
import { describe, expect, it } from 'vitest';
import { isGrapevineError } from '../../src/base/errors.js';
import { createLocalTrainer, type LocalTrainer } from '../../src/training/local-trainer.js';
import { optimizers } from '../../src/training/optimizer.js';
import type { GradientModel } from '../../src/training/trainer.js';

export interface TrainerSubject {
  readonly name: string;
  /** A model of peer `peer` for `seed`; null: one that only evaluates. */
  createModel(peer: number | null, seed: number): Promise<GradientModel>;
  readonly learningRate: number;
  readonly batch: number;
  /** Relative error allowed between gradient and finite differences; float32 arithmetic costs digits. */
  readonly gradientTolerance: number;
  /** Step of the differences: large enough to stand out of the rounding of the loss. */
  readonly differenceStep: number;
}

export function trainerConformance(subject: TrainerSubject): void {
  const { learningRate, batch } = subject;

  async function trainerOf(peer: number, seed: number): Promise<[LocalTrainer, GradientModel]> {
    const model = await subject.createModel(peer, seed);
    const optimizer = optimizers.resolve('qg');
    return [createLocalTrainer({ model, optimizer, learningRate, localSteps: 3, batch, seed, peer }), model];
  }

  describe(`${subject.name} keeps the laws of a trainer`, () => {
    it('starts every peer of a seed from the same bits, and another seed from others', async () => {
      const [a, b, none, other] = await Promise.all([
        subject.createModel(0, 7),
        subject.createModel(1, 7),
        subject.createModel(null, 7),
        subject.createModel(0, 8),
      ]);
      expect(a.initialParameters()).toEqual(b.initialParameters());
      expect(a.initialParameters()).toEqual(none.initialParameters());
      expect(a.initialParameters()).not.toEqual(other.initialParameters());
      for (const model of [a, b, none, other]) model.dispose();
    });

    it('lays tensors and blocks over the whole vector, without gap or overlap', async () => {
      const { layout, dispose } = await subject.createModel(null, 1);
      let at = 0;
      for (const tensor of layout.tensors) {
        expect(tensor.offset).toBe(at);
        at += tensor.size;
      }
      expect(at).toBe(layout.size);
      at = 0;
      for (const block of layout.blocks) {
        expect(block.offset).toBe(at);
        at += block.rows * block.cols;
      }
      expect(at).toBe(layout.size);
      dispose();
    });

    it('has gradients that agree with central differences of the loss', async () => {
      const model = await subject.createModel(0, 3);
      const parameters = model.initialParameters();
      const gradient = new Float32Array(parameters.length);
      const scratch = new Float32Array(parameters.length);
      // Two samples only: every further one adds units that may sit on the kink of their ReLU, where a difference
      // of losses averages the slopes of both sides and is no gradient.
      const indices = Uint32Array.from({ length: Math.min(2, model.samples) }, (_, k) => k);
      model.gradientInto(gradient, parameters, indices);
      const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
      const h = subject.differenceStep;
      // Along the gradient, and across the vector: entries that the gradient forgets show only in the latter.
      const across = gradient.map((_, k) => Math.sin(1 + 3 * k) * Math.sqrt(2 / gradient.length));
      for (const direction of [gradient.map((g) => g / norm), across]) {
        const lossAt = (t: number) => {
          const moved = parameters.map((x, k) => x + t * direction[k]!);
          return model.gradientInto(scratch, moved, indices);
        };
        const slope = (lossAt(h) - lossAt(-h)) / (2 * h);
        const wanted = gradient.reduce((sum, g, k) => sum + g * direction[k]!, 0);
        expect(Math.abs(slope - wanted)).toBeLessThan(subject.gradientTolerance * norm);
      }
      model.dispose();
    });

    it('never changes the parameters it is given', async () => {
      const [trainer, model] = await trainerOf(1, 3);
      const start = model.initialParameters();
      const result = await trainer.train(start, 0);
      await trainer.evaluate(start);
      expect(start).toEqual(model.initialParameters());
      expect(result.parameters).not.toEqual(start);
      expect(result.parameters.buffer).not.toBe(start.buffer);
      trainer.stop();
    });

    it('gives the same bits twice, and continues to the bit from a stored optimizer state', async () => {
      const [first, model] = await trainerOf(1, 3);
      const one = await first.train(model.initialParameters(), 0);
      const stored = structuredClone(first.optimizerState);
      const two = await first.train(one.parameters, 1);
      const [again] = await trainerOf(1, 3);
      expect((await again.train(model.initialParameters(), 0)).parameters).toEqual(one.parameters);
      const resumed = createLocalTrainer({
        model: await subject.createModel(1, 3),
        optimizer: optimizers.resolve('qg'),
        learningRate,
        localSteps: 3,
        batch,
        seed: 3,
        peer: 1,
        optimizerState: stored,
      });
      expect(await resumed.train(one.parameters, 1)).toEqual(two);
      for (const trainer of [first, again, resumed]) trainer.stop();
    });

    it('lowers the loss', async () => {
      const [trainer, model] = await trainerOf(0, 3);
      const start = model.initialParameters();
      let { parameters, loss } = await trainer.train(start, 0);
      const before = loss;
      for (let round = 1; round < 8; round++) ({ parameters, loss } = await trainer.train(parameters, round));
      expect(loss).toBeLessThan(before);
      trainer.stop();
    });

    it('stops at a parameter that is not a number, and says whose and when', async () => {
      const [trainer, model] = await trainerOf(2, 3);
      const poisoned = model.initialParameters();
      poisoned[1] = Number.NaN;
      const error = await trainer.train(poisoned, 12).catch((e: unknown) => e);
      expect(isGrapevineError(error, 'TRAINER_NOT_FINITE')).toBe(true);
      expect(String(error)).toMatch(/peer 2, round 12.*learning rate/);
      trainer.stop();
    });

    it('evaluates without a shard exactly as a peer does', async () => {
      const [whole, peer] = await Promise.all([subject.createModel(null, 3), subject.createModel(0, 3)]);
      const parameters = whole.initialParameters();
      expect(whole.evaluate(parameters)).toEqual(peer.evaluate(parameters));
      expect(whole.samples).toBe(0);
      whole.dispose();
      peer.dispose();
    });
  });
}
