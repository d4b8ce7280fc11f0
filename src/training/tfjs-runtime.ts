/**
 * TensorFlow.js 4.22, started once a process on its WebAssembly backend with one thread (peers are processes; the
 * cores are theirs to share). Where WebAssembly does not start, its plain JavaScript backend takes over, some thirty
 * times slower, and `reason` says why.
 *
 * Only the core and the backend are imported: 0.15 s, against 0.35 s for the union package `@tensorflow/tfjs`
 * (Node 20), which is left for the rare fallback. The core comes without gradient functions; tfjs-model.ts does
 * not need them.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { GrapevineError, messageOf } from '../base/errors.js';

export type Tfjs = typeof import('@tensorflow/tfjs-core');

export interface TfjsRuntime {
  readonly tf: Tfjs;
  readonly engine: 'tfjs-wasm' | 'tfjs-cpu';
  /** Why the engine is not WebAssembly; null when it is. */
  readonly reason: string | null;
}

let starting: Promise<TfjsRuntime> | undefined;

/**
 * The runtime; later calls share the first one's.
 * @throws GrapevineError TRAINER_FAILED when no backend starts.
 */
export function startTfjs(): Promise<TfjsRuntime> {
  starting ??= start();
  return starting;
}

/** Tensors alive in this process and their bytes. */
export function tensorMemory({ tf }: TfjsRuntime): { readonly tensors: number; readonly bytes: number } {
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, bytes: numBytes };
}

async function start(): Promise<TfjsRuntime> {
  const tf = await import('@tensorflow/tfjs-core');
  tf.enableProdMode(); // no advertisement on stderr, no checks of every tensor
  const reason = await startWasm(tf);
  if (reason === null) return { tf, engine: 'tfjs-wasm', reason };
  await import('@tensorflow/tfjs'); // brings the cpu backend
  if (await tf.setBackend('cpu')) return { tf, engine: 'tfjs-cpu', reason };
  throw new GrapevineError(
    'TRAINER_FAILED',
    `TensorFlow.js starts on no backend (wasm: ${reason}); wanted wasm or cpu. Reinstall with "npm ci".`,
  );
}

/** Null when the backend runs, else the reason why it does not. */
async function startWasm(tf: Tfjs): Promise<string | null> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.listeners(event as 'uncaughtException'));
  try {
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    wasm.setWasmPaths(dirname(main) + sep);
    wasm.setThreadsCount(1);
    return (await tf.setBackend('wasm'))
      ? null
      : 'the WebAssembly backend did not start (tfjs says why on stderr)';
  } catch (error) {
    return messageOf(error);
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
