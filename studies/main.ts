/** `npm run study -- NAME ...`: runs one of the studies whose tables are in docs/. */
import { isGrapevineError } from '../src/base/errors.js';
import { run as runBytesAccuracy } from './bytes-accuracy.js';
import { run as runDivergence } from './divergence.js';
import { run as runEqualBytes } from './equal-bytes.js';
import { run as runHub } from './hub.js';
import { run as runRobustness } from './robustness.js';

const studies: Readonly<Record<string, (args: readonly string[]) => void | Promise<void>>> = {
  'bytes-accuracy': runBytesAccuracy,
  divergence: runDivergence,
  'equal-bytes': runEqualBytes,
  hub: runHub,
  robustness: runRobustness,
};

const [name = '', ...args] = process.argv.slice(2);
const study = studies[name];
if (study === undefined) {
  console.error(
    `Wanted one of ${Object.keys(studies).join(', ')}, got "${name}". npm run study -- NAME [--help]`,
  );
  process.exitCode = 2;
} else {
  try {
    await study(args);
  } catch (error) {
    if (!isGrapevineError(error)) throw error;
    console.error(error.message);
    process.exitCode = error.code === 'BAD_SPEC' || error.code === 'BAD_CONFIG' ? 2 : 1;
  }
}
