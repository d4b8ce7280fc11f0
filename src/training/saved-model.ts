/**
 * What a run has learned, as files that other tools read: a directory with
 *
 *     model.json, weights.bin    a TensorFlow.js layers model, with probabilities at its end where the task has classes
 *     model.safetensors          the same weights under PyTorch's names and in its layouts (torch-export.ts)
 *     names.json                 where each of those tensors comes from
 *
 * model.json also says what the model was trained on (SavedFacts), so that predictions need neither the data nor the
 * task: how a file becomes inputs, what the classes are called.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GrapevineError, messageOf } from '../base/errors.js';
import type { DataEncoding, Dataset } from './data/dataset.js';
import { exportKeras } from './keras/keras-export.js';
import { headOf, importKeras, withoutHead } from './keras/keras-import.js';
import { isObject } from './keras/keras-model.js';
import { encodeModel, readModelFiles, writeModelFiles } from './keras/model-files.js';
import { type Loss, losses, type Network } from './network/network.js';
import { layOut } from './parameters.js';
import { writeSafeTensors } from './safetensors.js';
import type { TaskSubject } from './tasks/task.js';
import { exportTorch, type TorchTensor } from './torch-export.js';

/** What model.json says beside the model, under userDefinedMetadata.grapevine. JSON. */
export interface SavedFacts {
  /** Canonical spec; null where it is not known. */
  readonly task: string | null;
  readonly loss: Loss;
  readonly targets: Dataset['targets'] | null;
  readonly encoding: DataEncoding | null;
}

export interface SavedModel extends SavedFacts {
  /** Without the head: outputs are logits. */
  readonly network: Network;
  readonly parameters: Float32Array;
}

async function writeTorch(directory: string, tensors: readonly TorchTensor[]): Promise<void> {
  const layout = layOut(tensors, []);
  const values = new Float32Array(layout.size);
  layout.tensors.forEach(({ offset }, index) => values.set(tensors[index]!.values, offset));
  await writeSafeTensors(join(directory, 'model.safetensors'), layout, values);
  const names = tensors.map(({ name, shape, from, how }) => ({ name, shape, from, how }));
  const path = join(directory, 'names.json');
  try {
    await writeFile(path, `${JSON.stringify(names, null, 2)}\n`);
  } catch (cause) {
    throw new GrapevineError(
      'CHECKPOINT_FAILED',
      `${path} cannot be written (${messageOf(cause)}): make room, or choose another directory with --out.`,
      { path },
      cause,
    );
  }
}

/** Writes the model of `subject` with these parameters. @throws GrapevineError CHECKPOINT_FAILED */
export async function writeSavedModel(
  directory: string,
  { network, loss, data }: TaskSubject,
  { task, parameters }: { readonly task: string; readonly parameters: Float32Array },
): Promise<void> {
  const facts: SavedFacts = { task, loss, targets: data.targets, encoding: data.encoding ?? null };
  const model = exportKeras({ network, parameters, head: headOf[loss] });
  writeModelFiles(directory, encodeModel(model, { grapevine: facts }));
  await writeTorch(directory, exportTorch(network, parameters));
}

/** Of a model that this project did not save: what its last activation suggests. */
function guessed(network: Network): SavedFacts {
  const last = network.layers.at(-1);
  const activation = last !== undefined && 'activation' in last ? last.activation : undefined;
  const loss =
    losses.find((each) => headOf[each] !== null && headOf[each] === activation) ?? 'mean-squared-error';
  return { task: null, loss, targets: null, encoding: null };
}

/** A model.json. @throws GrapevineError BAD_CONFIG */
export function readSavedModel(path: string): SavedModel {
  const { metadata, ...model } = readModelFiles(path);
  const { network, parameters } = importKeras(model);
  if (parameters === null)
    throw new GrapevineError('BAD_CONFIG', `${path} holds no weights; wanted a model that was trained.`, {
      path,
    });
  const own =
    isObject(metadata) && isObject(metadata.grapevine) ? (metadata.grapevine as unknown as SavedFacts) : null;
  const facts = own === null || !losses.includes(own.loss) ? guessed(network) : own;
  return { ...facts, network: withoutHead(network, facts.loss), parameters };
}
