/**
 * `npm run soak -- --minutes 10 --peers 12 --every 10 --seed 1`: a swarm of real processes over TCP, struck by a fault every ten
 * seconds, and the same swarm left in peace for as many rounds. The faulty one comes first: it runs for the time given, and for
 * a minute more in which it is left alone; then the calm one has the rounds that it came to. Nothing else differs.
 *
 * The faults are a function of the seed, and printed as they strike. Linux; no privileges.
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { scheduleOf } from './faults.js';
import { runSwarm } from './swarm-run.js';
import { verdictOf } from './verdict.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    peers: { type: 'string', default: '12' },
    every: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    task: { type: 'string', default: 'mnist-mlp' },
    keep: { type: 'boolean', default: false },
  },
});
/** In which edges come back, half-open connections are noticed and what the faults have left is let go. */
const SETTLE_MS = 60_000;
/** As npm run leaves it. */
const root = process.cwd();
const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`);

const peers = Number(values.peers);
const untilMs = 60_000 * Number(values.minutes);
const faults = scheduleOf({
  seed: Number(values.seed),
  peers,
  everyMs: 1000 * Number(values.every),
  untilMs,
});
const flags = ['--task', values.task, '--checkpoint-every', '20', '--evaluate-every', '100'];
const common = { root, peers, say };

say(`${peers} peers, ${faults.length} faults in ${values.minutes} minutes, seed ${values.seed}`);
const stormy = await runSwarm({
  ...common,
  flags: [...flags, '--rounds', '10000000'],
  faults,
  untilMs: untilMs + SETTLE_MS,
});
say(`${stormy.summary.rounds} rounds in ${stormy.seconds} s; now as many without faults`);
const calm = await runSwarm({
  ...common,
  flags: [...flags, '--rounds', `${stormy.summary.rounds}`],
  faults: [],
  untilMs: null,
});
const { lines, failed } = verdictOf({ calm, stormy, faults });
console.log(lines.join('\n'));
console.log(`${lines.length - failed} passed, ${failed} failed`);
if (failed > 0 || values.keep) say(`files: ${stormy.directory} ${calm.directory}`);
else for (const { directory } of [stormy, calm]) rmSync(directory, { recursive: true });
process.exitCode = failed === 0 ? 0 : 1;
