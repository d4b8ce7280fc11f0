/**
 * The native engine: @tensorflow/tfjs-node, an optional peer dependency on libtensorflow. It is used where it loads.
 * Version 4.22 calls functions of node:util that Node 23 removed; they are put back, for it alone, before it loads.
 * Where its download is blocked, `node scripts/build-tfjs-node.mjs` builds it against the tensorflow-cpu wheel.
 */
import { createRequire } from 'node:module';
import { messageOf } from '../base/errors.js';

const PACKAGE = '@tensorflow/tfjs-node';

const HOW_TO_GET_IT =
  'Install it with "npm install @tensorflow/tfjs-node@4.22.0", or build it with "node scripts/build-tfjs-node.mjs"; ' +
  'or take --engine auto.';

/** What Node 23 took out of node:util and tfjs-node 4.22 still calls. */
const removedFromUtil: Readonly<Record<string, (value: unknown) => boolean>> = {
  isNullOrUndefined: (value) => value === null || value === undefined,
  isArray: Array.isArray,
};

function restoreUtil(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  for (const [name, test] of Object.entries(removedFromUtil)) util[name] ??= test;
}

/** libtensorflow reads this once, when it loads: errors only, not what processor it found. */
function silenceLibrary(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
}

/** Loads the package, which registers its backend; null, or why it does not load and what to do. */
export async function importTfjsNode(): Promise<string | null> {
  restoreUtil();
  silenceLibrary();
  try {
    await import(PACKAGE);
    return null;
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const got = absent
      ? `${PACKAGE} is not installed`
      : `${PACKAGE} does not load: ${messageOf(error).split('\n')[0]}`;
    return `${got}. ${HOW_TO_GET_IT}`;
  }
}
