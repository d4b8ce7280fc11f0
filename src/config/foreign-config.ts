/**
 * A configuration that came over the network. It is read by the same verifier as one's own, and on top of that nothing in
 * it may reach for this device: a task that runs a module or reads files is accepted only when the person here has named it
 * too, with --task, and it is the same (of a module, by the hash of its file).
 */
import { GrapevineError, isGrapevineError } from '../base/errors.js';
import { quoted } from '../base/printable.js';
import type { Registry } from '../base/registry.js';
import { parseSpec } from '../base/spec.js';
import type { Task } from '../training/tasks/task.js';
import { withoutPlace } from '../training/tasks/task-file.js';
import type { RunConfig } from './schema.js';
import { configHash, verifyRunConfig } from './verify.js';

/** Options of tasks whose value is a place on a device, or names a task that may have one. */
const PLACES: ReadonlySet<string> = new Set(['file', 'directory', 'model', 'data']);

/** A configuration names a hundred words; more in a message is the founder's. */
const MAX_MESSAGE_CHARACTERS = 1000;

export interface OwnChoice {
  /** What --task says here; absent: nothing. */
  readonly task: string | undefined;
  /** The tasks that can be named, with that of the user's file. */
  readonly tasks: Registry<Task>;
}

/** True where a task reads no file and runs no code but what this release ships. */
export function isSelfContained(task: string): boolean {
  if (!/^[a-z0-9-]+(:|$)/.test(task)) return false;
  return Object.keys(parseSpec(task, 'task').options).every((key) => !PLACES.has(key));
}

/**
 * The verified configuration of a swarm.
 * @throws GrapevineError BAD_CONFIG, BAD_SPEC
 */
export function verifyForeignConfig(
  config: Readonly<Record<string, string | number>>,
  own: OwnChoice,
): RunConfig {
  const task = String(config.task);
  if (own.task === undefined && !isSelfContained(task)) {
    throw new GrapevineError(
      'BAD_CONFIG',
      `the swarm trains ${quoted(task)}, which runs or reads files of this device: nothing of that kind is taken from the network. ` +
        `Get the file from whom you trust, and name it: --task ${quoted(withoutPlace(task).replace(/#.*/, ''))}`,
      { task },
    );
  }
  const mine = own.task === undefined ? task : own.tasks.canonical(own.task);
  if (withoutPlace(mine) !== withoutPlace(task)) {
    throw new GrapevineError(
      'BAD_CONFIG',
      `the swarm trains ${quoted(withoutPlace(task))}, and --task here is ${withoutPlace(mine)}: take the same, to the byte.`,
      { task },
    );
  }
  const verified = inOneLine(() =>
    verifyRunConfig({ ...config, task: mine }, "the swarm's configuration", own.tasks),
  );
  if (configHash(verified) === configHash(config as unknown as RunConfig)) return verified;
  throw new GrapevineError(
    'BAD_CONFIG',
    "the swarm's configuration means something else to this release: run the same release on all peers.",
  );
}

/** One's own configuration is quoted as it stands; another's keys and values could break the lines of a log. */
function inOneLine<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!isGrapevineError(error)) throw error;
    throw new GrapevineError(error.code, quoted(error.message, MAX_MESSAGE_CHARACTERS), error.facts, error);
  }
}
