/**
 * Which samples a peer trains on at each step: epochs over its shard in an order that depends on (seed, peer,
 * epoch) alone, without replacement, in batches of equal size that may run over the end of an epoch into the
 * next. Step t of a run takes the places t B .. t B + B - 1 of the endless sequence of epochs, so a batch is a
 * function of its step: a resumed run, or a peer that comes back, draws what it would have drawn.
 */
import { createRandom, shuffleInPlace } from '../base/random.js';

export interface BatchPlan {
  readonly seed: number;
  readonly peer: number;
  /** Samples of this peer, >= 1. */
  readonly samples: number;
  /** B; a shard smaller than that is taken whole at every step. */
  readonly batch: number;
}

/** The order of the samples in `epoch`. */
export function epochOrder({ seed, peer, samples }: BatchPlan, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: samples }, (_, index) => index);
  shuffleInPlace(createRandom(seed, 'batches', peer, epoch), order);
  return order;
}

/** Returns batchAt(step); it keeps the order of the last epoch used, which any other step may replace. */
export function createBatches(plan: BatchPlan): (step: number) => Uint32Array {
  const size = Math.min(plan.batch, plan.samples);
  let epoch = -1;
  let order: Uint32Array = new Uint32Array(0);
  return (step) =>
    Uint32Array.from({ length: size }, (_, k) => {
      const place = step * size + k;
      const wanted = Math.floor(place / plan.samples);
      if (wanted !== epoch) {
        epoch = wanted;
        order = epochOrder(plan, epoch);
      }
      return order[place % plan.samples]!;
    });
}
