/**
 * `npm run test:chaos [-- SEEDS]`: seeded runs in the simulator of peers that die, come back, join late and fall asleep, on
 * links that lose, repeat, reorder and damage frames; 1,000 of each pace unless another number is given. A seed that fails
 * prints the command that runs it alone.
 */
import { spawnSync } from 'node:child_process';

const seeds = Number(process.argv[2] ?? 1000);
if (!Number.isInteger(seeds) || seeds < 1) {
  console.error(`wanted a number of seeds from 1, got ${process.argv[2]}`);
  process.exit(2);
}
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'simulation', 'test/simulation/churn.test.ts'],
  { stdio: 'inherit', env: { ...process.env, CHAOS_SEEDS: String(seeds) } },
);
process.exit(status ?? 1);
