/** `npm run bench -- NAME ...`: runs one of the benchmarks. */
import { runCompression } from './compression.js';

const benchmarks: Readonly<Record<string, (args: readonly string[]) => void>> = {
  compression: runCompression,
};

const [name = '', ...args] = process.argv.slice(2);
const run = benchmarks[name];
if (run === undefined) {
  console.error(
    `Wanted one of ${Object.keys(benchmarks).join(', ')}, got "${name}". npm run bench -- NAME [--json]`,
  );
  process.exitCode = 2;
} else {
  run(args);
}
