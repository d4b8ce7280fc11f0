/**
 * Layers of sequences: embeddings, and self-attention (Vaswani et al. 2017, section 3.2.2), head by head:
 *
 *     S = Q K^T / sqrt(d)    A = softmax(S)    O = A V
 *     dA = dO V^T    dV = A^T dO    dS = A * (dA - rowsum(dA * A))    dQ = dS K / sqrt(d)    dK = dS^T Q / sqrt(d)
 */
import type { AttentionLayer, EmbeddingLayer, PositionEmbeddingLayer } from '../network/network.js';
import type { Shape } from '../network/shapes.js';
import { copyForward, passBack } from './activation-step.js';
import { type Affine, affine } from './dense-step.js';
import { Product, type Step, type StepContext } from './plan.js';

export function embeddingStep(context: StepContext, layer: EmbeddingLayer, time: number): Step {
  const { memory, inputs, output } = context;
  const table = context.parameter('embeddings');
  const { address: indices } = inputs[0]!;
  return {
    forward: (samples) =>
      memory.kernels.gatherRows(output.address, table.address, indices, samples * time, layer.size),
    backward(samples) {
      memory.f32.fill(0, table.gradient / 4, table.gradient / 4 + table.tensor.size);
      memory.kernels.scatterRows(table.gradient, output.gradient, indices, samples * time, layer.size);
    },
  };
}

export function positionEmbeddingStep(context: StepContext, _layer: PositionEmbeddingLayer): Step {
  const { memory, output, scratch } = context;
  const table = context.parameter('embeddings');
  return {
    forward(samples) {
      copyForward(context, samples);
      memory.kernels.addBias(output.address, table.address, samples, output.size);
    },
    backward(samples) {
      memory.kernels.sumColumns(table.gradient, output.gradient, samples, output.size, scratch);
      passBack(context, samples);
    },
  };
}

/** Buffers of one attention layer: a value and a gradient each. */
interface Pair {
  readonly at: number;
  readonly d: number;
}

export function attentionStep(context: StepContext, layer: AttentionLayer, [time, size]: Shape): Step {
  const { memory, inputs, output, adds, capacity } = context;
  const { kernels } = memory;
  const [length, width] = [time!, size!];
  const head = width / layer.heads;
  const causal = layer.causal === true;
  const take = (count: number): Pair => ({ at: memory.take(count), d: memory.take(count) });
  const [q, k, v, mixed] = [0, 0, 0, 0].map(() => take(capacity * length * width)) as [
    Pair,
    Pair,
    Pair,
    Pair,
  ];
  const weights = take(capacity * layer.heads * length * length);
  const shape = { from: width, to: width };
  const { address: x, gradient: dx } = inputs[0]!;
  const names = (role: string) => [`${role}_kernel`, `${role}_bias`] as const;
  const into = ([role, { at, d }, more]: readonly [string, Pair, boolean]): Affine =>
    affine(context, shape, { x, dx, y: at, dy: d, adds: more }, names(role));
  // The first to run backward writes the input's gradient, the others add to it.
  const maps = (
    [
      ['query', q, true],
      ['key', k, true],
      ['value', v, adds[0]!],
    ] as const
  ).map(into);
  const last = { x: mixed.at, dx: mixed.d, y: output.address, dy: output.gradient, adds: false };
  const out = affine(context, shape, last, names('output'));
  const square: [number, number, number] = [length, width, width];
  const rows: [number, number, number] = [width, length, width];
  const any = { c: 0, a: 0, b: 0, m: length };
  const scores = new Product(context, { ...any, n: length, k: head, strides: square, transposedB: true });
  const mix = new Product(context, { ...any, n: head, k: length, strides: rows });
  const mixTransposed = new Product(context, {
    ...any,
    n: head,
    k: length,
    strides: rows,
    kind: 'transposed',
  });
  const scale = 1 / Math.sqrt(head);

  /** Calls `each` with the byte offsets of every sample's heads in [time, size] buffers and in the weights. */
  function forHeads(samples: number, each: (at: number, weightsAt: number) => void): void {
    for (let s = 0; s < samples; s++) {
      for (let h = 0; h < layer.heads; h++) {
        each(4 * (s * length * width + h * head), 4 * (s * layer.heads + h) * length * length);
      }
    }
  }

  return {
    forward(samples) {
      const tokens = samples * length;
      for (const map of maps) map.forward(tokens);
      kernels.scale(q.at, tokens * width, scale);
      forHeads(samples, (at, w) => scores.runOn(weights.at + w, q.at + at, k.at + at));
      kernels.softmaxRows(weights.at, tokens * layer.heads, length, causal);
      forHeads(samples, (at, w) => mix.runOn(mixed.at + at, weights.at + w, v.at + at));
      out.forward(tokens);
    },
    backward(samples) {
      const tokens = samples * length;
      out.backward(tokens);
      forHeads(samples, (at, w) => {
        scores.runOn(weights.d + w, mixed.d + at, v.at + at);
        mixTransposed.runOn(v.d + at, weights.at + w, mixed.d + at);
      });
      kernels.softmaxGradient(weights.d, weights.at, tokens * layer.heads, length);
      forHeads(samples, (at, w) => {
        mix.runOn(q.d + at, weights.d + w, k.at + at);
        mixTransposed.runOn(k.d + at, weights.d + w, q.at + at);
      });
      // q holds Q / sqrt(d), so dK is right as it is; dQ is with respect to that, too.
      kernels.scale(q.d, tokens * width, scale);
      for (const map of [...maps].reverse()) map.backward(tokens);
    },
  };
}
