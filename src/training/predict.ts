/**
 * What a saved model says of inputs: probabilities of classes from its logits, values in the unit of the data, and for
 * a text model the characters that follow.
 */
import { createRandom, uniform } from '../base/random.js';
import type { NetworkEngine } from './engine.js';
import { outputShape, sizeOf } from './network/shapes.js';
import type { PredictionInputs } from './prediction-inputs.js';
import type { SavedModel } from './saved-model.js';

export interface Prediction {
  readonly input: string;
  /** Of each place of the output the most probable class, by name where classes have names; null for values. */
  readonly classes: readonly string[] | null;
  /** [places][classes]; null for values. */
  readonly probabilities: readonly (readonly number[])[] | null;
  /** null for classes. */
  readonly values: readonly number[] | null;
}

/** Inputs computed at once: memory stays small, and larger chunks are not faster. */
const CHUNK = 256;

/** Outputs [count, ...outputShape]. */
export function outputsOf(
  engine: NetworkEngine,
  model: SavedModel,
  { count, values }: PredictionInputs,
): Float32Array {
  const [inputs, outputs] = [sizeOf(model.network.inputShape), sizeOf(outputShape(model.network))];
  const out = new Float32Array(count * outputs);
  const samples = {
    count,
    labels: null,
    origins: null,
    inputsInto(into: Float32Array, indices: Uint32Array) {
      indices.forEach((index, b) =>
        into.set(values.subarray(index * inputs, (index + 1) * inputs), b * inputs),
      );
    },
    targetsInto() {},
  };
  for (let first = 0; first < count; first += CHUNK) {
    const length = Math.min(CHUNK, count - first);
    const indices = Uint32Array.from({ length }, (_, k) => first + k);
    const chunk = out.subarray(first * outputs, (first + length) * outputs);
    engine.outputsInto(chunk, model.parameters, { samples, indices });
  }
  return out;
}

/** Softmax of logits divided by `temperature`; the largest is subtracted first, so nothing overflows. */
export function probabilitiesOf(logits: ArrayLike<number>, temperature = 1): number[] {
  const scaled = Array.from(logits, (logit) => logit / temperature);
  const largest = scaled.reduce((a, b) => Math.max(a, b));
  const powers = scaled.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

function indexOfLargest(values: readonly number[]): number {
  return values.reduce((best, value, k) => (value > values[best]! ? k : best), 0);
}

/** Probabilities of one place's logits. */
function placeOf(loss: SavedModel['loss'], logits: Float32Array): number[] {
  if (loss === 'cross-entropy') return probabilitiesOf(logits);
  const p = sigmoid(logits[0]!);
  return [1 - p, p];
}

/** A prediction for each input, in order. */
export function predict(engine: NetworkEngine, model: SavedModel, inputs: PredictionInputs): Prediction[] {
  const { network, loss, targets } = model;
  const shape = outputShape(network);
  const size = sizeOf(shape);
  const cols = shape.at(-1)!;
  const out = outputsOf(engine, model, inputs);
  return inputs.names.map((input, index) => {
    const own = out.subarray(index * size, (index + 1) * size);
    if (loss === 'mean-squared-error') {
      const { mean, deviation } = (targets?.kind === 'values' ? targets.standardized : undefined) ?? {
        mean: 0,
        deviation: 1,
      };
      const values = Array.from(own, (value) => value * deviation + mean);
      return { input, classes: null, probabilities: null, values };
    }
    const places = Array.from({ length: size / cols }, (_, place) =>
      placeOf(loss, own.subarray(place * cols, (place + 1) * cols)),
    );
    const names = targets?.kind === 'classes' ? targets.names : undefined;
    const classes = places.map((probabilities) => {
      const best = indexOfLargest(probabilities);
      return names?.[best] ?? String(best);
    });
    return { input, classes, probabilities: places, values: null };
  });
}

export interface Continuation {
  readonly prompt: string;
  /** Characters to draw. */
  readonly length: number;
  /** Logits are divided by it; near 0 the most probable character is taken. */
  readonly temperature: number;
  readonly seed: number;
}

/** Text that follows `prompt`, character by character; the model sees as much of it as its window holds. */
export function continueText(
  engine: NetworkEngine,
  model: SavedModel & {
    readonly encoding: { readonly kind: 'text'; readonly characters: readonly string[] };
  },
  { prompt, length, temperature, seed }: Continuation,
): string {
  const { characters } = model.encoding;
  const time = model.network.inputShape[0]!;
  const numbers = new Map(characters.map((character, number) => [character, number]));
  const tokens = Array.from(prompt, (character) => numbers.get(character) ?? 0);
  if (tokens.length === 0) tokens.push(numbers.get('\n') ?? 0);
  const random = createRandom(seed, 'continue text');
  let text = '';
  for (let drawn = 0; drawn < length; drawn++) {
    const seen = tokens.slice(-time);
    const values = new Float32Array(time);
    values.set(seen); // places after the last one are not looked at
    const out = outputsOf(engine, model, { count: 1, values, names: [''] });
    const logits = out.subarray((seen.length - 1) * characters.length, seen.length * characters.length);
    const next = draw(probabilitiesOf(logits, temperature), uniform(random));
    tokens.push(next);
    text += characters[next]!;
  }
  return text;
}

/** The class at which the sum of probabilities passes `point`, in [0, 1). */
function draw(probabilities: readonly number[], point: number): number {
  let sum = 0;
  for (let k = 0; k < probabilities.length; k++) {
    sum += probabilities[k]!;
    if (point < sum) return k;
  }
  return probabilities.length - 1;
}
