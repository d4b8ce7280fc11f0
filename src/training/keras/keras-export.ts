/**
 * From a network to Keras: a Functional model in the JSON that TensorFlow.js loads (tf.loadLayersModel) and Keras'
 * from_config understands, and the weights under the names both expect. On request the activation that turns logits
 * into probabilities stands at the end.
 */
import type { Network } from '../network/network.js';
import { networkLayout } from '../network/network-layout.js';
import { shapesOf } from '../network/shapes.js';
import type { NamedTensor } from '../safetensors.js';
import { type KerasLayer, kerasLayersOf } from './export-layers.js';
import { kerasPart } from './import-layers.js';
import type { Json, KerasModel } from './keras-model.js';

export interface ExportSubject {
  readonly network: Network;
  /** The network's flat vector. */
  readonly parameters: Float32Array;
  /** Put at the end, as a layer "probabilities"; null: the outputs stay logits, or values. */
  readonly head?: 'softmax' | 'sigmoid' | null;
}

/** Keras' name of the input layer. */
const INPUT = 'input';

function layerJson({ className, name, config, inputs, call }: KerasLayer): Json {
  const nodes = inputs.map((input) => [input, 0, 0, {}] as unknown[]);
  // Keras calls attention with query and value; ours has one input for both.
  if (call !== undefined) nodes[0]![3] = { value: [inputs[0], 0, 0], ...call };
  return {
    class_name: className,
    name,
    config: { name, trainable: true, ...config },
    inbound_nodes: [nodes],
  };
}

function inputJson({ inputShape, layers }: Network): Json {
  const dtype = layers[0]?.kind === 'embedding' ? 'int32' : 'float32';
  const config = { batch_input_shape: [null, ...inputShape], dtype, sparse: false, name: INPUT };
  return { class_name: 'InputLayer', name: INPUT, config, inbound_nodes: [] };
}

/** The layers, and the name of the one that gives the output. */
function layersOf(network: Network, head: ExportSubject['head']): { layers: KerasLayer[]; output: string } {
  const layers: KerasLayer[] = [];
  /** Names of what stands for each of our layers. */
  const ends: string[] = [];
  for (const shaped of shapesOf(network)) {
    const inputs = shaped.inputs.map((place) => (place < 0 ? INPUT : ends[place]!));
    layers.push(...kerasLayersOf(shaped, inputs));
    ends.push(layers.at(-1)!.name);
  }
  if (head !== undefined && head !== null) {
    const name = ends.includes('probabilities') ? 'probabilities_' : 'probabilities';
    layers.push({ className: 'Activation', name, config: { activation: head }, inputs: [ends.at(-1)!] });
  }
  return { layers, output: layers.at(-1)!.name };
}

/** Keras gives the kernels of attention an axis for the heads: the same numbers in the same order. */
function kerasShape(part: string, shape: readonly number[], heads: number): readonly number[] {
  const size = shape.at(-1)!;
  const width = size / heads;
  if (part === 'output_kernel') return [heads, width, size];
  if (part === 'output_bias') return shape;
  return part.endsWith('kernel') ? [size, heads, width] : [heads, width];
}

function weightsOf({ network, parameters }: ExportSubject): NamedTensor[] {
  const kinds = new Map(network.layers.map((layer) => [layer.name, layer]));
  return networkLayout(network).tensors.map(({ name, shape, offset, size }) => {
    const [own, part] = name.split('/') as [string, string];
    const layer = kinds.get(own)!;
    return {
      name: `${own}/${kerasPart(layer.kind, part)}`,
      shape: layer.kind === 'attention' ? kerasShape(part, shape, layer.heads) : shape,
      values: parameters.subarray(offset, offset + size),
    };
  });
}

/** @throws GrapevineError BAD_CONFIG where the network makes no sense */
export function exportKeras(subject: ExportSubject): KerasModel {
  const { layers, output } = layersOf(subject.network, subject.head);
  const config = {
    name: 'grapevine',
    trainable: true,
    layers: [inputJson(subject.network), ...layers.map(layerJson)],
    input_layers: [[INPUT, 0, 0]],
    output_layers: [[output, 0, 0]],
  };
  const topology = { class_name: 'Functional', config, keras_version: '2.15.0', backend: 'tensorflow' };
  return { topology, weights: weightsOf(subject) };
}
