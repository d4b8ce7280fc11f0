/**
 * y = f(x W + b) along the last axis, and
 *
 *     dW = x^T dy      db = sum of rows of dy      dx = dy W^T
 */
import type { DenseLayer } from '../network/network.js';
import { endWithActivation } from './activation-step.js';
import { Product, type Step, type StepContext } from './plan.js';

export interface AffineShape {
  readonly from: number;
  readonly to: number;
}

/** Addresses of one affine map: x and y, rows after rows, with their gradients. */
export interface AffineEnds {
  readonly x: number;
  readonly dx: number;
  readonly y: number;
  readonly dy: number;
  /** Whether dx is added to. */
  readonly adds: boolean;
}

export interface Affine {
  forward(rows: number): void;
  backward(rows: number): void;
}

/** y = x W + b with the tensors `kernel` and `bias` (null: none) of the step's layer. */
export function affine(
  context: StepContext,
  { from, to }: AffineShape,
  { x, dx, y, dy, adds }: AffineEnds,
  [kernelName, biasName]: readonly [string, string | null] = ['kernel', 'bias'],
): Affine {
  const { kernels } = context.memory;
  const kernel = context.parameter(kernelName);
  const bias = biasName === null ? null : context.parameter(biasName);
  const forward = new Product(context, {
    c: y,
    a: x,
    b: kernel.address,
    n: to,
    k: from,
    strides: [to, from, to],
  });
  const toKernel = new Product(context, {
    c: kernel.gradient,
    a: x,
    b: dy,
    m: from,
    n: to,
    strides: [to, from, to],
    kind: 'transposed',
  });
  const toInput =
    dx === 0
      ? null
      : new Product(context, {
          c: dx,
          a: dy,
          b: kernel.address,
          n: from,
          k: to,
          strides: [from, to, to],
          transposedB: true,
          adds,
        });
  return {
    forward(rows) {
      forward.runRows(rows);
      if (bias !== null) kernels.addBias(y, bias.address, rows, to);
    },
    backward(rows) {
      toKernel.runDepth(rows);
      if (bias !== null) kernels.sumColumns(bias.gradient, dy, rows, to, context.scratch);
      toInput?.runRows(rows);
    },
  };
}

export function denseStep(context: StepContext, layer: DenseLayer, from: number): Step {
  const [input, { output }] = [context.inputs[0]!, context];
  const ends = { x: input.address, dx: input.gradient, y: output.address, dy: output.gradient };
  const bias = layer.bias === false ? null : 'bias';
  const map = affine(context, { from, to: layer.units }, { ...ends, adds: context.adds[0]! }, [
    'kernel',
    bias,
  ]);
  const end = endWithActivation(context, layer.activation, layer.units);
  const places = output.size / layer.units;
  return {
    forward(samples, training) {
      map.forward(samples * places);
      end.forward(samples, training);
    },
    backward(samples) {
      end.backward(samples);
      map.backward(samples * places);
    },
  };
}
