/**
 * `npm run build && npm run bench -- simulator [--filter TEXT] [--baseline FILE] [--json]`: how long whole simulations
 * take, as the commands that a user runs, metrics and report included. Beside them a product of 128 x 128 matrices in
 * plain TypeScript, timed in the same run: the ratio to it is what carries over to another machine. `cpu` is what all
 * threads have used, which other processes disturb less than the clock on the wall.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderTable, type TextColumn } from '../src/report/text-table.js';

interface SimulatorCase {
  readonly name: string;
  /** Words after `grapevine simulate`. */
  readonly words: string;
  /** Seconds on two cores that it should end within; null: none was set. */
  readonly targetSeconds: number | null;
}

const cases: readonly SimulatorCase[] = [
  {
    name: '1,000 peers gossip',
    words: '--peers 1000 --task quadratic:dimension=1000 --topology random-regular:degree=4 --rounds 100',
    targetSeconds: 60,
  },
  { name: '64 peers train mnist-mlp', words: '--peers 64 --task mnist-mlp --rounds 100', targetSeconds: 180 },
  {
    name: '100 peers gossip',
    words: '--peers 100 --task quadratic:dimension=1000 --topology random-regular:degree=4 --rounds 100',
    targetSeconds: null,
  },
];

interface SimulatorTiming {
  readonly name: string;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** cpuSeconds in products. */
  readonly products: number;
  /** Differences sent: one each round and end of an edge. */
  readonly frames: number;
  readonly targetSeconds: number | null;
}

interface SimulatorReport {
  readonly node: string;
  readonly processors: number;
  readonly load: number;
  /** Of a product of 128 x 128 matrices in plain TypeScript, best of 20. */
  readonly productMs: number;
  readonly timings: readonly SimulatorTiming[];
}

const COMMAND = join('dist', 'cli', 'main.js');
/** Small, so that a busy machine lets one of many runs through undisturbed. */
const SIDE = 128;

function productMs(): number {
  const [a, b, c] = [0.5, 0.25, 0].map((value) => new Float64Array(SIDE * SIDE).fill(value)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let bestMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 200; run++) {
    const startedMs = performance.now();
    for (let i = 0; i < SIDE; i++)
      for (let k = 0; k < SIDE; k++)
        for (let j = 0; j < SIDE; j++) c[i * SIDE + j]! += a[i * SIDE + k]! * b[k * SIDE + j]!;
    bestMs = Math.min(bestMs, performance.now() - startedMs);
  }
  return bestMs;
}

/** Prints, at its end, what the process has used: its parent does not learn it otherwise. */
const reportUsage =
  "data:text/javascript,process.on('exit',()=>{const u=process.resourceUsage();" +
  "process.stderr.write('cpu='+(u.userCPUTime+u.systemCPUTime)+'\\n')})";

interface Summary {
  readonly rounds: number;
  readonly topology: { readonly edges: number };
}

function timeCase({ name, words, targetSeconds }: SimulatorCase): Omit<SimulatorTiming, 'products'> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-simulator-'));
  try {
    const startedMs = performance.now();
    const args = [
      `--import=${reportUsage}`,
      COMMAND,
      'simulate',
      ...words.split(' '),
      '--quiet',
      '--json',
      '--out',
      directory,
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const wallSeconds = (performance.now() - startedMs) / 1000;
    if (status !== 0) throw new Error(`grapevine simulate ${words}: exit code ${status}\n${stderr}`);
    const summary = JSON.parse(stdout) as Summary;
    const cpuSeconds = Number(/cpu=(\d+)/.exec(stderr)![1]) / 1e6;
    return {
      name,
      wallSeconds,
      cpuSeconds,
      frames: 2 * summary.topology.edges * summary.rounds,
      targetSeconds,
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function measure(filter: string): SimulatorReport {
  if (!existsSync(COMMAND)) throw new Error(`${COMMAND} is not there: run npm run build first.`);
  const before = productMs();
  const timed = cases.filter(({ name }) => name.includes(filter)).map(timeCase);
  const product = Math.min(before, productMs());
  return {
    node: process.version,
    processors: availableParallelism(),
    load: loadavg()[0]!,
    productMs: product,
    timings: timed.map((timing) => ({ ...timing, products: (1000 * timing.cpuSeconds) / product })),
  };
}

const columns: readonly TextColumn[] = [
  { header: 'simulation', align: 'left', priority: 1 },
  ...['wall s', 'cpu s', 'wanted s', 'us a frame', 'products', 'baseline'].map(
    (header): TextColumn => ({ header, align: 'right', priority: 1 }),
  ),
];

/** "+12.3 %": how much more of the processor than in the baseline, in products. */
function changeSince(timing: SimulatorTiming, baseline: SimulatorReport | undefined): string {
  const before = baseline?.timings.find(({ name }) => name === timing.name);
  if (before === undefined) return '';
  const change = 100 * (timing.products / before.products - 1);
  return `${change >= 0 ? '+' : ''}${change.toFixed(1)} %`;
}

function printReport(report: SimulatorReport, baseline: SimulatorReport | undefined): void {
  const rows = report.timings.map((timing) =>
    [
      timing.name,
      timing.wallSeconds.toFixed(1),
      timing.cpuSeconds.toFixed(1),
      timing.targetSeconds === null ? '' : `${timing.targetSeconds}`,
      ((1e6 * timing.cpuSeconds) / timing.frames).toFixed(0),
      timing.products.toFixed(0),
      changeSince(timing, baseline),
    ].map((text) => ({ text })),
  );
  console.log(renderTable(columns, rows).join('\n'));
  const { node, load, processors } = report;
  console.log(`\nNode ${node}, load ${load.toFixed(1)} on ${processors} processors.`);
  console.log(`A product of ${SIDE} x ${SIDE} matrices in TypeScript: ${report.productMs.toFixed(2)} ms.`);
}

/** Runs the benchmark with the words after its name. */
export function runSimulator(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      filter: { type: 'string', default: '' },
      baseline: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const report = measure(values.filter);
  const baseline =
    values.baseline === undefined
      ? undefined
      : (JSON.parse(readFileSync(values.baseline, 'utf8')) as SimulatorReport);
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else printReport(report, baseline);
}
