/**
 * `npm run bench -- compression [--filter TEXT] [--runs N] [--baseline FILE] [--json]`: time and bytes of every
 * compressor on four models. Differences to a baseline are differences of ratios to a copy: those of the kernels, not
 * those of the machine.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { kernelEngine } from '../src/linalg/kernels.js';
import { renderTable, type TextColumn } from '../src/report/text-table.js';
import {
  compressionCases,
  readingsOf,
  TARGET_COPY_RATE,
  type TargetReading,
  targetsMs,
} from './compression-cases.js';
import { models } from './models.js';
import { type CompressionTiming, timeCompression, vectorsFor } from './time-compression.js';

/** Time for a case, and for one on the large square: the whole stays under two minutes. */
const CASE_BUDGET_MS = 1000;
const LARGE_BUDGET_MS = 3000;
/** Cases slower than this on the small model (exact singular values) are left out of the others. */
const SLOW_MS = 100;

interface CompressionReport {
  readonly node: string;
  readonly engine: ReturnType<typeof kernelEngine>;
  readonly processors: number;
  /** Processes that wanted one, in the last minute. */
  readonly load: number;
  /** GB/s of a copy of 4096 x 4096 numbers. */
  readonly copyRate: number;
  readonly timings: readonly CompressionTiming[];
  /** Three readings of each target. */
  readonly readings: readonly TargetReading[];
}

/** GB/s by which a Float32Array of `size` numbers is copied, best of 20. */
function copyRate(size: number): number {
  const [from, to] = [new Float32Array(size).fill(1), new Float32Array(size)];
  let bestMs = Infinity;
  for (let run = 0; run < 20; run++) {
    const startedMs = performance.now();
    to.set(from);
    bestMs = Math.min(bestMs, performance.now() - startedMs);
  }
  return (4e-6 * size) / bestMs;
}

function measure(filter: string, runs: number): CompressionReport {
  const rate = copyRate(models.large.size);
  const chosen = compressionCases().filter(({ name }) => name.includes(filter));
  const slow = new Set<string>();
  const timings: CompressionTiming[] = [];
  const vectors = new Map<string, ReturnType<typeof vectorsFor>>();
  for (const example of chosen) {
    const { model, spec } = example;
    if (slow.has(spec)) continue;
    if (!vectors.has(model.name)) vectors.set(model.name, vectorsFor(model));
    const budgetMs = model === models.large ? LARGE_BUDGET_MS : CASE_BUDGET_MS;
    const timing = timeCompression(example, vectors.get(model.name)!, { runs, budgetMs });
    if (model === models.small && timing.bothMs > SLOW_MS) slow.add(spec);
    timings.push(timing);
  }
  const readings = timings.flatMap((timing) => readingsOf(timing, rate));
  const facts = { node: process.version, engine: kernelEngine(), processors: availableParallelism() };
  return { ...facts, load: loadavg()[0]!, copyRate: rate, timings, readings };
}

const columns: readonly TextColumn[] = [
  { header: 'model and compressor', align: 'left', priority: 1 },
  ...['encode ms', 'decode ms', 'both ms', 'GB/s', 'copies', 'bytes', 'baseline'].map(
    (header): TextColumn => ({ header, align: 'right', priority: 1 }),
  ),
];

/** "+12.3 %": how much longer than in the baseline, in copies. */
function changeSince(timing: CompressionTiming, baseline: CompressionReport | undefined): string {
  const before = baseline?.timings.find(({ name }) => name === timing.name);
  if (before === undefined) return '';
  const percent = 100 * (timing.copies / before.copies - 1);
  return `${percent < 0 ? '' : '+'}${percent.toFixed(1)} %`;
}

function printTable(report: CompressionReport, baseline: CompressionReport | undefined): void {
  const rows = report.timings.map((timing) =>
    [
      timing.name,
      timing.encodeMs.toFixed(3),
      timing.decodeMs.toFixed(3),
      timing.bothMs.toFixed(3),
      timing.gigabytesPerSecond.toFixed(2),
      timing.copies.toFixed(1),
      `${timing.messageBytes}`,
      changeSince(timing, baseline),
    ].map((text) => ({ text })),
  );
  console.log(renderTable(columns, rows).join('\n'));
  const { engine, node, load, processors } = report;
  console.log(
    `\nNode ${node}, ${engine.simd ? 'SIMD kernels' : `no kernels: ${engine.reason}`}, load ${load.toFixed(1)} on ${processors} processors.`,
  );
  console.log(`A copy of 4096 x 4096 numbers: ${report.copyRate.toFixed(1)} GB/s.`);
  for (const { case: name, copied, copyRate, wantedMs, gotMs, met } of report.readings) {
    const reading =
      copied === 'nothing'
        ? 'as it stands'
        : `${targetsMs[name]} at ${TARGET_COPY_RATE} GB/s; a copy, ${copied}: ${copyRate.toFixed(1)} GB/s`;
    console.log(
      `${met ? 'met   ' : 'missed'}  ${name}: ${gotMs.toFixed(3)} ms, wanted ${wantedMs.toFixed(3)} (${reading})`,
    );
  }
}

/** Runs the benchmark with the words after its name. */
export function runCompression(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      filter: { type: 'string', default: '' },
      runs: { type: 'string', default: '20' },
      baseline: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const report = measure(values.filter, Number(values.runs));
  if (values.json) {
    console.log(JSON.stringify(report, null, 2));
    return;
  }
  const baseline =
    values.baseline === undefined
      ? undefined
      : (JSON.parse(readFileSync(values.baseline, 'utf8')) as CompressionReport);
  printTable(report, baseline);
}
