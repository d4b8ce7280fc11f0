/** The tasks a user can name. */
import { createRegistry, type Registry } from '../../base/registry.js';
import { charLm } from './char-lm.js';
import { cifar10Resnet20, fashionMnistCnn, images, mnistCnn, mnistMlp } from './image-tasks.js';
import { kerasTask, quoteData } from './keras-task.js';
import { quadratic } from './quadratic.js';
import { csv, linear, logistic } from './table-tasks.js';
import type { Task } from './task.js';

const registry: Registry<Task> = createRegistry<Task>('task', [
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

export const tasks: Registry<Task> = {
  ...registry,
  resolve: (text) => registry.resolve(quoteData(text)),
  canonical: (text) => registry.canonical(quoteData(text)),
};
