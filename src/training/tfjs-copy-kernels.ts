/**
 * Kernels of TensorFlow.js' WebAssembly backend that compute nothing and yet take most of the time of a layer that runs
 * over time: its identity and its cast to the same type copy, and its slice copies the whole tensor for every part.
 * Here tensors share their numbers where that is what is asked for, and a slice copies what it keeps.
 */
import type {
  GatherV2Attrs,
  NumericDataType,
  SliceAttrs,
  SplitVAttrs,
  TensorInfo,
  UnpackAttrs,
} from '@tensorflow/tfjs-core';
import type { KernelCall, KernelTable } from './tfjs-kernel-call.js';

/** Runs shorter than this are copied number by number: a call costs more. */
const SHORT_RUN = 24;

interface Part {
  readonly begin: readonly number[];
  readonly size: readonly number[];
}

const hasFourBytes = ({ dtype }: TensorInfo): boolean => dtype === 'float32' || dtype === 'int32';

/** The part of `x`, [...size], as a tensor of its own. */
function slice({ memory }: KernelCall, x: TensorInfo, { begin, size }: Part): TensorInfo {
  const out = memory.output(size, x.dtype as NumericDataType);
  const rank = size.length;
  // Axes from `inner` on are taken whole, so that a run goes over them all.
  let inner = rank - 1;
  let run = rank === 0 ? 1 : size[inner]!;
  let stride = 1; // of axis `inner` in x
  while (inner > 0 && size[inner] === x.shape[inner]) {
    stride *= x.shape[inner]!;
    inner--;
    run = size[inner]! * stride;
  }
  copyRuns(
    memory.heap,
    { x, begin, size },
    {
      from: memory.address(x) / 4,
      to: memory.address(out) / 4,
      ...{ inner, run, stride },
    },
  );
  return out;
}

interface Runs {
  /** Indices into the heap. */
  readonly from: number;
  readonly to: number;
  readonly inner: number;
  readonly run: number;
  readonly stride: number;
}

function copyRuns(
  heap: Int32Array,
  { x, begin, size }: Part & { readonly x: TensorInfo },
  { from, to, inner, run, stride }: Runs,
): void {
  const strides = new Array<number>(Math.max(0, inner));
  let reach = stride * (x.shape[inner] ?? 1);
  let start = from + (begin[inner] ?? 0) * stride;
  for (let axis = inner - 1; axis >= 0; axis--) {
    strides[axis] = reach;
    start += begin[axis]! * reach;
    reach *= x.shape[axis]!;
  }
  const counts = size.slice(0, Math.max(0, inner));
  const total = counts.reduce((product, count) => product * count, 1);
  const at = counts.map(() => 0);
  for (let k = 0, source = start, target = to; k < total; k++, target += run) {
    if (run < SHORT_RUN) for (let j = 0; j < run; j++) heap[target + j] = heap[source + j]!;
    else heap.copyWithin(target, source, source + run);
    for (let axis = counts.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++at[axis]! < counts[axis]!) break;
      source -= counts[axis]! * strides[axis]!;
      at[axis] = 0;
    }
  }
}

/** x cut along `axis` into parts of these lengths. */
function cut(
  call: KernelCall,
  x: TensorInfo,
  { axis, lengths }: { axis: number; lengths: readonly number[] },
) {
  let first = 0;
  return lengths.map((length) => {
    const begin = x.shape.map((_, k) => (k === axis ? first : 0));
    const size = x.shape.map((side, k) => (k === axis ? length : side));
    first += length;
    return slice(call, x, { begin, size });
  });
}

/** The rows `indices` of x, [...shape of indices, ...row]; every index is a row. */
function gatherRows({ memory, tf, inputs }: KernelCall): TensorInfo {
  const [x, indices] = [inputs.x!, inputs.indices!];
  const [count, ...row] = x.shape as [number, ...number[]];
  const width = row.reduce((size, side) => size * side, 1);
  const out = memory.output([...indices.shape, ...row], x.dtype as NumericDataType);
  const [from, to] = [memory.address(x) / 4, memory.address(out) / 4];
  memory.integers(indices).forEach((index, k) => {
    tf.util.assert(index >= 0 && index < count, () => `GatherV2: there is no row ${index} of ${count}`);
    memory.heap.copyWithin(to + k * width, from + index * width, from + (index + 1) * width);
  });
  return out;
}

export const copyKernels: KernelTable = {
  GatherV2(call) {
    const { x, indices } = call.inputs;
    const { axis, batchDims } = call.attrs as unknown as GatherV2Attrs;
    const rows = axis === 0 && batchDims === 0 && hasFourBytes(x!) && indices!.dtype === 'int32';
    return rows ? gatherRows(call) : call.stock();
  },
  Identity({ memory, inputs, stock }) {
    const x = inputs.x!;
    return x.dtype === 'string' ? stock() : memory.reshaped(x, x.shape);
  },
  Cast({ memory, inputs, attrs, stock }) {
    const x = inputs.x!;
    return x.dtype === attrs.dtype && x.dtype !== 'string' ? memory.reshaped(x, x.shape) : stock();
  },
  Slice(call) {
    const x = call.inputs.x!;
    if (!hasFourBytes(x)) return call.stock();
    const { begin, size } = call.attrs as unknown as SliceAttrs;
    const [from, sides] = call.tf.slice_util.parseSliceParams(x, begin, size);
    return slice(call, x, { begin: from!, size: sides! });
  },
  Unpack(call) {
    const x = call.inputs.value!;
    if (!hasFourBytes(x)) return call.stock();
    const { axis: given } = call.attrs as unknown as UnpackAttrs;
    const axis = given < 0 ? given + x.shape.length : given;
    const shape = x.shape.filter((_, k) => k !== axis);
    const lengths = new Array<number>(x.shape[axis]!).fill(1);
    return cut(call, x, { axis, lengths }).map((part) => ({ ...part, shape }));
  },
  SplitV(call) {
    const x = call.inputs.x!;
    if (!hasFourBytes(x)) return call.stock();
    const { numOrSizeSplits, axis: given } = call.attrs as unknown as SplitVAttrs;
    const axis = given < 0 ? given + x.shape.length : given;
    const lengths = call.tf.backend_util.prepareSplitSize(x as never, numOrSizeSplits, axis);
    return cut(call, x, { axis, lengths });
  },
};
