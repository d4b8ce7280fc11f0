/** `npm run bench -- NAME ...`: runs one of the benchmarks, or writes what they and the documentation measure on. */
import { runCompression } from './compression.js';
import { runEngine } from './engine.js';
import { runSampleData } from './sample-data.js';
import { runSimulator } from './simulator.js';
import { runTopologyBench } from './topology.js';

const benchmarks: Readonly<Record<string, (args: readonly string[]) => void | Promise<void>>> = {
  compression: runCompression,
  engine: runEngine,
  'sample-data': runSampleData,
  simulator: runSimulator,
  topology: runTopologyBench,
};

const [name = '', ...args] = process.argv.slice(2);
const run = benchmarks[name];
if (run === undefined) {
  console.error(
    `Wanted one of ${Object.keys(benchmarks).join(', ')}, got "${name}". npm run bench -- NAME [--json]`,
  );
  process.exitCode = 2;
} else {
  await run(args);
}
