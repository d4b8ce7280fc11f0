/** The worker thread in which the peers of a process train: node/training-thread.ts serves, this file says what. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/assert.js';
import type { RunConfig } from '../config/schema.js';
import { type PlanOptions, planTraining } from '../config/training-plan.js';
import { noticeOn, serveTraining } from '../node/training-thread.js';
import { openTasks } from '../training/tasks/task-file.js';

export interface TrainingThreadData extends Pick<PlanOptions, 'cacheDirectory' | 'engine' | 'dataDirectory'> {
  /** As verifyRunConfig returns it. */
  readonly config: RunConfig;
}

assert(parentPort !== null, 'this file is the program of a worker thread');
const { config, ...options } = workerData as TrainingThreadData;
const onNotice = noticeOn(parentPort);
const tasks = await openTasks(String(config.task));
serveTraining(parentPort, planTraining(config, { ...options, tasks, onNotice }));
