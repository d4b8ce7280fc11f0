/**
 * Shapes of a network's layers, without the batch, and the names they read: what every engine starts from, and where a
 * network that makes no sense is refused.
 */
import { GrapevineError } from '../../base/errors.js';
import type { Layer, Network, Padding, Pair } from './network.js';

export type Shape = readonly number[];

/** A layer with its place in the network worked out. */
export interface ShapedLayer {
  readonly layer: Layer;
  /** Indices into the shaped layers; -1 is the network's input. */
  readonly inputs: readonly number[];
  /** Of the first input. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
}

/** One side of a sliding window: places it takes, and the zeros before the first (Keras' rule for "same"). */
export interface WindowSide {
  readonly places: number;
  readonly before: number;
}

export const sizeOf = (shape: Shape): number => shape.reduce((product, side) => product * side, 1);

export function windowSide(
  { length, size, stride }: { readonly length: number; readonly size: number; readonly stride: number },
  padding: Padding,
): WindowSide {
  if (padding === 'valid') return { places: Math.floor((length - size) / stride) + 1, before: 0 };
  const places = Math.ceil(length / stride);
  const zeros = Math.max(0, (places - 1) * stride + size - length);
  return { places, before: Math.floor(zeros / 2) };
}

function refuse(layer: Layer, got: string, wanted: string): never {
  throw new GrapevineError(
    'BAD_CONFIG',
    `layer "${layer.name}" (${layer.kind}): got ${got}; wanted ${wanted}.`,
    {
      layer: layer.name,
    },
  );
}

function requireRank(layer: Layer, shape: Shape, ranks: readonly number[], form: string): void {
  if (!ranks.includes(shape.length)) refuse(layer, `an input of shape [${shape.join(', ')}]`, form);
}

interface Sliding {
  readonly size: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}

function slide(layer: Layer, shape: Shape, { size, strides, padding }: Sliding): [number, number] {
  requireRank(layer, shape, [3], '[height, width, channels]');
  const places = [0, 1].map((axis) => {
    const side = { length: shape[axis]!, size: size[axis]!, stride: strides[axis]! };
    return windowSide(side, padding).places;
  });
  if (places.some((count) => count < 1)) {
    refuse(
      layer,
      `a window of ${size.join(' x ')} on ${shape[0]} x ${shape[1]}`,
      'a window that fits, or padding "same"',
    );
  }
  return [places[0]!, places[1]!];
}

const ONE: Pair = [1, 1];
const IMAGE_OR_SEQUENCE = '[height, width, channels] or [time, size]';

/** Shape of what `layer` makes of `shape`. */
function outputShapeOf(layer: Layer, shape: Shape): Shape {
  switch (layer.kind) {
    case 'dense':
      return [...shape.slice(0, -1), layer.units];
    case 'conv2d': {
      const { kernel, strides = ONE, padding = 'same', filters } = layer;
      return [...slide(layer, shape, { size: kernel, strides, padding }), filters];
    }
    case 'depthwise-conv2d': {
      const { kernel, strides = ONE, padding = 'same', multiplier = 1 } = layer;
      return [...slide(layer, shape, { size: kernel, strides, padding }), shape[2]! * multiplier];
    }
    case 'max-pool':
    case 'average-pool': {
      const { size, strides = size, padding = 'valid' } = layer;
      return [...slide(layer, shape, { size, strides, padding }), shape[2]!];
    }
    case 'global-average-pool':
      requireRank(layer, shape, [2, 3], IMAGE_OR_SEQUENCE);
      return [shape.at(-1)!];
    case 'flatten':
      return [sizeOf(shape)];
    case 'reshape':
      if (sizeOf(layer.shape) !== sizeOf(shape)) {
        refuse(layer, `shape [${layer.shape.join(', ')}]`, `${sizeOf(shape)} entries`);
      }
      return layer.shape;
    case 'group-norm':
      if (shape.at(-1)! % layer.groups !== 0) {
        refuse(layer, `${layer.groups} groups of ${shape.at(-1)} channels`, 'groups of equal size');
      }
      return shape;
    case 'embedding':
      requireRank(layer, shape, [1], '[time], whole numbers');
      return [shape[0]!, layer.size];
    case 'position-embedding':
      requireRank(layer, shape, [2], '[time, size]');
      return shape;
    case 'lstm':
    case 'gru':
      requireRank(layer, shape, [2], '[time, size]');
      return layer.returnSequences === true ? [shape[0]!, layer.units] : [layer.units];
    case 'attention':
      requireRank(layer, shape, [2], '[time, size]');
      if (shape[1]! % layer.heads !== 0) {
        refuse(layer, `${layer.heads} heads of ${shape[1]} numbers`, 'heads of equal size');
      }
      return shape;
    case 'activation':
    case 'add':
    case 'dropout':
    case 'batch-norm':
    case 'layer-norm':
      return shape;
    default:
      return layer satisfies never;
  }
}

/**
 * The layers of `network` with their shapes, in order.
 * @throws GrapevineError BAD_CONFIG where a name is unknown or double, or shapes do not fit
 */
export function shapesOf({ inputShape, layers }: Network): ShapedLayer[] {
  const places = new Map<string, number>([['input', -1]]);
  const shaped: ShapedLayer[] = [];
  const shapeAt = (place: number): Shape => (place < 0 ? inputShape : shaped[place]!.outputShape);
  layers.forEach((layer, index) => {
    const inputs = (layer.inputs ?? [layers[index - 1]?.name ?? 'input']).map((name) => {
      const place = places.get(name);
      if (place === undefined) refuse(layer, `input "${name}"`, `one of ${[...places.keys()].join(', ')}`);
      return place;
    });
    if (places.has(layer.name)) refuse(layer, 'a name that is taken', 'another name');
    const first = shapeAt(inputs[0]!);
    for (const place of inputs.slice(1)) {
      if (`${shapeAt(place)}` === `${first}`) continue;
      refuse(
        layer,
        `inputs of shapes [${first.join(', ')}] and [${shapeAt(place).join(', ')}]`,
        'equal shapes',
      );
    }
    shaped.push({ layer, inputs, inputShape: first, outputShape: outputShapeOf(layer, first) });
    places.set(layer.name, index);
  });
  if (shaped.length === 0)
    throw new GrapevineError('BAD_CONFIG', 'a network of no layers; wanted at least one.');
  return shaped;
}

/** Shape of the network's output, without the batch. */
export function outputShape(network: Network): Shape {
  return shapesOf(network).at(-1)!.outputShape;
}
