/**
 * What a verified configuration means for training, apart from the rest of a plan (run-plan.ts): the worker thread of a
 * peer loads this much and nothing of gossip, topologies or schemas, which takes a process longer to load than to run.
 */
import type { Registry } from '../base/registry.js';
import type { EngineChoice } from '../training/engine.js';
import { createLocalTrainer } from '../training/local-trainer.js';
import { optimizers } from '../training/optimizer.js';
import { partitions } from '../training/partition.js';
import { schedules } from '../training/schedule.js';
import { steppings } from '../training/stepping.js';
import { tasks as shippedTasks } from '../training/tasks/registry.js';
import type { Task } from '../training/tasks/task.js';
import type { GradientModel, Trainer } from '../training/trainer.js';
import type { RunConfig } from './schema.js';

/** What training alone needs of a run: the worker thread of a peer plans no more than this. */
export interface TrainingPlan {
  readonly task: Task;
  /** The model of one peer, or with `null` one that only evaluates. */
  createModel(peer: number | null): Promise<GradientModel>;
  /** Runs the local steps of `peer` on its model, which it then owns. */
  createTrainer(peer: number, model: GradientModel): Trainer;
}

/** What a plan needs to know of this machine. */
export interface PlanOptions {
  /** The tasks that can be named; openTasks adds that of a user's file. @default the shipped ones */
  readonly tasks?: Registry<Task>;
  readonly cacheDirectory: string;
  /** @default 'auto' */
  readonly engine?: EngineChoice;
  /** This device's own data instead of a share of the task's; `{peer}` stands for the peer's index. */
  readonly dataDirectory?: string | undefined;
  readonly onNotice?: (sentence: string) => void;
}

/** Directory of the data of `peer`; a model that only evaluates does so on the task's own. */
function dataOf(peer: number | null, { dataDirectory }: PlanOptions): string | undefined {
  return peer === null ? undefined : dataDirectory?.replaceAll('{peer}', String(peer));
}

/** @throws GrapevineError BAD_SPEC */
export function planTraining(
  config: RunConfig,
  { tasks = shippedTasks, ...options }: PlanOptions,
): TrainingPlan {
  const task = tasks.resolve(config.task);
  const partition = partitions.resolve(config.partition);
  const { peers, seed } = config;
  return {
    task,
    createModel: (peer) =>
      task.createModel({ ...options, peer, peers, partition, seed, dataDirectory: dataOf(peer, options) }),
    createTrainer(peer, model) {
      const { learningRate, localSteps, batch, rounds } = config;
      const optimizer = optimizers.resolve(config.optimizer);
      const schedule =
        config.schedule === undefined ? undefined : { of: schedules.resolve(config.schedule), rounds };
      const stretch = steppings.resolve(config.stepping ?? 'fixed').adaptive?.stretch;
      const steps = { localSteps, stretch, batch };
      return createLocalTrainer({ model, optimizer, learningRate, schedule, ...steps, seed, peer });
    },
  };
}
