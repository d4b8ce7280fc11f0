/**
 * `npm run study -- bytes-accuracy [--tune] [--short] [--json] [--out DIR] [--report]`: accuracy against bytes of ways to
 * train together. 16 peers learn MNIST's digits in the simulator, on three graphs, three partitions and three seeds;
 * methods that compress send about as many bytes as edge-CHOCO does at its defaults, and D-PSGD everything. Then the
 * same with every edge inactive in half of the rounds.
 *
 * --tune is how each method came by its optimizer and learning rate (METHODS): the same small grid for all, on a ring of eight
 * with a Dirichlet partition and a seed of its own, by the accuracy of the mean model after 20 rounds.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isGrapevineError } from '../src/base/errors.js';
import { maxFrameBytesOf, planRun } from '../src/config/run-plan.js';
import { verifyRunConfig } from '../src/config/verify.js';
import type { EvaluationEvent } from '../src/metrics/events.js';
import { perfectLink } from '../src/simulation/link-model.js';
import { simulate } from '../src/simulation/simulate.js';
import { defaultCacheDirectory } from '../src/training/data/mnist.js';
import {
  allCells,
  type CurvePoint,
  EVALUATE_EVERY,
  METHODS,
  shortCells,
  type TrainingCell,
  type TrainingOutcome,
  TUNING_SEED,
  tuningCells,
} from './bytes-accuracy-cells.js';
import { accuracyPlots } from './bytes-accuracy-plot.js';
import { reportOf, tuningReport } from './bytes-accuracy-report.js';
import { runStudy, type Study } from './study.js';

function pointOf(event: EvaluationEvent): CurvePoint {
  const { round, meanModel, local, payloadBytesPerPeer } = event;
  return {
    round,
    meanModel: meanModel.accuracy ?? 0,
    meanLocal: local.mean ?? 0,
    worstLocal: local.worst ?? 0,
    bytes: payloadBytesPerPeer,
  };
}

/** One run in the simulator. */
export async function measure(cell: TrainingCell): Promise<TrainingOutcome> {
  const { algorithm, compressor } = METHODS.find(({ name }) => name === cell.method)!;
  const { topology, partition, peers, rounds, seed, optimizer, learningRate, activity } = cell;
  const config = verifyRunConfig({
    ...{ algorithm, compressor, topology, partition, peers, rounds, seed, optimizer, learningRate },
    task: 'mnist-mlp',
    edgeActivity: activity,
    evaluateEvery: cell.seed === TUNING_SEED ? rounds : Math.min(rounds, EVALUATE_EVERY),
  });
  const plan = planRun(config, { cacheDirectory: defaultCacheDirectory(process.env) });
  const nodes = Array.from({ length: peers }, (_, node) => node);
  const evaluator = await plan.createModel(null);
  const models = await Promise.all(nodes.map((node) => plan.createModel(node)));
  const trainers = nodes.map((node) => plan.createTrainer(node, models[node]!));
  const curve: CurvePoint[] = [];
  let notices = 0;
  let diverged = false;
  try {
    await simulate({
      peers: nodes.map((node) => plan.createPeer(node, models[node]!, { retransmitMs: null, audit: false })),
      trainers,
      evaluator,
      evaluateEvery: config.evaluateEvery,
      link: perfectLink,
      faults: [],
      trainingMs: 1,
      seed,
      maxFrameBytes: maxFrameBytesOf(plan, evaluator.layout),
      horizonMs: Number.POSITIVE_INFINITY,
      record(event) {
        if (event.event === 'evaluation') curve.push(pointOf(event));
        if (event.event === 'notice') notices += 1;
      },
    });
  } catch (error) {
    if (!isGrapevineError(error) || error.code !== 'TRAINER_NOT_FINITE') throw error;
    diverged = true;
  } finally {
    for (const trainer of trainers) trainer.stop();
    evaluator.dispose();
  }
  return { curve, diverged, notices };
}

const study: Study<TrainingCell, TrainingOutcome> = {
  name: 'bytes-accuracy',
  switches: ['tune'],
  cells(options) {
    if (options.switches.has('tune')) return tuningCells(options);
    return options.short ? shortCells() : allCells();
  },
  measure,
  async report(finished, { switches, directory }) {
    if (switches.has('tune')) return tuningReport(finished);
    if (directory !== undefined)
      for (const { file, svg } of await accuracyPlots(finished)) writeFileSync(join(directory, file), svg);
    return reportOf(finished);
  },
};

export const run = (args: readonly string[]): Promise<void> => runStudy(study, args);
