/**
 * The whole of TensorFlow.js for the model factory of a user's task, loaded when it is asked for (0.5 s) and from where
 * this package has it, so that a task needs no installation of its own.
 */
import { createRequire } from 'node:module';

export type TfjsUnion = typeof import('@tensorflow/tfjs');

export function loadTfjsUnion(): TfjsUnion {
  const tf = createRequire(import.meta.url)('@tensorflow/tfjs') as TfjsUnion;
  tf.enableProdMode(); // no advertisement on stderr
  return tf;
}
