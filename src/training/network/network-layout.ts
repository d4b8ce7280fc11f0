/**
 * Where a network's parameters lie in the flat vector, how that is cut into matrices for compression, and where
 * training starts. The tensors of a layer lie together, so that a kernel and the bias after it are one matrix whose
 * last row is the bias:
 *
 *     dense  [in, out]        conv2d  [kh kw in, filters]        depthwise  [kh kw, in multiplier]
 *     lstm, gru: kernel [in, 4 units], recurrent kernel [units, 4 units] with the bias
 *     attention: query, key, value, output, [size, size] with a bias each      norms: vectors
 */
import { createRandom, gaussian, uniform } from '../../base/random.js';
import type { MatrixBlock } from '../../compression/compressor.js';
import { layOut, type ParameterLayout } from '../parameters.js';
import type { Network } from './network.js';
import { type Shape, type ShapedLayer, shapesOf, sizeOf } from './shapes.js';

/** Where an entry starts: Glorot's uniform, a rotation (recurrent kernels), small gaussians, or a constant. */
type Start =
  | { readonly kind: 'glorot'; readonly fanIn: number; readonly fanOut: number }
  | { readonly kind: 'orthogonal' }
  | { readonly kind: 'gaussian'; readonly deviation: number }
  | { readonly kind: 'constant'; readonly value: number };

interface Part {
  /** "kernel" */
  readonly name: string;
  readonly shape: Shape;
  readonly start: Start;
  /** Columns of the matrix that it is, or a row of the matrix before it ("bias"), or a vector of its own. */
  readonly cut: number | 'row' | 'vector';
}

const zeros: Start = { kind: 'constant', value: 0 };
const ones: Start = { kind: 'constant', value: 1 };

/** Keras' own for embeddings is uniform in [-0.05, 0.05]; 0.02 is GPT-2's (Radford et al. 2019). */
const EMBEDDING_DEVIATION = 0.02;

function biasOf(present: boolean | undefined, size: number, name = 'bias'): Part[] {
  return present === false ? [] : [{ name, shape: [size], start: zeros, cut: 'row' }];
}

function scaleAndShift(size: number): Part[] {
  return [
    { name: 'gamma', shape: [size], start: ones, cut: 'vector' },
    { name: 'beta', shape: [size], start: zeros, cut: 'vector' },
  ];
}

function dense(name: string, fanIn: number, fanOut: number): Part {
  return { name, shape: [fanIn, fanOut], start: { kind: 'glorot', fanIn, fanOut }, cut: fanOut };
}

/** LSTM's bias for the gate that forgets starts at 1 (Jozefowicz et al. 2015), as in Keras; `start` handles it. */
function recurrent(inputs: number, units: number, gates: number): Part[] {
  const width = gates * units;
  return [
    dense('kernel', inputs, width),
    { name: 'recurrent_kernel', shape: [units, width], start: { kind: 'orthogonal' }, cut: width },
    { name: 'bias', shape: [width], start: zeros, cut: 'row' },
  ];
}

function partsOf({ layer, inputShape }: ShapedLayer): Part[] {
  const last = inputShape.at(-1)!;
  switch (layer.kind) {
    case 'dense':
      return [dense('kernel', last, layer.units), ...biasOf(layer.bias, layer.units)];
    case 'conv2d': {
      const [height, width] = layer.kernel;
      const [fanIn, fanOut] = [height * width * last, height * width * layer.filters];
      const shape = [height, width, last, layer.filters];
      const kernel: Part = {
        name: 'kernel',
        shape,
        start: { kind: 'glorot', fanIn, fanOut },
        cut: layer.filters,
      };
      return [kernel, ...biasOf(layer.bias, layer.filters)];
    }
    case 'depthwise-conv2d': {
      const { kernel, multiplier = 1, bias } = layer;
      const window = kernel[0] * kernel[1];
      const start: Start = { kind: 'glorot', fanIn: window, fanOut: window * multiplier };
      const shape = [...kernel, last, multiplier];
      return [
        { name: 'depthwise_kernel', shape, start, cut: last * multiplier },
        ...biasOf(bias, last * multiplier),
      ];
    }
    case 'batch-norm':
      return [
        ...scaleAndShift(last),
        { name: 'moving_mean', shape: [last], start: zeros, cut: 'vector' },
        { name: 'moving_variance', shape: [last], start: ones, cut: 'vector' },
      ];
    case 'layer-norm':
    case 'group-norm':
      return scaleAndShift(last);
    case 'embedding': {
      const start: Start = { kind: 'gaussian', deviation: EMBEDDING_DEVIATION };
      return [{ name: 'embeddings', shape: [layer.vocabulary, layer.size], start, cut: layer.size }];
    }
    case 'position-embedding': {
      const start: Start = { kind: 'gaussian', deviation: EMBEDDING_DEVIATION };
      return [{ name: 'embeddings', shape: inputShape, start, cut: last }];
    }
    case 'lstm':
      return recurrent(last, layer.units, 4);
    case 'gru':
      return recurrent(last, layer.units, 3);
    case 'attention':
      return ['query', 'key', 'value', 'output'].flatMap((role) => [
        dense(`${role}_kernel`, last, last),
        ...biasOf(true, last, `${role}_bias`),
      ]);
    default:
      return [];
  }
}

interface Cut {
  readonly tensors: { name: string; shape: Shape }[];
  readonly blocks: MatrixBlock[];
  readonly starts: Start[];
}

/** A block is named after its layer, or after the tensor where a layer has several. */
function cutOf(network: Network): Cut {
  const cut: Cut = { tensors: [], blocks: [], starts: [] };
  let offset = 0;
  for (const shaped of shapesOf(network)) {
    const parts = partsOf(shaped);
    const alone = parts.filter((part) => part.cut !== 'row').length === 1;
    for (const { name, shape, start, cut: how } of parts) {
      const size = sizeOf(shape);
      const full = `${shaped.layer.name}/${name}`;
      cut.tensors.push({ name: full, shape });
      cut.starts.push(start);
      const cols = how === 'vector' ? size : Number(how);
      const before = cut.blocks.at(-1);
      if (how === 'row' && before !== undefined)
        cut.blocks[cut.blocks.length - 1] = { ...before, rows: before.rows + 1 };
      else cut.blocks.push({ name: alone ? shaped.layer.name : full, offset, rows: size / cols, cols });
      offset += size;
    }
  }
  return cut;
}

/** @throws GrapevineError BAD_CONFIG where the network makes no sense */
export function networkLayout(network: Network): ParameterLayout {
  const { tensors, blocks } = cutOf(network);
  return layOut(tensors, blocks);
}

/**
 * The common start of all peers: kernels uniform in [-a, a) with a = sqrt(6 / (fan in + fan out)) (Glorot and Bengio
 * 2010, "Understanding the difficulty of training deep feedforward neural networks", eq. 16), recurrent kernels
 * orthonormal rows (Saxe et al. 2014), scales 1, the rest 0. Depends on the seed and on names and shapes only.
 */
export function initialParameters(network: Network, seed: number): Float32Array {
  const { tensors, blocks, starts } = cutOf(network);
  const layout = layOut(tensors, blocks);
  const parameters = new Float32Array(layout.size);
  layout.tensors.forEach(({ name, shape, offset, size }, index) => {
    fillStart(parameters.subarray(offset, offset + size), starts[index]!, { name, shape, seed });
  });
  for (const { layer } of shapesOf(network)) {
    if (layer.kind !== 'lstm') continue;
    const bias = layout.tensors.find(({ name }) => name === `${layer.name}/bias`)!;
    parameters.fill(1, bias.offset + layer.units, bias.offset + 2 * layer.units);
  }
  return parameters;
}

interface Tensor {
  readonly name: string;
  readonly shape: Shape;
  readonly seed: number;
}

function fillStart(out: Float32Array, start: Start, { name, shape, seed }: Tensor): void {
  if (start.kind === 'constant') {
    out.fill(start.value);
    return;
  }
  const random = createRandom(seed, 'initial parameters', name);
  if (start.kind === 'glorot') {
    const limit = Math.sqrt(6 / (start.fanIn + start.fanOut));
    for (let k = 0; k < out.length; k++) out[k] = limit * (2 * uniform(random) - 1);
    return;
  }
  const deviation = start.kind === 'gaussian' ? start.deviation : 1;
  for (let k = 0; k < out.length; k++) out[k] = deviation * gaussian(random);
  if (start.kind === 'orthogonal') orthonormalizeRows(out, shape[0]!);
}

/** Gram-Schmidt over `rows` rows of equal length, each at least as long as there are rows. */
function orthonormalizeRows(values: Float32Array, rows: number): void {
  const length = values.length / rows;
  const row = (i: number) => values.subarray(i * length, (i + 1) * length);
  for (let i = 0; i < rows; i++) {
    const own = row(i);
    for (let j = 0; j < i; j++) {
      const other = row(j);
      let product = 0;
      for (let k = 0; k < length; k++) product += own[k]! * other[k]!;
      for (let k = 0; k < length; k++) own[k]! -= product * other[k]!;
    }
    const norm = Math.hypot(...own);
    for (let k = 0; k < length; k++) own[k]! /= norm;
  }
}
