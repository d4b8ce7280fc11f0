/** The mean model of a set of peers and how far they are from it. Sums in float64, in order of peer. */
import { assert } from '../base/assert.js';

/** Mean of equally long vectors, rounded once to float32. */
export function meanModelOf(models: readonly Float32Array[]): Float32Array {
  assert(models.length > 0, 'a mean is over at least one model');
  const sum = new Float64Array(models[0]!.length);
  for (const model of models) for (let k = 0; k < sum.length; k++) sum[k]! += model[k]!;
  const mean = new Float32Array(sum.length); // not by Float32Array.from, which takes as long as all of the sums
  for (let k = 0; k < sum.length; k++) mean[k] = sum[k]! / models.length;
  return mean;
}

/** sqrt(mean_i ||x_i - mean||^2). */
export function consensusDistance(models: readonly Float32Array[], mean: Float32Array): number {
  let total = 0;
  for (const model of models) {
    for (let k = 0; k < mean.length; k++) {
      const difference = model[k]! - mean[k]!;
      total += difference * difference;
    }
  }
  return Math.sqrt(total / models.length);
}
