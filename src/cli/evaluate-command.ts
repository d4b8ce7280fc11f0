/**
 * `grapevine evaluate`: loss and accuracy of a run's mean model, of a checkpoint or of a model.json on the test samples
 * of a task; for the mean model of a run what its summary says.
 */
import { GrapevineError } from '../base/errors.js';
import { formatReal } from '../report/format.js';
import type { EngineChoice } from '../training/engine.js';
import { startEngine } from '../training/engines.js';
import { createNetworkModel } from '../training/network-model.js';
import type { ParameterLayout } from '../training/parameters.js';
import { partitions } from '../training/partition.js';
import { type NamedTensor, readSafeTensors } from '../training/safetensors.js';
import { readSavedModel } from '../training/saved-model.js';
import { checkFit } from '../training/tasks/check-fit.js';
import { openTasks } from '../training/tasks/task-file.js';
import type { Evaluation } from '../training/trainer.js';
import type { CommandContext } from './command-context.js';
import { type Found, findModel } from './run-directory.js';

export interface EvaluateFlags {
  readonly path: string;
  readonly task: string | undefined;
  readonly engine: EngineChoice | undefined;
  readonly json: boolean;
}

/** What a model without a run is measured with: a task without data depends on peers and seed. */
const DEFAULT_RUN = { peers: 8, seed: 1, engine: 'auto' } as const;

/** The flat vector of a file's tensors. @throws GrapevineError BAD_USAGE naming what is missing or another's */
function parametersOf(tensors: readonly NamedTensor[], layout: ParameterLayout, path: string): Float32Array {
  const parameters = new Float32Array(layout.size);
  for (const { name, shape, offset } of layout.tensors) {
    const found = tensors.find((tensor) => tensor.name === name);
    if (found !== undefined && found.shape.join() === shape.join()) {
      parameters.set(found.values, offset);
      continue;
    }
    const got =
      found === undefined
        ? `none of that name (${tensors[0]?.name ?? 'nothing'}, ...)`
        : `[${found.shape.join(', ')}]`;
    throw new GrapevineError(
      'BAD_USAGE',
      `${path}: tensor "${name}" of [${shape.join(', ')}] is wanted by the task, got ${got}. Name the task of the ` +
        "model with --task; of a run's model/ directory take model.json.",
      { path },
    );
  }
  return parameters;
}

interface Evaluated extends Evaluation {
  readonly engine: string;
  readonly task: string;
}

async function evaluateFound(
  found: Found,
  flags: EvaluateFlags,
  context: CommandContext,
): Promise<Evaluated> {
  const { peers, seed, engine: ranOn } = found.run ?? DEFAULT_RUN;
  const engine = flags.engine ?? ranOn;
  const saved = found.kind === 'model' ? readSavedModel(found.path) : null;
  const text = flags.task ?? found.run?.task ?? saved?.task ?? null;
  if (text === null)
    throw new GrapevineError('BAD_USAGE', `${found.path} does not say what it learned; wanted --task SPEC.`);
  const task = (await openTasks(text)).resolve(text);
  const { cacheDirectory } = context;
  if (saved === null) {
    const partition = partitions.resolve('iid');
    const model = await task.createModel({ peer: null, peers, partition, seed, cacheDirectory, engine });
    try {
      const parameters = parametersOf(await readSafeTensors(found.path), model.layout, found.path);
      return { ...model.evaluate(parameters), engine: model.engine, task: task.spec };
    } finally {
      model.dispose();
    }
  }
  if (task.open === undefined)
    throw new GrapevineError('BAD_USAGE', `--task ${text} has no test samples; wanted a task with data.`);
  const { data } = await task.open({ cacheDirectory });
  const { network, loss, parameters } = saved;
  checkFit({ data, network, loss });
  const started = await startEngine(engine, { network, loss, seed });
  const shard = new Uint32Array(0);
  const model = createNetworkModel({ network, loss, engine: started.engine, data, shard, seed });
  try {
    return { ...model.evaluate(parameters), engine: model.engine, task: task.spec };
  } finally {
    model.dispose();
  }
}

/** The exit code. @throws GrapevineError */
export async function runEvaluate(flags: EvaluateFlags, context: CommandContext): Promise<number> {
  const found = findModel(flags.path, 'checkpoint');
  const { loss, accuracy, engine, task } = await evaluateFound(found, flags, context);
  const { stdout } = context.output;
  if (flags.json) {
    stdout.write(`${JSON.stringify({ model: found.path, task, loss, accuracy, engine })}\n`);
    return 0;
  }
  const rows: [string, string][] = [
    ['model', found.path],
    ['task', task],
    ['loss', formatReal(loss)],
    ['accuracy', accuracy === null ? 'not of this task' : `${(100 * accuracy).toFixed(2)}%`],
    ['engine', engine],
  ];
  stdout.write(`${rows.map(([label, value]) => `  ${label.padEnd(12)}${value}`).join('\n')}\n`);
  return 0;
}
