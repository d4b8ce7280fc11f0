/**
 * `npm run soak [-- --peers 12 --rounds 600 --every 10 --seed 1]`: a swarm of real processes with a random fault every ten
 * seconds, against the same swarm left in peace. Every fault kills a worker (the launcher starts it again) or stops one
 * for a while. Passes when accuracy is within 2 points of the calm run, no process outlives the launcher, and the
 * resident memory of the workers does not grow: the largest of the last quarter is below 1.5 times that of the second.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '600' },
    every: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    task: { type: 'string', default: 'mnist-mlp' },
  },
});
/** Stopped for 2 to 12 s: below and above what neighbors wait for (6 s). */
const [LEAST_STOP_MS, MOST_STOP_MS] = [2_000, 12_000];
const MOST_LOSS = 0.02;
const MOST_GROWTH = 1.5;

let seed = Number(values.seed);
/** Uniform in [0, 1): the generator of Park and Miller. */
function draw() {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
}

function workersOf(pid) {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,rss=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([worker, rss]) => ({ pid: worker, rss }));
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended meanwhile
  }
}

async function run(faulty) {
  const out = mkdtempSync(join(tmpdir(), 'grapevine-soak-'));
  const { peers, rounds, task } = values;
  const flags = ['swarm', '--peers', peers, '--processes', peers, '--rounds', rounds, '--task', task];
  const more = ['--restart', '--json', '--quiet', '--out', join(out, 'run')];
  const child = spawn(process.execPath, ['dist/cli/main.js', ...flags, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  const seen = new Set();
  const memory = [];
  let faults = 0;
  const watching = setInterval(() => {
    const workers = workersOf(child.pid);
    for (const { pid } of workers) seen.add(pid);
    memory.push(Math.max(0, ...workers.map(({ rss }) => rss)));
  }, 1000);
  const striking = faulty
    ? setInterval(() => {
        const workers = workersOf(child.pid);
        if (workers.length === 0) return;
        const { pid } = workers[Math.floor(draw() * workers.length)];
        faults += 1;
        if (draw() < 0.5) signal(pid, 'SIGKILL');
        else {
          signal(pid, 'SIGSTOP');
          setTimeout(() => signal(pid, 'SIGCONT'), LEAST_STOP_MS + draw() * (MOST_STOP_MS - LEAST_STOP_MS));
        }
      }, 1000 * Number(values.every))
    : undefined;
  const startedMs = performance.now();
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watching);
  clearInterval(striking);
  const orphans = [...seen].filter((pid) => spawnSync('ps', ['-p', String(pid)]).status === 0);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  rmSync(out, { recursive: true, force: true });
  if (status !== 0) throw new Error(`the swarm ended with ${status}`);
  return { summary: JSON.parse(text), memory, faults, orphans, seconds };
}

const quarter = (memory, k) =>
  Math.max(1, ...memory.slice((memory.length * k) >> 2, (memory.length * (k + 1)) >> 2));

const calm = await run(false);
const stormy = await run(true);
const [wanted, got] = [calm, stormy].map(({ summary }) => summary.accuracy.meanModel);
const growth = quarter(stormy.memory, 3) / quarter(stormy.memory, 1);
console.log(
  JSON.stringify({
    seconds: [calm.seconds, stormy.seconds],
    faults: stormy.faults,
    accuracy: [wanted, got],
    growth,
    orphans: stormy.orphans,
  }),
);
const good = got >= wanted - MOST_LOSS && growth < MOST_GROWTH && stormy.orphans.length === 0;
process.exit(good ? 0 : 1);
