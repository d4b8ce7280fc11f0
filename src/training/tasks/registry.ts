/** The tasks a user can name. */
import { createRegistry, type Registry } from '../../base/registry.js';
import { mnistMlp } from './mnist-mlp.js';
import { quadratic } from './quadratic.js';
import type { Task } from './task.js';

export const tasks: Registry<Task> = createRegistry<Task>('task', [mnistMlp, quadratic]);
