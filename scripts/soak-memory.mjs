/**
 * `npm run soak:memory -- --minutes 60`: does the memory of peers grow? A swarm over libp2p trains and gossips for the
 * time given; the resident memory of each worker is sampled, and a line is fitted to the second half of the samples,
 * when caches and the garbage collector's heap have found their size. Fails when the mean slope is above the limit by
 * more than two standard errors. These come from the workers, which are independent of each other, and not from the
 * samples of one, whose saw teeth are not; in a short run they hide what an hour would show. Linux.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    peers: { type: 'string', default: '4' },
    'limit-mib-per-hour': { type: 'string', default: '16' },
  },
});
const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const SAMPLE_MS = 1000;
const MIB = 1024 * 1024;
const minutes = Number(values.minutes);
const limit = Number(values['limit-mib-per-hour']);

/** Processes whose parent is `parent`. */
function childrenOf(parent) {
  return readdirSync('/proc').filter((name) => {
    try {
      // The command, in parentheses, may hold blanks; the parent is the second word behind it.
      return (
        /^\d+$/.test(name) &&
        Number(readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1].split(' ')[1]) === parent
      );
    } catch {
      return false; // it has just ended
    }
  });
}

/** Resident bytes, or null for a process that has ended. */
function residentBytes(pid) {
  try {
    return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
  } catch {
    return null;
  }
}

/** Least squares: the slope of the line through points [x, y]. */
function slopeOf(points) {
  const meanOf = (k) => mean(points.map((point) => point[k]));
  const [x, y] = [meanOf(0), meanOf(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
}

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** Of the mean of `numbers`. */
function standardError(numbers) {
  const middle = mean(numbers);
  const squares = numbers.reduce((sum, number) => sum + (number - middle) ** 2, 0);
  return Math.sqrt(squares / (numbers.length - 1) / numbers.length);
}

const out = mkdtempSync(join(tmpdir(), 'grapevine-soak-'));
const flags = [
  '--peers',
  values.peers,
  '--topology',
  'ring',
  '--rounds',
  '1000000',
  '--evaluate-every',
  '1000',
];
const swarm = spawn(process.execPath, [MAIN, 'swarm', ...flags, '--quiet', '--out', join(out, 'run')], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
const samples = new Map();
const startedMs = performance.now();
const timer = setInterval(() => {
  const hours = (performance.now() - startedMs) / 3_600_000;
  for (const pid of childrenOf(swarm.pid)) {
    const bytes = residentBytes(pid);
    if (bytes !== null) samples.set(pid, [...(samples.get(pid) ?? []), [hours, bytes / MIB]]);
  }
  if (hours * 60 < minutes) return;
  clearInterval(timer);
  swarm.kill('SIGINT');
}, SAMPLE_MS);
await new Promise((resolve) => swarm.once('exit', resolve));
clearInterval(timer);
rmSync(out, { recursive: true });

console.log('worker    MiB at half  MiB at end   MiB an hour');
const slopes = [];
for (const [pid, points] of samples) {
  const half = points.slice(Math.floor(points.length / 2));
  const slope = slopeOf(half);
  slopes.push(slope);
  const cells = [half[0][1], half.at(-1)[1], slope].map((number, k) =>
    number.toFixed(1).padStart([11, 12, 14][k]),
  );
  console.log(`${pid.padEnd(10)}${cells.join('')}`);
}
const [slope, error] = [mean(slopes), standardError(slopes)];
const flat = slope - 2 * error <= limit; // false without workers, whose mean is NaN
console.log(`${slope.toFixed(0)} MiB an hour, standard error ${error.toFixed(0)}, limit ${limit}`);
console.log(flat ? '1 passed, 0 failed' : '0 passed, 1 failed');
process.exitCode = flat ? 0 : 1;
