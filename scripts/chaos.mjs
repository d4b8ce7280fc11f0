/**
 * `npm run test:chaos [-- --seeds N | --seed S] [--pace lockstep|asynchronous]`: seeded runs in the simulator of peers that die,
 * come back, join late, fall asleep or are slow, on links that break, lose, repeat, reorder and damage frames; 1,000 of each
 * pace unless another number is given. Says what they held. A seed that fails prints the command that runs it alone.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const usage = 'usage: npm run test:chaos [-- --seeds N | --seed S] [--pace lockstep|asynchronous]';

/** The environment of churn.test.ts. */
function readChoices() {
  const { values, positionals } = parseArgs({
    options: { seeds: { type: 'string' }, seed: { type: 'string' }, pace: { type: 'string' } },
    allowPositionals: true,
  });
  const { seed, pace, seeds = positionals[0] ?? '1000' } = values;
  for (const count of [seed ?? '1', seeds])
    if (!/^[1-9]\d{0,8}$/.test(count)) throw new Error(`wanted a whole number from 1, got ${count}`);
  if (positionals.length > 1) throw new Error(`wanted one number of seeds, got ${positionals.join(' ')}`);
  if (!['lockstep', 'asynchronous', undefined].includes(pace))
    throw new Error(`wanted pace lockstep or asynchronous, got ${pace}`);
  return {
    CHAOS_SEEDS: seeds,
    CHAOS_TALLY: '1',
    ...(seed === undefined ? {} : { CHAOS_SEED: seed }),
    ...(pace === undefined ? {} : { CHAOS_PACE: pace }),
  };
}

let choices;
try {
  choices = readChoices();
} catch (error) {
  console.error(`${error.message}\n${usage}`);
  process.exit(2);
}
/** Members that change; that go on from checkpoints; whose graph follows them. */
const files = ['churn', 'returns', 'members'].map((name) => `test/simulation/${name}.test.ts`);
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'simulation', ...files],
  { stdio: 'inherit', env: { ...process.env, ...choices } },
);
process.exit(status ?? 1);
