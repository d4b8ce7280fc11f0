/**
 * The graph of a Keras model: its layers in an order in which each comes after what it reads, from either form
 * (Sequential, Functional) and either spelling of what a layer reads (Keras 2 and TensorFlow.js, Keras 3).
 */
import { isObject, type Json, type KerasNode, layerFault, modelFault } from './keras-model.js';

export interface KerasGraph {
  /** Of one sample. */
  readonly inputShape: readonly number[];
  /** Without the input layer. The last one is the output. */
  readonly nodes: readonly KerasNode[];
}

/** Stands for the input layer in KerasNode.inputs. */
export const INPUT = 'input';

function textOf(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

/** [batch, ...shape] of an input layer or of a first layer; undefined where it says nothing. */
function shapeIn(className: string, config: Json): readonly unknown[] | undefined {
  const batchShape = config.batch_input_shape ?? config.batch_shape;
  if (Array.isArray(batchShape)) return batchShape.slice(1);
  if (className === 'Embedding' && typeof config.input_length === 'number') return [config.input_length];
  return undefined;
}

function checkShape(shape: readonly unknown[] | undefined): readonly number[] {
  if (shape === undefined)
    throw modelFault('no input shape; wanted an inputShape on the first layer, or an input layer.');
  if (shape.every((side) => Number.isInteger(side) && (side as number) >= 1)) return shape as number[];
  const got = shape.map((side) => side ?? 'any').join(', ');
  throw modelFault(`an input of shape [${got}]; wanted fixed sizes: every sample has one shape.`);
}

/** Every [name, 0, 0] below `value`: the layers that a call reads. */
function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) {
    if (typeof value[0] === 'string' && Number.isInteger(value[1])) return [value[0], ...namesIn(value[3])];
    return value.flatMap(namesIn);
  }
  if (!isObject(value)) return [];
  return Object.values(value).flatMap(namesIn);
}

/** The arguments of a call that are no tensors. */
function argumentsIn(value: unknown): Json {
  if (Array.isArray(value)) return Object.assign({}, ...value.map(argumentsIn));
  if (!isObject(value)) return {};
  if (value.use_causal_mask !== undefined) return value;
  return Object.assign({}, ...Object.values(value).map(argumentsIn));
}

function checkLayer(layer: unknown): { className: string; name: string; config: Json; inbound: unknown } {
  if (!isObject(layer) || typeof layer.class_name !== 'string' || !isObject(layer.config))
    throw modelFault(`a layer without class_name and config (${JSON.stringify(layer)?.slice(0, 80)}).`);
  const { class_name: className, config } = layer;
  const name = textOf(config.name, textOf(layer.name, className));
  if (config.layers !== undefined) {
    throw layerFault(
      { className, name },
      'a model inside the model; wanted one list of layers. Add its layers one by one.',
    );
  }
  if (config.trainable === false && className !== 'InputLayer') {
    throw layerFault(
      { className, name },
      'it is frozen (trainable: false); here all layers train. Set trainable to true.',
    );
  }
  return { className, name, config, inbound: layer.inbound_nodes };
}

/** `built`: the shape that the model was built for, where no layer says it. */
function sequential(layers: readonly unknown[], built: unknown): KerasGraph {
  const nodes: KerasNode[] = [];
  let shape: readonly unknown[] | undefined;
  for (const layer of layers) {
    const { className, name, config } = checkLayer(layer);
    shape ??= shapeIn(className, config);
    if (className === 'InputLayer') continue;
    nodes.push({ className, name, config, inputs: [nodes.at(-1)?.name ?? INPUT], call: {} });
  }
  return { inputShape: checkShape(shape ?? (Array.isArray(built) ? built.slice(1) : undefined)), nodes };
}

function functional({ layers, output_layers: outputs }: Json): KerasGraph {
  const nodes = new Map<string, KerasNode>();
  const inputs = new Map<string, readonly unknown[] | undefined>();
  for (const layer of layers as unknown[]) {
    const { className, name, config, inbound } = checkLayer(layer);
    if (className === 'InputLayer') {
      inputs.set(name, shapeIn(className, config));
      continue;
    }
    const calls = Array.isArray(inbound) ? inbound : [];
    if (calls.length !== 1)
      throw layerFault(
        { className, name },
        `it is called ${calls.length} times; wanted once: no weights are shared.`,
      );
    nodes.set(name, { className, name, config, inputs: namesIn(calls), call: argumentsIn(calls) });
  }
  if (inputs.size !== 1) throw modelFault(`${inputs.size} inputs; wanted one.`);
  const [[inputName, shape]] = [...inputs] as [[string, readonly unknown[] | undefined]];
  const ends = namesIn(outputs);
  if (ends.length !== 1) throw modelFault(`${ends.length} outputs; wanted one.`);
  return { inputShape: checkShape(shape), nodes: ordered(nodes, inputName, ends[0]!) };
}

/** What `end` needs, each after what it reads. */
function ordered(nodes: ReadonlyMap<string, KerasNode>, inputName: string, end: string): KerasNode[] {
  const done = new Map<string, KerasNode>();
  const visit = (name: string): void => {
    if (name === inputName || done.has(name)) return;
    const node = nodes.get(name);
    if (node === undefined) throw modelFault(`no layer is called "${name}", which another one reads.`);
    for (const input of node.inputs) visit(input);
    const inputs = node.inputs.map((input) => (input === inputName ? INPUT : input));
    done.set(name, { ...node, inputs });
  };
  visit(end);
  return [...done.values()];
}

/** x + PositionEmbedding(x) as the one layer that it is here, under the name of the embedding. */
function mergePositions(nodes: readonly KerasNode[]): KerasNode[] {
  const aliases = new Map<string, string>();
  const merged: KerasNode[] = [];
  for (const node of nodes) {
    const own = { ...node, inputs: node.inputs.map((input) => aliases.get(input) ?? input) };
    const positions = merged.find(
      ({ className, name, inputs }) =>
        className === 'PositionEmbedding' && own.inputs.includes(name) && own.inputs.includes(inputs[0]!),
    );
    if (node.className === 'Add' && own.inputs.length === 2 && positions !== undefined)
      aliases.set(node.name, positions.name);
    else merged.push(own);
  }
  const readersOf = (name: string) => nodes.filter(({ inputs }) => inputs.includes(name)).length;
  const alone = merged.find(
    ({ className, name }) =>
      className === 'PositionEmbedding' && (![...aliases.values()].includes(name) || readersOf(name) > 1),
  );
  if (alone !== undefined)
    throw layerFault(alone, 'wanted one Add of its input and its output, and no other reader.');
  return merged;
}

/** @throws GrapevineError BAD_CONFIG */
export function readGraph(topology: unknown): KerasGraph {
  const model = isObject(topology) && isObject(topology.model_config) ? topology.model_config : topology;
  if (!isObject(model) || typeof model.class_name !== 'string')
    throw modelFault('no class_name; wanted modelTopology of a TensorFlow.js layers model (model.json).');
  const { class_name: form, config } = model;
  const layers = Array.isArray(config) ? config : isObject(config) ? config.layers : undefined;
  if (!Array.isArray(layers) || layers.length === 0) throw modelFault('no layers; wanted at least one.');
  if (form === 'Sequential')
    return sequential(layers, isObject(config) ? config.build_input_shape : undefined);
  if (form !== 'Functional' && form !== 'Model')
    throw modelFault(
      `it is a ${form}; wanted Sequential or Functional. A subclass of Model has no description in JSON.`,
    );
  const graph = functional(config as Json);
  return { ...graph, nodes: mergePositions(graph.nodes) };
}
