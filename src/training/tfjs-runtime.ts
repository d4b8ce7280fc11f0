/**
 * TensorFlow.js 4.22, started once a process for each backend asked for: WebAssembly with one thread (peers are
 * processes; the cores are theirs to share) and our kernels (tfjs-kernels.ts), the native tfjs-node where it is
 * installed, and plain JavaScript, which always runs, some thirty times slower.
 *
 * The core knows no gradients; the union package registers them and the JavaScript backend (0.5 s in all, Node 20), so
 * nothing here is imported before a backend is wanted.
 *
 * The current backend is a global of TensorFlow.js, and several may live in one process: whoever computes calls
 * `useBackend` first, in the same turn of the event loop.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { assert } from '../base/assert.js';
import { GrapevineError, messageOf } from '../base/errors.js';
import type { EngineName } from './engine.js';
import type { Tfjs } from './tfjs-api.js';
import { registerTfjsKernels } from './tfjs-kernels.js';
import { importTfjsNode } from './tfjs-node.js';

export type TfjsEngineName = Extract<EngineName, `tfjs-${string}`>;

export interface TfjsRuntime {
  readonly tf: Tfjs;
  readonly engine: TfjsEngineName;
}

/** What TensorFlow.js calls its backends. */
const backendNames = { 'tfjs-wasm': 'wasm', 'tfjs-node': 'tensorflow', 'tfjs-cpu': 'cpu' } as const;

const starting = new Map<TfjsEngineName, Promise<TfjsRuntime>>();
/** Starts follow each other: each makes its backend the current one while it starts. */
let lastStart: Promise<unknown> = Promise.resolve();

/**
 * The runtime of `engine`; later calls share the first one's.
 * @throws GrapevineError TRAINER_FAILED when its backend does not start here.
 */
export function startTfjs(engine: TfjsEngineName): Promise<TfjsRuntime> {
  const known = starting.get(engine);
  if (known !== undefined) return known;
  const started = lastStart.then(() => start(engine));
  starting.set(engine, started);
  lastStart = started.catch(() => undefined);
  return started;
}

/** Makes the runtime's backend the current one; a backend that has started is switched to at once. */
export function useBackend({ tf, engine }: TfjsRuntime): void {
  const name = backendNames[engine];
  if (tf.getBackend() === name) return;
  void tf.setBackend(name);
  assert(tf.getBackend() === name, 'a started backend is switched to without waiting');
}

/** Tensors alive in this process and their bytes. */
export function tensorMemory({ tf }: TfjsRuntime): { readonly tensors: number; readonly bytes: number } {
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, bytes: numBytes };
}

async function start(engine: TfjsEngineName): Promise<TfjsRuntime> {
  const tf = await import('@tensorflow/tfjs-core');
  tf.enableProdMode(); // no advertisement on stderr, no checks of every tensor
  await import('@tensorflow/tfjs');
  const reason = await startBackend(tf, engine);
  if (reason === null) return { tf, engine };
  throw new GrapevineError('TRAINER_FAILED', reason, { engine });
}

/** Null when the backend runs, else the reason why it does not and what to do. */
async function startBackend(tf: Tfjs, engine: TfjsEngineName): Promise<string | null> {
  if (engine === 'tfjs-wasm') return startWasm(tf);
  const reason = engine === 'tfjs-node' ? await importTfjsNode() : null;
  if (reason !== null) return reason;
  if (await tf.setBackend(backendNames[engine])) return null;
  return `the backend of ${engine} did not start (tfjs says why on stderr). Reinstall with "npm ci", or take --engine auto.`;
}

async function startWasm(tf: Tfjs): Promise<string | null> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.listeners(event as 'uncaughtException'));
  try {
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    wasm.setWasmPaths(dirname(main) + sep);
    wasm.setThreadsCount(1);
    if (!(await tf.setBackend('wasm')))
      return 'the WebAssembly backend of TensorFlow.js did not start (it says why on stderr). Reinstall with "npm ci".';
    registerTfjsKernels(tf);
    return null;
  } catch (error) {
    return `the WebAssembly backend of TensorFlow.js did not start: ${messageOf(error)}. Reinstall with "npm ci".`;
  } finally {
    // Emscripten's start-up code installs two listeners that rethrow whatever reaches the process, as a stack
    // trace; how this process ends is for the command line to decide.
    events.forEach((event, index) => {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!before[index]!.includes(listener)) process.removeListener(event, listener);
      }
    });
  }
}
