/**
 * From Keras to a network: the topology layer by layer (import-layers.ts), and the weights into the flat vector, each
 * found by the name of its layer and of its part. A model that ends in softmax or sigmoid gives probabilities, while
 * the losses here read logits: withoutHead takes that last activation off.
 */
import type { Layer, Loss, Network } from '../network/network.js';
import { networkLayout } from '../network/network-layout.js';
import type { ParameterTensor } from '../parameters.js';
import type { NamedTensor } from '../safetensors.js';
import { INPUT, readGraph } from './import-graph.js';
import { kerasPart, translations } from './import-layers.js';
import { isObject, type KerasModel, type KerasNode, layerFault, modelFault } from './keras-model.js';

export interface ImportedModel {
  readonly network: Network;
  /** The weights, as the network's flat vector; null where the model holds none. */
  readonly parameters: Float32Array | null;
  /** What the model asks for and does not get here: sentences for the user. */
  readonly notes: readonly string[];
}

/** @throws GrapevineError BAD_CONFIG naming the layer and what is supported */
export function importKeras({ topology, weights }: KerasModel): ImportedModel {
  const { inputShape, nodes } = readGraph(topology);
  const names = namesOf(nodes);
  const layers = nodes.map((node, index) => translate(node, { index, nodes, names }));
  const network: Network = { inputShape, layers };
  const { size, tensors } = networkLayout(network);
  const notes = nodes.flatMap(notesOn);
  if (weights === null) return { network, parameters: null, notes };
  const parameters = new Float32Array(size);
  const kinds = new Map(layers.map((layer, index) => [layer.name, { layer, node: nodes[index]! }]));
  for (const tensor of tensors) {
    const [own, part] = tensor.name.split('/') as [string, string];
    const { layer, node } = kinds.get(own)!;
    const found = findWeight(weights, node, kerasPart(layer.kind, part));
    parameters.set(checkWeight(found, tensor, node), tensor.offset);
  }
  return { network, parameters, notes };
}

/** Names without "/", and none that is the input's. */
function namesOf(nodes: readonly KerasNode[]): Map<string, string> {
  const names = new Map([[INPUT, INPUT]]);
  const taken = new Set([INPUT]);
  for (const { name } of nodes) {
    let own = name.replaceAll('/', '_');
    while (taken.has(own)) own += '_';
    taken.add(own);
    names.set(name, own);
  }
  return names;
}

interface Place {
  readonly index: number;
  readonly nodes: readonly KerasNode[];
  readonly names: ReadonlyMap<string, string>;
}

function translate(node: KerasNode, { index, nodes, names }: Place): Layer {
  const body = translations[node.className];
  if (body === undefined) {
    throw layerFault(
      node,
      `this kind of layer is not supported; supported are ${Object.keys(translations).join(', ')}.`,
    );
  }
  const before = nodes[index - 1]?.name ?? INPUT;
  const read = node.className === 'MultiHeadAttention' ? node.inputs.slice(0, 1) : node.inputs;
  if (node.className !== 'Add' && read.length !== 1)
    throw layerFault(node, `it reads ${read.length} layers; wanted one.`);
  const plain = read.length === 1 && read[0] === before;
  const inputs = plain ? {} : { inputs: read.map((name) => names.get(name)!) };
  return { ...body(node), name: names.get(node.name)!, ...inputs };
}

/** Regularizers, constraints: named, since training goes on without them. */
function notesOn({ name, className, config }: KerasNode): string[] {
  const unused = Object.keys(config).filter(
    (key) => /_(regularizer|constraint)$/.test(key) && isObject(config[key]),
  );
  if (unused.length === 0) return [];
  return [`Keras layer "${name}" (${className}): ${unused.join(', ')} not used; sgd and qg have weightDecay`];
}

/** "model/dense/kernel:0" is the kernel of "dense". */
function findWeight(weights: readonly NamedTensor[], node: KerasNode, part: string): NamedTensor {
  const found = weights.find(({ name }) => {
    const path = `/${name.replace(/:0$/, '')}`;
    return path.includes(`/${node.name}/`) && path.endsWith(`/${part}`);
  });
  if (found !== undefined) return found;
  const near = weights.map(({ name }) => name).filter((name) => name.includes(node.name));
  const got = near.length === 0 ? 'none of its name' : near.join(', ');
  throw layerFault(
    node,
    `the file has no weight "${node.name}/${part}" (${got}); wanted all weights, or a model without any.`,
  );
}

/** Keras gives the kernels of attention an axis for the heads: the same numbers in the same order. */
function checkWeight(
  { name, shape, values }: NamedTensor,
  tensor: ParameterTensor,
  node: KerasNode,
): Float32Array {
  const sameShape = shape.join() === tensor.shape.join() || node.className === 'MultiHeadAttention';
  if (values.length !== tensor.size || !sameShape)
    throw layerFault(
      node,
      `weight "${name}" has shape [${shape.join(', ')}]; wanted [${tensor.shape.join(', ')}].`,
    );
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw layerFault(node, `weight "${name}" holds ${values[bad]} at ${bad}; wanted finite numbers.`);
  return values;
}

/** The activation that turns logits into the probabilities of a loss. */
export const headOf: Readonly<Record<Loss, 'softmax' | 'sigmoid' | null>> = {
  'cross-entropy': 'softmax',
  'binary-cross-entropy': 'sigmoid',
  'mean-squared-error': null,
};

/** `network` without the activation at its end that its loss computes by itself. */
export function withoutHead(network: Network, loss: Loss): Network {
  const head = headOf[loss];
  const last = network.layers.at(-1);
  if (head === null || last === undefined || !('activation' in last) || last.activation !== head)
    return network;
  const before = network.layers.slice(0, -1);
  if (last.kind !== 'activation')
    return { ...network, layers: [...before, { ...last, activation: 'linear' }] };
  if (before.length === 0) throw modelFault(`nothing but a ${head}; wanted layers to train.`);
  const [read] = last.inputs ?? [before.at(-1)!.name];
  // The output is the last layer: what the activation read must be that already.
  return read === before.at(-1)!.name ? { ...network, layers: before } : network;
}
