/**
 * `npm run soak:memory -- --minutes 15`: is the memory of a peer flat? Peers of one swarm (`grapevine peer`, processes of their
 * own) do many short rounds of a small task, so that a quarter of an hour has the rounds of days of a large one. Meanwhile one
 * peer leaves and comes back, and another is stopped for so long that its links are cut. Of the peers that stay, the heap is
 * sampled after a garbage collection (soak-memory-sample.mjs), and a line fitted to the second half of the samples.
 *
 * Fails when the mean slope of the heap, or of what WebAssembly and buffers hold beside it, is above its limit a thousand rounds
 * by more than two standard errors. These come from the peers, which are independent of each other. Resident memory is reported:
 * it has the allocator's pages in it, which come back late or never. Linux.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    'limit-kib-per-1000-rounds': { type: 'string', default: '16' },
  },
});
const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const MAIN = file('../dist/cli/main.js');
const SAMPLER = file('soak-memory-sample.mjs');
const KIB = 1024;
const MIB = KIB * KIB;
const PEERS = 5;
/** Peers that stay from beginning to end; peer 3 is stopped now and then, peer 4 comes and goes. */
const STEADY = [0, 1, 2];
const STOPPED = 3;
const GUEST = 4;
/** Longer than --silence-ms below: the neighbors leave it out. */
const STOPPED_MS = 6000;
const CALM_MS = 10_000;
const LISTENING = /listens on (\S+)/;

const out = mkdtempSync(join(tmpdir(), 'grapevine-soak-'));
const running = new Map();

/** Starts peer `name`; resolves with the first address that it listens on. */
async function start(name, flags) {
  const directory = join(out, String(name));
  const child = spawn(
    process.execPath,
    [
      '--expose-gc',
      '--import',
      SAMPLER,
      MAIN,
      'peer',
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
      '--out',
      directory,
      ...flags,
    ],
    {
      env: {
        ...process.env,
        SOAK_FILE: join(out, `${name}.samples`),
        GRAPEVINE_LOG_FORMAT: 'json',
        GRAPEVINE_CHECKPOINT_EVERY: '500',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  running.set(name, child);
  let text = '';
  return await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      text = (text + chunk).slice(-64 * KIB);
      const found = LISTENING.exec(text);
      if (found !== null) resolve(found[1].replace(/".*/, ''));
    });
    child.once('exit', (code) => reject(new Error(`peer ${name} ended with ${code}: ${text}`)));
  });
}

async function stop(name) {
  const child = running.get(name);
  running.delete(name);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function disturb(untilMs) {
  let returns = 0;
  while (performance.now() < untilMs) {
    running.get(STOPPED).kill('SIGSTOP');
    await pause(STOPPED_MS);
    running.get(STOPPED).kill('SIGCONT');
    await pause(CALM_MS);
    await stop(GUEST);
    await start(GUEST, []);
    returns += 1;
    await pause(CALM_MS);
  }
  return returns;
}

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** Of the mean of `numbers`. */
function standardError(numbers) {
  const middle = mean(numbers);
  return Math.sqrt(mean(numbers.map((number) => (number - middle) ** 2)) / (numbers.length - 1));
}

/** Least squares: the slope of `ys` over `xs`. */
function slopeOf(xs, ys) {
  const [x, y] = [mean(xs), mean(ys)];
  const spread = xs.reduce((sum, each) => sum + (each - x) ** 2, 0);
  return xs.reduce((sum, each, k) => sum + (each - x) * (ys[k] - y), 0) / spread;
}

const samplesOf = (name) =>
  readFileSync(join(out, `${name}.samples`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** What the samples and the metrics of peer `name` say: rounds, bytes of metrics a round, growth a thousand rounds. */
function judge(name, lines) {
  const half = lines.slice(Math.floor(lines.length / 2));
  const column = (k) => half.map((line) => line[k]);
  const [heap, external, resident] = [1, 2, 3].map((k) => slopeOf(column(0), column(k)));
  const { rounds } = JSON.parse(readFileSync(join(out, String(name), 'summary.json'), 'utf8'));
  const thousandsAnHour = rounds / 1000 / lines.at(-1)[0];
  const metricsBytes = statSync(join(out, String(name), 'metrics.jsonl')).size;
  return {
    rounds,
    metricsPerRound: metricsBytes / rounds,
    heapMib: half.at(-1)[1] / MIB,
    externalMib: half.at(-1)[2] / MIB,
    residentMib: half.at(-1)[3] / MIB,
    heapSlope: heap / thousandsAnHour / KIB,
    externalSlope: external / thousandsAnHour / KIB,
    residentSlope: resident / thousandsAnHour / KIB,
  };
}

const run = `--create --open --peers ${PEERS} --topology ring --task quadratic:dimension=64 --rounds 10000000`;
const times = '--evaluate-every 1000 --silence-ms 3000 --start-timeout-ms 20000';
const untilMs = performance.now() + Number(values.minutes) * 60_000;
let returns = 0;
const results = [];
try {
  const founder = await start(0, `${run} ${times}`.split(' '));
  for (let peer = 1; peer < PEERS; peer++) await start(peer, ['--join', founder, '--index', String(peer)]);
  returns = await disturb(untilMs);
  const samples = STEADY.map(samplesOf); // before the end, when the plotting library is loaded for the report
  for (const name of [...running.keys()]) await stop(name);
  results.push(...STEADY.map((name) => judge(name, samples[name])));
} finally {
  for (const child of running.values()) child.kill('SIGKILL');
  if (process.env.SOAK_KEEP === undefined) rmSync(out, { recursive: true, force: true });
}

console.log(
  `${values.minutes} minutes; peer ${GUEST} came back ${returns} times, peer ${STOPPED} was stopped as often`,
);
console.log('peer  rounds   at the end, MiB:            growth, KiB per 1,000 rounds:');
console.log('               heap  external  resident    heap  external  resident    metrics, bytes a round');
const cells = (numbers, widths) =>
  numbers.map((number, k) => number.toFixed(k === 0 ? 0 : 1).padStart(widths[k])).join('');
for (const [peer, r] of results.entries()) {
  const numbers = [
    r.rounds,
    r.heapMib,
    r.externalMib,
    r.residentMib,
    r.heapSlope,
    r.externalSlope,
    r.residentSlope,
    r.metricsPerRound,
  ];
  console.log(`${String(peer).padEnd(4)}${cells(numbers, [8, 7, 10, 10, 8, 10, 10, 14])}`);
}
const limit = Number(values['limit-kib-per-1000-rounds']);
const flat = ['heapSlope', 'externalSlope'].map((key) => {
  const slopes = results.map((result) => result[key]);
  return mean(slopes) - 2 * standardError(slopes) <= limit; // false without peers, whose mean is NaN
});
const passed = flat.filter(Boolean).length;
console.log(
  `${passed} passed, ${flat.length - passed} failed (limit ${limit} KiB per 1,000 rounds, heap and external)`,
);
process.exitCode = passed === flat.length ? 0 : 1;
