/**
 * model.json and its weights on disk, as tf.loadLayersModel reads and model.save writes them: a topology, and a manifest
 * that says which numbers of which files are which weights.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GrapevineError, messageOf } from '../../base/errors.js';
import type { NamedTensor } from '../safetensors.js';
import { isObject, type Json, type KerasModel, modelFault } from './keras-model.js';

const WEIGHTS_FILE = 'weights.bin';

/** model.json, and files beside it. */
export interface ModelFiles {
  readonly json: Json;
  readonly weights: Uint8Array;
}

export function encodeModel({ topology, weights }: KerasModel, metadata?: Json): ModelFiles {
  const tensors = weights ?? [];
  const bytes = new Uint8Array(4 * tensors.reduce((sum, { values }) => sum + values.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { values } of tensors) {
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  const specs = tensors.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
  const json = {
    format: 'layers-model',
    generatedBy: 'grapevine',
    convertedBy: null,
    modelTopology: topology,
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: specs }],
    ...(metadata === undefined ? {} : { userDefinedMetadata: metadata }),
  };
  return { json, weights: bytes };
}

/** Writes model.json and weights.bin into `directory`. @throws GrapevineError CHECKPOINT_FAILED */
export function writeModelFiles(directory: string, { json, weights }: ModelFiles): void {
  try {
    mkdirSync(directory, { recursive: true });
    for (const [name, content] of [
      [WEIGHTS_FILE, weights],
      ['model.json', `${JSON.stringify(json)}\n`],
    ] as const) {
      const draft = join(directory, `${name}.tmp`);
      writeFileSync(draft, content);
      renameSync(draft, join(directory, name));
    }
  } catch (cause) {
    throw new GrapevineError(
      'CHECKPOINT_FAILED',
      `the model cannot be written to ${directory} (${messageOf(cause)}): make room, or choose another directory with --out.`,
      { directory },
      cause,
    );
  }
}

function readBytes(path: string, role: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new GrapevineError(
      'BAD_CONFIG',
      `${role} ${path} cannot be read (${messageOf(cause)}). Check the path; it is read from the directory in which ` +
        'grapevine was started, and weights from that of model.json.',
      { path },
      cause,
    );
  }
}

interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

function checkSpec(spec: unknown): WeightSpec {
  if (!isObject(spec) || typeof spec.name !== 'string' || !Array.isArray(spec.shape))
    throw modelFault(
      `a weight of the manifest without name and shape (${JSON.stringify(spec)?.slice(0, 80)}).`,
    );
  const { name, shape, dtype = 'float32', quantization } = spec;
  if (dtype === 'float32' && quantization === undefined) return { name, shape };
  const got = quantization === undefined ? dtype : 'quantized';
  throw modelFault(`weight "${name}" is ${got}; wanted float32: convert the model without quantization.`);
}

function readGroup(group: unknown, directory: string): { tensors: NamedTensor[]; files: string[] } {
  if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights))
    throw modelFault('a group of weightsManifest without paths and weights.');
  const files = group.paths.map((path) => join(directory, String(path)));
  const bytes = Buffer.concat(files.map((file) => readBytes(file, 'the weights')));
  const specs = group.weights.map(checkSpec);
  const sizes = specs.map(({ shape }) => shape.reduce((product, side) => product * side, 1));
  const wanted = 4 * sizes.reduce((sum, size) => sum + size, 0);
  if (bytes.length !== wanted)
    throw modelFault(
      `${files.join(', ')}: ${bytes.length} bytes of weights; wanted the ${wanted} that model.json lists.`,
    );
  let at = 0;
  const tensors = specs.map(({ name, shape }, index) => {
    const values = Float32Array.from({ length: sizes[index]! }, (_, k) => bytes.readFloatLE(at + 4 * k));
    at += 4 * values.length;
    return { name, shape, values };
  });
  return { tensors, files };
}

export interface ReadModel extends KerasModel {
  /** Files read: model.json first. */
  readonly files: readonly string[];
  /** What whoever saved the model added to it. */
  readonly metadata: unknown;
}

function parseJson(path: string): Json {
  const bytes = readBytes(path, 'the model');
  const text = Buffer.from(bytes).toString('utf8');
  if (text.startsWith('PK') || text.startsWith('\uFFFDHDF')) {
    throw modelFault(
      `${path} is a .keras or .h5 file; wanted model.json. In Python: tensorflowjs.converters.save_keras_model(model, "directory").`,
    );
  }
  try {
    const json: unknown = JSON.parse(text);
    if (isObject(json)) return json;
  } catch (cause) {
    throw modelFault(
      `${path} is not JSON (${messageOf(cause)}); wanted model.json of a TensorFlow.js layers model.`,
    );
  }
  throw modelFault(`${path} holds no object; wanted model.json of a TensorFlow.js layers model.`);
}

/** A model.json and its weights. @throws GrapevineError BAD_CONFIG */
export function readModelFiles(path: string): ReadModel {
  const json = parseJson(path);
  if (json.format === 'graph-model') {
    throw modelFault(
      `${path} is a graph model, which cannot be trained; wanted a layers model (model.save, or the converter).`,
    );
  }
  // A bare topology, as Keras' to_json() writes it, has no weights.
  const topology = json.modelTopology ?? (json.class_name === undefined ? undefined : json);
  if (topology === undefined)
    throw modelFault(`${path} has no modelTopology; wanted model.json of a TensorFlow.js layers model.`);
  const groups = Array.isArray(json.weightsManifest) ? json.weightsManifest : [];
  const read = groups.map((group) => readGroup(group, dirname(path)));
  const tensors = read.flatMap(({ tensors: own }) => own);
  return {
    topology,
    weights: tensors.length === 0 ? null : tensors,
    files: [path, ...read.flatMap(({ files }) => files)],
    metadata: json.userDefinedMetadata,
  };
}
