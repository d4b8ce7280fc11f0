/**
 * `npm run bench -- engine [--filter TEXT] [--steps N] [--engines a,b] [--json]`: milliseconds of a training step
 * (gather a batch, forward, backward, momentum) on every engine that runs here, best of N. Beside them a product of
 * 512 x 512 matrices by the same kernels, timed in the same run: the ratio to it is what carries over to another machine.
 */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { createRandom, uniform, uniformInt } from '../src/base/random.js';
import { renderTable, type TextColumn } from '../src/report/text-table.js';
import { type Dataset, rowSamples, type Samples } from '../src/training/data/dataset.js';
import type { EngineChoice } from '../src/training/engine.js';
import { startEngine } from '../src/training/engines.js';
import { Product } from '../src/training/lean/plan.js';
import { PlanMemory, trainingProgram } from '../src/training/lean/program.js';
import { outputShape, sizeOf } from '../src/training/network/shapes.js';
import { createNetworkModel } from '../src/training/network-model.js';
import { optimizers } from '../src/training/optimizer.js';
import type { GradientModel } from '../src/training/trainer.js';
import { type EngineCase, engineCases, REFERENCE_PRODUCT_MS, stepTargetsMs } from './engine-cases.js';

/** A case on one engine stops after this, with the steps it has. */
const BUDGET_MS = 8_000;
const WARM_UP_STEPS = 30;
const SIDE = 512;
const optimizer = optimizers.resolve('sgd:momentum=0.9');

interface StepTiming {
  readonly name: string;
  readonly engine: string;
  readonly stepMs: number;
  readonly samplesPerSecond: number;
  /** stepMs over that of a 512^3 product. */
  readonly products: number;
  /** What the process holds after the steps. */
  readonly rssMegabytes: number;
}

interface EngineReport {
  readonly node: string;
  readonly processors: number;
  readonly load: number;
  /** Of a product of 512 x 512 matrices; null where the kernels do not run. */
  readonly productMs: number | null;
  readonly timings: readonly StepTiming[];
  readonly notRun: readonly { readonly name: string; readonly engine: string; readonly reason: string }[];
}

function bestMs(runs: number, run: () => void): number {
  let best = Infinity;
  for (let k = 0; k < runs; k++) {
    const startedMs = performance.now();
    run();
    best = Math.min(best, performance.now() - startedMs);
  }
  return best;
}

function productMs(): number | null {
  const program = trainingProgram();
  if (typeof program === 'string') return null;
  const memory = new PlanMemory(program);
  const [a, b, c] = [0, 0, 0].map(() => memory.take(SIDE * SIDE)) as [number, number, number];
  const room = memory.take(memory.kernels.roomBytes() / 4);
  for (const at of [a, b]) memory.floats(at, SIDE * SIDE).fill(0.5);
  const product = new Product({ memory, room }, { c, a, b, n: SIDE, k: SIDE, strides: [SIDE, SIDE, SIDE] });
  return bestMs(40, () => product.runRows(SIDE));
}

/** Twice a batch of bytes of images, or of characters. */
function samplesFor({ network, batch, loss, vocabulary }: EngineCase): Samples {
  const random = createRandom('bench engine');
  const count = 2 * batch;
  const features = sizeOf(network.inputShape);
  const shape = outputShape(network);
  const rows =
    vocabulary === undefined
      ? Uint8Array.from({ length: count * features }, () => 255 * uniform(random))
      : Float32Array.from({ length: count * features }, () => uniformInt(random, vocabulary));
  const classes = shape.at(-1)!;
  const labels = Uint8Array.from({ length: count }, () => uniformInt(random, classes));
  const samples = rowSamples({ rows, features, scale: vocabulary === undefined ? 1 / 255 : 1, labels });
  const perSample = loss === 'cross-entropy' ? sizeOf(shape) / classes : 1;
  return perSample === 1 ? samples : { ...samples, targetsInto: (out) => out.fill(1) };
}

/** What a local trainer does in one step (local-trainer.ts), in the engine's own memory where it has one. */
function stepper(model: GradientModel, batch: number): (step: number) => void {
  const run = { state: optimizer.createState(model.layout.size), learningRate: 1e-3, localSteps: 1 };
  const work = model.workspace?.(batch);
  const parameters = work?.parameters ?? model.initialParameters();
  const gradient = work?.gradient ?? new Float32Array(parameters.length);
  if (work !== undefined) parameters.set(model.initialParameters());
  const descent = optimizer.descent?.(run);
  return (step) => {
    const indices = Uint32Array.from({ length: batch }, (_, k) => (step + k) % model.samples);
    model.gradientInto(gradient, parameters, indices);
    if (work === undefined || descent === undefined) optimizer.stepInto(parameters, gradient, run);
    else work.descend(descent.step);
  };
}

async function timeCase(subject: EngineCase, choice: EngineChoice, steps: number): Promise<StepTiming> {
  const { network, loss, batch, name } = subject;
  const samples = samplesFor(subject);
  const { engine } = await startEngine(choice, { network, loss, seed: 1 });
  const data: Dataset = {
    name,
    inputShape: network.inputShape,
    targets: { kind: 'classes', classes: outputShape(network).at(-1)!, perSample: 1 },
    train: samples,
    test: samples,
  };
  const shard = Uint32Array.from({ length: samples.count }, (_, k) => k);
  const model = createNetworkModel({ network, loss, engine, data, shard, seed: 1 });
  const step = stepper(model, batch);
  for (let k = 0; k < WARM_UP_STEPS; k++) step(k);
  const beganMs = performance.now();
  let best = Infinity;
  for (let k = 0; k < steps && performance.now() - beganMs < BUDGET_MS; k++) {
    best = Math.min(
      best,
      bestMs(1, () => step(k)),
    );
  }
  model.dispose();
  const rssMegabytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
  return {
    name,
    engine: engine.name,
    stepMs: best,
    samplesPerSecond: (1000 * batch) / best,
    products: Number.NaN,
    rssMegabytes,
  };
}

async function measure(
  filter: string,
  steps: number,
  engines: readonly EngineChoice[],
): Promise<EngineReport> {
  const before = productMs();
  const timings: StepTiming[] = [];
  const notRun: { name: string; engine: string; reason: string }[] = [];
  for (const subject of engineCases.filter(({ name }) => name.includes(filter))) {
    for (const choice of engines) {
      try {
        timings.push(await timeCase(subject, choice, steps));
      } catch (error) {
        notRun.push({ name: subject.name, engine: choice, reason: String(error) });
      }
    }
  }
  const after = productMs();
  const product = before === null || after === null ? null : Math.min(before, after);
  return {
    node: process.version,
    processors: availableParallelism(),
    load: loadavg()[0]!,
    productMs: product,
    timings: timings.map((timing) => ({ ...timing, products: timing.stepMs / (product ?? Number.NaN) })),
    notRun,
  };
}

const columns: readonly TextColumn[] = [
  { header: 'network', align: 'left', priority: 1 },
  { header: 'engine', align: 'left', priority: 1 },
  ...['ms a step', 'samples/s', 'products', 'RSS MB'].map(
    (header): TextColumn => ({ header, align: 'right', priority: 1 }),
  ),
];

function printReport({ timings, notRun, productMs: product, node, load, processors }: EngineReport): void {
  const rows = timings.map((timing) =>
    [
      timing.name,
      timing.engine,
      timing.stepMs.toFixed(2),
      timing.samplesPerSecond.toFixed(0),
      timing.products.toFixed(2),
      `${timing.rssMegabytes}`,
    ].map((text) => ({ text })),
  );
  console.log(renderTable(columns, rows).join('\n'));
  for (const { name, engine, reason } of notRun) console.log(`not run: ${name} on ${engine}: ${reason}`);
  console.log(`\nNode ${node}, load ${load.toFixed(1)} on ${processors} processors.`);
  if (product === null) return;
  const gigaflops = (2 * SIDE ** 3) / (1e6 * product);
  console.log(
    `A product of ${SIDE} x ${SIDE} matrices: ${product.toFixed(2)} ms, ${gigaflops.toFixed(1)} GFLOP/s.`,
  );
  for (const { name, engine, stepMs, products } of timings) {
    const target = stepTargetsMs[name];
    if (target === undefined || !engine.startsWith('lean')) continue;
    const ratio = target / REFERENCE_PRODUCT_MS;
    const verdict = (met: boolean) => (met ? 'met' : 'missed');
    console.log(
      `${name}: ${stepMs.toFixed(2)} ms, wanted ${target}: ${verdict(stepMs <= target)}; ` +
        `${products.toFixed(2)} products, wanted ${ratio.toFixed(2)}: ${verdict(products <= ratio)}`,
    );
  }
}

/** Runs the benchmark with the words after its name. */
export async function runEngine(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      filter: { type: 'string', default: '' },
      steps: { type: 'string', default: '150' },
      engines: { type: 'string', default: 'lean,tfjs-node,wasm,cpu' },
      json: { type: 'boolean', default: false },
    },
  });
  const engines = values.engines.split(',') as EngineChoice[];
  const report = await measure(values.filter, Number(values.steps), engines);
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else printReport(report);
}
