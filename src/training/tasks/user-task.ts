/**
 * A task of the user's own: what a module exports (`--task ./my-task.js`), checked and turned into a Task. The model may
 * be a network as plain data, or a factory that returns one, or that returns a TensorFlow.js layers model, which is
 * translated by its own description (keras/) so that the lean engine runs it too.
 *
 * All peers must start from the same parameters. TensorFlow.js draws the weights of a new model at random, so training
 * starts from the run's seed; a factory that loads weights says `start: 'model'`.
 */
import { GrapevineError, isGrapevineError, messageOf } from '../../base/errors.js';
import { unknownNameMessage } from '../../base/registry.js';
import type { DataRequest } from '../data/data-request.js';
import type { Dataset } from '../data/dataset.js';
import { type ImportedModel, importKeras, withoutHead } from '../keras/keras-import.js';
import { isLayersModel, type LayersModelLike, readLayersModel } from '../keras/layers-model.js';
import { checkNetwork } from '../network/check-network.js';
import { type Loss, losses, type Network } from '../network/network.js';
import { loadTfjsUnion } from '../tfjs-union.js';
import { suitableLoss } from './check-fit.js';
import { networkTask, type TaskDesign } from './network-task.js';
import { tasks } from './registry.js';
import type { Task, TaskDefaults } from './task.js';
import { datasetOf, type UserRows } from './user-rows.js';

/**
 * What a model factory is told. `Tf` is typeof import('@tensorflow/tfjs') for who wants its types; they are not named here,
 * since they do not compile without skipLibCheck.
 */
export interface ModelContext<Tf = unknown> {
  /** Of one sample. */
  readonly inputShape: readonly number[];
  /** Number of classes; null where targets are values. */
  readonly classes: number | null;
  /** TensorFlow.js, for a layers model; loaded when it is first read. */
  readonly tf: Tf;
}

export type UserModel = Network | LayersModelLike;

export type UserData = UserRows | Dataset;

/** What a task module exports by default. */
export interface UserTask<Tf = unknown> {
  /** @default the file's name */
  readonly name?: string;
  /**
   * Whose data: the spec of another task ('csv:file=table.csv,target=column'), the data themselves, or a function that
   * returns them, given `dataDirectory` where this device has data of its own.
   */
  readonly data: string | UserData | ((request: DataRequest) => UserData | Promise<UserData>);
  /** A network, or a function that makes a network or a TensorFlow.js layers model. */
  readonly model: Network | ((context: ModelContext<Tf>) => UserModel | Promise<UserModel>);
  /** @default cross-entropy for classes, binary-cross-entropy for two with one output, else mean-squared-error */
  readonly loss?: Loss;
  /** 'model': training starts from the layers model's own weights. @default 'seed' */
  readonly start?: 'seed' | 'model';
  /** What a run takes unless flags say otherwise. */
  readonly defaults?: Partial<TaskDefaults>;
}

/** Types what a task module exports; returns it as it is. */
export function defineTask<Tf = unknown>(task: UserTask<Tf>): UserTask<Tf> {
  return task;
}

/** Of a small network on a table; a task's own are better. */
const DEFAULTS: TaskDefaults = { learningRate: 0.05, batch: 32, localSteps: 5, rounds: 100 };

const KEYS = ['name', 'data', 'model', 'loss', 'start', 'defaults'];

export interface UserTaskFile {
  /** The path as the user wrote it. */
  readonly file: string;
  /** Canonical; names the content, too. */
  readonly spec: string;
}

/** `file` heads what `problem` says. */
export function taskFault(file: string, problem: string, cause?: unknown): GrapevineError {
  return new GrapevineError('BAD_CONFIG', `task ${file}: ${problem}`, { file }, cause);
}

function checkDefaults(file: string, given: unknown): TaskDefaults {
  if (given === undefined) return DEFAULTS;
  if (typeof given !== 'object' || given === null)
    throw taskFault(file, 'defaults is no object; wanted { rounds: 50 }.');
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULTS, key))
      throw taskFault(file, unknownNameMessage('default', key, Object.keys(DEFAULTS)));
    const fine =
      typeof value === 'number' && value > 0 && (key === 'learningRate' || Number.isInteger(value));
    if (!fine) throw taskFault(file, `defaults.${key} is ${JSON.stringify(value)}; wanted a number above 0.`);
  }
  return { ...DEFAULTS, ...given };
}

function checkTask(file: string, exported: unknown): UserTask {
  if (typeof exported !== 'object' || exported === null) {
    const got = exported === undefined ? 'no default export' : `a default export of type ${typeof exported}`;
    throw taskFault(file, `got ${got}; wanted export default { data, model }.`);
  }
  const task = exported as Partial<UserTask>;
  for (const key of Object.keys(task)) {
    if (!KEYS.includes(key)) throw taskFault(file, unknownNameMessage('key', key, KEYS));
  }
  if (task.data === undefined) throw taskFault(file, 'no data; wanted data: a spec, rows or a function.');
  if (task.model === undefined) throw taskFault(file, 'no model; wanted model: a network or a function.');
  if (task.loss !== undefined && !losses.includes(task.loss))
    throw taskFault(file, unknownNameMessage('loss', String(task.loss), losses));
  if (task.start !== undefined && task.start !== 'seed' && task.start !== 'model')
    throw taskFault(file, unknownNameMessage('start', String(task.start), ['seed', 'model']));
  if (typeof task.model !== 'function' && (typeof task.model !== 'object' || isLayersModel(task.model)))
    throw taskFault(
      file,
      'model is no network; wanted { inputShape, layers }, or a function that makes the model.',
    );
  return task as UserTask;
}

/** Runs what the user wrote; what it throws is told with the file. */
async function calling<T>(file: string, what: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (isGrapevineError(error)) throw error;
    throw taskFault(file, `${what}() threw "${messageOf(error)}"; --debug shows where.`, error);
  }
}

/** Messages of what is in the file begin with its name. */
async function inFile<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isGrapevineError(error) || error.message.startsWith(`task ${file}: `)) throw error;
    throw new GrapevineError(error.code, `task ${file}: ${error.message}`, error.facts, error);
  }
}

async function loadData(task: UserTask, { file }: UserTaskFile, request: DataRequest): Promise<Dataset> {
  const { data, name = file } = task;
  if (typeof data === 'string') {
    const source = tasks.resolve(data);
    if (source.open === undefined)
      throw taskFault(file, `data "${data}" has no samples; wanted a task that has some.`);
    return (await source.open(request)).data;
  }
  const given = typeof data === 'function' ? await calling(file, 'data', () => data(request)) : data;
  const train = (given as Partial<Dataset> | undefined)?.train;
  if (typeof train === 'object' && typeof train?.inputsInto === 'function') return given as Dataset;
  return datasetOf(given as UserRows, name);
}

function contextOf({ inputShape, targets }: Dataset): ModelContext {
  return {
    inputShape,
    classes: targets.kind === 'classes' ? targets.classes : null,
    get tf() {
      return loadTfjsUnion();
    },
  };
}

/** The network of what a factory returned, and its weights where it has any. */
function readModel(file: string, model: unknown): ImportedModel {
  if (isLayersModel(model)) {
    try {
      return importKeras(readLayersModel(model));
    } finally {
      model.dispose?.();
    }
  }
  if (typeof model === 'object' && model !== null && 'layers' in model && 'inputShape' in model)
    return { network: checkNetwork(model), parameters: null, notes: [] };
  throw taskFault(
    file,
    `model() returned ${model === null ? 'null' : typeof model}; wanted { inputShape, layers }, or a TensorFlow.js layers model.`,
  );
}

const sameNumbers = (a: Float32Array, b: Float32Array): boolean => a.every((value, k) => value === b[k]);

async function designOf(
  task: UserTask,
  { file }: UserTaskFile,
  data: Dataset,
  request: DataRequest,
): Promise<TaskDesign> {
  const { model, start = 'seed' } = task;
  const make = async (): Promise<ImportedModel> =>
    readModel(
      file,
      typeof model === 'function' ? await calling(file, 'model', () => model(contextOf(data))) : model,
    );
  const { network: whole, parameters, notes } = await make();
  for (const note of notes) request.onNotice?.(note);
  const loss = task.loss ?? suitableLoss(data, whole);
  const network = withoutHead(whole, loss);
  if (start === 'seed') return { network, loss };
  if (parameters === null)
    throw taskFault(file, "start is 'model' and the model has no weights; wanted start: 'seed'.");
  const again = (await make()).parameters!;
  if (sameNumbers(parameters, again)) return { network, loss, start: parameters };
  throw taskFault(
    file,
    "start is 'model' and two calls of model() gave different weights; wanted the same ones, for all peers start alike: load them, give initializers a seed, or leave out start.",
  );
}

/** @throws GrapevineError BAD_CONFIG naming what is wrong with the export */
export function userTask(exported: unknown, place: UserTaskFile): Task {
  const { file, spec } = place;
  const task = checkTask(file, exported);
  return networkTask({
    name: task.name ?? file.replace(/^.*[\\/]|\.[^.]*$/g, ''),
    spec,
    defaults: checkDefaults(file, task.defaults),
    load: (request) => inFile(file, () => loadData(task, place, request)),
    design: (data, request) => inFile(file, () => designOf(task, place, data, request)),
  });
}
