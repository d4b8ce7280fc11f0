/** The operations of TensorFlow.js, as a type: the package itself is loaded when a backend is wanted (tfjs-runtime.ts). */
export type Tfjs = typeof import('@tensorflow/tfjs-core');
