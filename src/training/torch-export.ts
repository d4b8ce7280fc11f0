/**
 * A network's parameters under PyTorch's names and in its layouts, so that
 *
 *     model.load_state_dict(safetensors.torch.load_file('model.safetensors'))
 *
 * fits a torch model whose modules are named like the layers. What is moved:
 *
 *     dense        weight [out, in] is the kernel [in, out] transposed
 *     conv2d       weight [out, in, height, width] of [height, width, in, out]
 *     depthwise    weight [in multiplier, 1, height, width] (groups = in) of [height, width, in, multiplier]
 *     lstm         weight_ih_l0, weight_hh_l0 transposed, gates i f g o as here; bias_hh_l0 is 0
 *     attention    in_proj_weight: query, key and value transposed, one below the other
 *     dense after flatten   PyTorch flattens images channels first: its columns are put into that order
 *
 * The GRU here resets before the product (Cho et al. 2014), PyTorch's after it: no module there computes this one, and
 * its tensors keep our names and layout.
 */
import type { Layer, Network } from './network/network.js';
import { networkLayout } from './network/network-layout.js';
import { type Shape, type ShapedLayer, shapesOf, sizeOf } from './network/shapes.js';
import type { NamedTensor } from './safetensors.js';

/** A tensor of PyTorch's, and what it was made of. */
export interface TorchTensor extends NamedTensor {
  /** Our names: "dense1/kernel". */
  readonly from: readonly string[];
  /** What was done to them, in words. */
  readonly how: string;
}

/** Axis k of the result is axis `axes[k]` of `values`. */
export function permuted(values: Float32Array, shape: Shape, axes: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const sides = axes.map((axis) => shape[axis]!);
  const out = new Float32Array(values.length);
  for (let to = 0; to < out.length; to++) {
    let [rest, from] = [to, 0];
    for (let axis = sides.length - 1; axis >= 0; axis--) {
      from += (rest % sides[axis]!) * strides[axes[axis]!]!;
      rest = Math.floor(rest / sides[axis]!);
    }
    out[to] = values[from]!;
  }
  return out;
}

interface Parts {
  readonly layer: Layer;
  read(part: string): NamedTensor;
  has(part: string): boolean;
}

const reordered = (axes: readonly number[]): string => `axes ${axes.join(', ')}`;

function moved({ layer, read }: Parts, part: string, { name, axes, shape }: Move): TorchTensor {
  const tensor = read(part);
  return {
    name: `${layer.name}.${name}`,
    shape: shape ?? axes.map((axis) => tensor.shape[axis]!),
    values: permuted(tensor.values, tensor.shape, axes),
    from: [tensor.name],
    how: reordered(axes),
  };
}

interface Move {
  readonly name: string;
  readonly axes: readonly number[];
  /** Where it is another than the axes say. */
  readonly shape?: Shape;
}

function kept({ layer, read }: Parts, part: string, name: string): TorchTensor {
  const { name: own, shape, values } = read(part);
  return { name: `${layer.name}.${name}`, shape, values, from: [own], how: 'as it is' };
}

const biasOf = (parts: Parts): TorchTensor[] => (parts.has('bias') ? [kept(parts, 'bias', 'bias')] : []);

/** `image`: the shape that was flattened before this layer, if one was. */
function dense(parts: Parts, image: Shape | null): TorchTensor[] {
  if (image === null) return [moved(parts, 'kernel', { name: 'weight', axes: [1, 0] }), ...biasOf(parts)];
  const { name, shape, values } = parts.read('kernel');
  const units = shape[1]!;
  const weight: TorchTensor = {
    name: `${parts.layer.name}.weight`,
    shape: [units, shape[0]!],
    values: permuted(values, [...image, units], [3, 2, 0, 1]),
    from: [name],
    how: `axes 1, 0, columns from height, width, channels [${image.join(', ')}] to channels, height, width`,
  };
  return [weight, ...biasOf(parts)];
}

function attention(parts: Parts): TorchTensor[] {
  const roles = ['query', 'key', 'value'];
  const joined = (part: string, name: string, how: string): TorchTensor => {
    const tensors = roles.map((role) => parts.read(`${role}_${part}`));
    const size = tensors[0]!.values.length;
    const values = new Float32Array(3 * size);
    tensors.forEach(({ values: own, shape }, k) =>
      values.set(shape.length === 2 ? permuted(own, shape, [1, 0]) : own, k * size),
    );
    const [first, ...rest] = tensors[0]!.shape;
    const from = tensors.map((tensor) => tensor.name);
    return { name: `${parts.layer.name}.${name}`, shape: [3 * first!, ...rest], values, from, how };
  };
  return [
    joined('kernel', 'in_proj_weight', 'axes 1, 0, one below the other'),
    joined('bias', 'in_proj_bias', 'one after the other'),
    moved(parts, 'output_kernel', { name: 'out_proj.weight', axes: [1, 0] }),
    kept(parts, 'output_bias', 'out_proj.bias'),
  ];
}

function lstm(parts: Parts): TorchTensor[] {
  const bias = kept(parts, 'bias', 'bias_ih_l0');
  const zeros = new Float32Array(bias.values.length);
  return [
    moved(parts, 'kernel', { name: 'weight_ih_l0', axes: [1, 0] }),
    moved(parts, 'recurrent_kernel', { name: 'weight_hh_l0', axes: [1, 0] }),
    bias,
    { name: `${parts.layer.name}.bias_hh_l0`, shape: bias.shape, values: zeros, from: [], how: 'zeros' },
  ];
}

function depthwise(parts: Parts): TorchTensor[] {
  const [height, width, channels, multiplier] = parts.read('depthwise_kernel').shape as [
    number,
    number,
    number,
    number,
  ];
  const shape = [channels * multiplier, 1, height, width];
  return [moved(parts, 'depthwise_kernel', { name: 'weight', axes: [2, 3, 0, 1], shape }), ...biasOf(parts)];
}

function tensorsOf(parts: Parts, image: Shape | null): TorchTensor[] {
  const { layer } = parts;
  const scaleAndShift = () => [kept(parts, 'gamma', 'weight'), kept(parts, 'beta', 'bias')];
  switch (layer.kind) {
    case 'dense':
      return dense(parts, image);
    case 'conv2d':
      return [moved(parts, 'kernel', { name: 'weight', axes: [3, 2, 0, 1] }), ...biasOf(parts)];
    case 'depthwise-conv2d':
      return depthwise(parts);
    case 'batch-norm': {
      const [mean, variance] = ['moving_mean', 'moving_variance'];
      return [...scaleAndShift(), kept(parts, mean!, 'running_mean'), kept(parts, variance!, 'running_var')];
    }
    case 'layer-norm':
    case 'group-norm':
      return scaleAndShift();
    case 'embedding':
    case 'position-embedding':
      return [kept(parts, 'embeddings', 'weight')];
    case 'lstm':
      return lstm(parts);
    case 'gru':
      return ['kernel', 'recurrent_kernel', 'bias'].map((part) => kept(parts, part, part));
    case 'attention':
      return attention(parts);
    default:
      return [];
  }
}

/** Layers that change numbers one by one: an order of columns passes through them. */
const passing = new Set<Layer['kind']>(['activation', 'dropout', 'add']);

/** The image that was flattened into what `shaped` reads, null where none was or order makes no difference. */
function flattenedImage(shaped: ShapedLayer, all: readonly ShapedLayer[]): Shape | null {
  let before = all[shaped.inputs[0]!];
  while (before !== undefined && passing.has(before.layer.kind)) before = all[before.inputs[0]!];
  if (before?.layer.kind !== 'flatten' || before.inputShape.length !== 3) return null;
  const [height, width, channels] = before.inputShape as [number, number, number];
  return channels === 1 || height * width === 1 ? null : before.inputShape;
}

/** @throws GrapevineError BAD_CONFIG where the network makes no sense */
export function exportTorch(network: Network, parameters: Float32Array): TorchTensor[] {
  const tensors = new Map(
    networkLayout(network).tensors.map(({ name, shape, offset, size }) => [
      name,
      { name, shape, values: parameters.subarray(offset, offset + size) },
    ]),
  );
  const all = shapesOf(network);
  return all.flatMap((shaped) => {
    const { layer } = shaped;
    const parts: Parts = {
      layer,
      read: (part) => tensors.get(`${layer.name}/${part}`)!,
      has: (part) => tensors.has(`${layer.name}/${part}`),
    };
    return tensorsOf(parts, flattenedImage(shaped, all));
  });
}
