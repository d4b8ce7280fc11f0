/**
 * Sums and means over the first axes in TensorFlow.js' WebAssembly backend, the gradients of biases and the statistics
 * of batch-norm among them: it transposes the whole tensor first, here rows are added up where they lie.
 */
import type { SumAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelCall, KernelTable } from './tfjs-kernel-call.js';

/** How many first axes are summed over, where these are all; otherwise 0. */
function leadingAxes({ inputs, attrs, tf }: KernelCall): number {
  const x = inputs.x!;
  const { axis } = attrs as unknown as SumAttrs;
  const axes = tf.util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
  const first = axes.every((each, k) => each === k) && axes.length < x.shape.length;
  return first && x.dtype === 'float32' ? axes.length : 0;
}

/** sum over the first `count` axes. */
function sumRows({ memory, inputs, attrs }: KernelCall, count: number): TensorInfo {
  const x = inputs.x!;
  const kept = x.shape.slice(count);
  const cols = kept.reduce((size, side) => size * side, 1);
  const rows = x.shape.slice(0, count).reduce((size, side) => size * side, 1);
  const ones = attrs.keepDims === true ? new Array<number>(count).fill(1) : [];
  const out = memory.output([...ones, ...kept]);
  memory.kernels.sumColumns(memory.address(out), memory.address(x), rows, cols, memory.scratch(4 * cols));
  return out;
}

export const sumKernels: KernelTable = {
  Sum(call) {
    const count = leadingAxes(call);
    return count === 0 ? call.stock() : sumRows(call, count);
  },
  Mean(call) {
    const count = leadingAxes(call);
    if (count === 0) return call.stock();
    const out = sumRows(call, count);
    const rows = call.inputs.x!.shape.slice(0, count).reduce((size, side) => size * side, 1);
    const sums = call.memory.floats(out);
    for (let k = 0; k < sums.length; k++) sums[k]! /= rows;
    return out;
  },
};
