/** Runs a test with the TypeScript twins in place of the kernels. */
import { forceTwins } from '../../src/linalg/kernels.js';

/** What `run` returns when no kernel runs. */
export function withTwins<T>(run: () => T): T {
  forceTwins('a test compares the two');
  try {
    return run();
  } finally {
    forceTwins(null);
  }
}
