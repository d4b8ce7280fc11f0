/** The tasks a user can name. */
import { createRegistry, type Registry } from '../../base/registry.js';
import { charLm } from './char-lm.js';
import { cifar10Resnet20, fashionMnistCnn, images, mnistCnn, mnistMlp } from './image-tasks.js';
import { kerasTask } from './keras-task.js';
import { quadratic } from './quadratic.js';
import { csv, linear, logistic } from './table-tasks.js';
import type { Task } from './task.js';

export const tasks: Registry<Task> = createRegistry<Task>('task', [
  mnistMlp,
  mnistCnn,
  fashionMnistCnn,
  cifar10Resnet20,
  images,
  charLm,
  csv,
  linear,
  logistic,
  kerasTask((spec) => tasks.resolve(spec)),
  quadratic,
]);
