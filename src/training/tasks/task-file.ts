/**
 * `--task ./my-task.js`: loads a module of the user's and puts its task beside those with a name. Its canonical spec
 * holds a hash of the file, `./my-task.js#0123456789ab`: peers that read different tasks do not gossip, and a worker
 * notices a file that was changed after the run began.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../base/errors.js';
import type { Registry } from '../../base/registry.js';
import { tasks } from './registry.js';
import type { Task } from './task.js';
import { taskFault, userTask } from './user-task.js';

const MODULE = /^(.+\.[cm]?[jt]s)(?:#([0-9a-f]+))?$/;
const HASH_DIGITS = 12;

/** Paths that are no module, with what was meant. */
function otherFile(text: string): string | null {
  if (/^[a-z][a-z0-9-]*:/.test(text)) return null;
  if (text.endsWith('.json'))
    return `a model file says nothing of the data; wanted --task keras:model=${text},data=csv:file=table.csv,target=column.`;
  if (/\.(keras|h5)$/.test(text))
    return 'wanted model.json. In Python: tensorflowjs.converters.save_keras_model(model, "directory").';
  if (text.endsWith('.csv'))
    return `wanted --task csv:file=${text},target=COLUMN, with the name of the column to predict.`;
  if (/^[./~]/.test(text)) return 'wanted a module that ends in .js, .mjs or .ts.';
  return null;
}

function readFile(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw taskFault(
      file,
      `cannot be read (${messageOf(cause)}). Check the path; it is read from the directory in which grapevine was started.`,
      cause,
    );
  }
}

/** "my-task.js:3" of an error in the module itself. */
function lineOf(error: Error, file: string): string {
  const line = new RegExp(
    `${pathToFileURL(resolve(file)).href.replaceAll(/[.*+?^$()[\]{}|\\]/g, '\\$&')}[^:]*:(\\d+)`,
  );
  const found = line.exec(error.stack ?? '');
  return found === null ? '' : `, line ${found[1]}`;
}

/** ", line 3" of what does not parse: import() does not say where, `node --check` does. */
function brokenLineOf(file: string): string {
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
  const found = /:(\d+)$/m.exec(stderr ?? '');
  return found === null ? '' : `, line ${found[1]}`;
}

/** The message for what import() threw. */
function importFault(file: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[cm]?ts$/.test(file)) {
    return taskFault(
      file,
      `Node ${process.versions.node} does not run TypeScript; wanted Node 22.18 or later, or a .js file: npx tsc makes one.`,
      error,
    );
  }
  const first = messageOf(error).split('\n')[0];
  if (code === 'ERR_MODULE_NOT_FOUND') {
    const remedy = /'grapevine'/.test(first!)
      ? 'Leave the import out: a plain object needs no defineTask.'
      : 'Check the path, or npm install the package beside the task.';
    return taskFault(file, `imports what is not there: ${first}. ${remedy}`, error);
  }
  if (!(error instanceof Error)) return taskFault(file, `threw ${String(error)} while it was loaded.`, error);
  if (error.name === 'SyntaxError') {
    const hint = /Cannot use import|Unexpected token 'export'/.test(first!)
      ? ' Name the file .mjs, or put "type": "module" into package.json beside it.'
      : '';
    return taskFault(file, `does not parse${brokenLineOf(file)}: ${first}.${hint}`, error);
  }
  return taskFault(file, `threw ${error.name} while it was loaded${lineOf(error, file)}: ${first}.`, error);
}

/** @throws GrapevineError BAD_CONFIG */
async function loadTaskFile(file: string, wantedHash: string | undefined): Promise<Task> {
  const hash = createHash('sha256').update(readFile(file)).digest('hex').slice(0, HASH_DIGITS);
  if (wantedHash !== undefined && wantedHash !== hash)
    throw taskFault(
      file,
      `its hash is ${hash}; wanted ${wantedHash}: it was changed since the run was configured.`,
    );
  let exported: unknown;
  try {
    exported = ((await import(pathToFileURL(resolve(file)).href)) as { default?: unknown }).default;
  } catch (error) {
    throw importFault(file, error);
  }
  return userTask(exported, { file, spec: `${file}#${hash}` });
}

/**
 * The tasks that `text` can name: those with a name, and the one in the file that it names, if it does.
 * @throws GrapevineError BAD_CONFIG saying what is wrong with the file
 */
export async function openTasks(text: string): Promise<Registry<Task>> {
  const trimmed = text.trim();
  const match = /^[a-z][a-z0-9-]*:(?![\\/])/.test(trimmed) ? null : MODULE.exec(trimmed);
  if (match === null) {
    const problem = otherFile(trimmed);
    if (problem === null) return tasks;
    throw taskFault(trimmed, problem);
  }
  const [, file, hash] = match as unknown as [string, string, string | undefined];
  const task = await loadTaskFile(file, hash);
  const isIt = (other: string): boolean => other.trim().replace(/#[0-9a-f]+$/, '') === file;
  return {
    ...tasks,
    resolve: (other) => (isIt(other) ? task : tasks.resolve(other)),
    canonical: (other) => (isIt(other) ? task.spec : tasks.canonical(other)),
  };
}

/** A task's canonical spec without the place of its file, which differs from device to device. */
export function withoutPlace(spec: string): string {
  return MODULE.test(spec) && spec.includes('#') ? spec.replace(/^.*[\\/]/, '') : spec;
}
