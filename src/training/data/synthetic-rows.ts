/**
 * Rows drawn from a linear model with a known answer, for convex studies without a file: x ~ N(0, I), w ~ N(0, I / d),
 *
 *     linear     y = w . x + noise e,                    e ~ N(0, 1): the best loss is noise^2
 *     logistic   P(y = 1) = sigmoid(w . x / noise)       noise -> 0: separable
 *
 * The same rows for the same options on every peer; a fifth of them is for testing.
 */
import { createRandom, gaussian, uniform } from '../../base/random.js';
import { type Dataset, rowSamples, type Samples, valueSamples } from './dataset.js';
import { holdBack, subsetOf } from './subset.js';

export interface SyntheticRows {
  readonly kind: 'linear' | 'logistic';
  readonly features: number;
  readonly samples: number;
  readonly noise: number;
  readonly dataSeed: number;
}

const TEST_SHARE = 0.2;

export function syntheticRows({ kind, features, samples, noise, dataSeed }: SyntheticRows): Dataset {
  const random = createRandom(dataSeed, 'synthetic rows', kind);
  const answer = Float64Array.from({ length: features }, () => gaussian(random) / Math.sqrt(features));
  const rows = new Float32Array(samples * features);
  const values = new Float32Array(samples);
  for (let n = 0; n < samples; n++) {
    let product = 0;
    for (let k = 0; k < features; k++) {
      const x = gaussian(random);
      rows[n * features + k] = x;
      product += answer[k]! * x;
    }
    if (kind === 'linear') values[n] = product + noise * gaussian(random);
    else values[n] = uniform(random) < 1 / (1 + Math.exp(-product / noise)) ? 1 : 0;
  }
  const all: Samples =
    kind === 'linear'
      ? valueSamples({ rows, features, values })
      : rowSamples({ rows, features, labels: Uint8Array.from(values) });
  const { kept, held } = holdBack(samples, TEST_SHARE);
  return {
    name: `synthetic ${kind}`,
    inputShape: [features],
    targets:
      kind === 'linear'
        ? { kind: 'values', perSample: 1 }
        : { kind: 'classes', classes: 2, perSample: 1, names: ['0', '1'] },
    train: subsetOf(all, kept),
    test: subsetOf(all, held),
  };
}
