/**
 * A model of the user's own as a file: `keras:model=model.json,data=csv:file=table.csv,target=column`. The data are
 * those of another task, named by its spec; the weights in the file, if there are any, are where training starts. The
 * canonical spec holds a hash of the files, so that peers that would start from other weights do not gossip.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GrapevineError } from '../../base/errors.js';
import { choiceField, type RegistryEntry, textField } from '../../base/registry.js';
import type { Dataset } from '../data/dataset.js';
import { importKeras, withoutHead } from '../keras/keras-import.js';
import { readModelFiles } from '../keras/model-files.js';
import { type Loss, losses } from '../network/network.js';
import { suitableLoss } from './check-fit.js';
import { networkTask, type TaskDesign } from './network-task.js';
import type { Task } from './task.js';

export interface KerasOptions {
  readonly model?: string;
  readonly data?: string;
  readonly loss: Loss | 'auto';
  readonly sha256?: string;
}

const KERAS_FORM = 'keras:model=model.json,data=csv:file=table.csv,target=column';

/** A spec inside a spec stands in quotes; where it comes last, people leave them out, and what they mean is plain. */
export function quoteData(text: string): string {
  const match = /^(\s*keras:(?:.*,)?data=)([a-z][a-z0-9-]*:.*)$/s.exec(text);
  return match === null ? text : `${match[1]}"${match[2]!.trim().replaceAll('"', '""')}"`;
}

function wanted(got: string): GrapevineError {
  return new GrapevineError('BAD_SPEC', `task keras: got ${got}; wanted ${KERAS_FORM}.`);
}

function hashOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/** @throws GrapevineError BAD_CONFIG where the files cannot be read, or are not those of `sha256` */
function readChecked({ model, sha256 }: KerasOptions) {
  const read = readModelFiles(model!);
  const got = hashOf(read.files);
  if (sha256 === undefined || sha256 === got) return { ...read, sha256: got };
  throw new GrapevineError(
    'BAD_CONFIG',
    `task keras: ${model} has the hash ${got}; wanted ${sha256}. The file is another one than when the run was ` +
      'configured: leave out sha256, or bring the file back.',
    { path: model! },
  );
}

/** The data of the task `spec`. */
function sourceOf(spec: string, resolve: (spec: string) => Task): Task & Required<Pick<Task, 'open'>> {
  const task = resolve(spec);
  const { open } = task;
  if (open !== undefined) return { ...task, open };
  throw new GrapevineError(
    'BAD_SPEC',
    `data=${spec}: the task has no data; wanted one that has, such as csv or mnist-mlp.`,
  );
}

function design(options: KerasOptions, data: Dataset, onNotice?: (sentence: string) => void): TaskDesign {
  const { network: whole, parameters, notes } = importKeras(readChecked(options));
  for (const note of notes) onNotice?.(note);
  const loss = options.loss === 'auto' ? suitableLoss(data, whole) : options.loss;
  const network = withoutHead(whole, loss);
  return parameters === null ? { network, loss } : { network, loss, start: parameters };
}

/** `resolve` makes tasks of specs: the registry that this entry stands in. */
export function kerasTask(resolve: (spec: string) => Task): RegistryEntry<KerasOptions, Task> {
  return {
    name: 'keras',
    summary: `a model of yours from Keras or TensorFlow.js: ${KERAS_FORM}`,
    fields: {
      model: textField('model.json of a TensorFlow.js layers model'),
      data: textField('a task whose data the model learns'),
      loss: choiceField<Loss | 'auto'>('what training makes small', 'auto', ['auto', ...losses]),
      sha256: textField('of the files; filled in'),
    },
    complete(options) {
      if (options.model === undefined) throw wanted('no model');
      if (options.data === undefined) throw wanted('no data');
      const { model, loss } = options;
      const { sha256 } = readChecked(options);
      const { spec: data } = sourceOf(options.data, resolve);
      return { model, loss, sha256, data }; // the data last, where they may stand without quotes
    },
    make(options, spec) {
      const source = sourceOf(options.data!, resolve);
      return networkTask({
        name: 'keras',
        spec,
        defaults: source.defaults,
        load: async (request) => (await source.open(request)).data,
        design: (data, { onNotice }) => design(options, data, onNotice),
      });
    },
  };
}
