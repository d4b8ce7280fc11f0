/** Starts the worker thread in which the peers of this process train. */
import { Worker } from 'node:worker_threads';
import { GrapevineError, messageOf } from '../base/errors.js';
import { TrainingThread } from '../node/training-thread.js';
import type { TrainingThreadData } from './training-thread.js';

export interface StartedThread {
  readonly thread: TrainingThread;
  /** Ends the thread, whatever it is doing. */
  stop(): Promise<void>;
}

/** A thread that can be asked at once; whatever keeps it from running reaches those who wait for it. */
export function startTrainingThread(
  data: TrainingThreadData,
  onNotice: (sentence: string) => void,
): StartedThread {
  const worker = new Worker(new URL('./training-thread.js', import.meta.url), { workerData: data });
  const thread = new TrainingThread(worker, onNotice);
  worker.on('error', (error) => thread.fail(ended(messageOf(error), error)));
  worker.on('exit', (code) => thread.fail(ended(`exit code ${code}`)));
  return {
    thread,
    async stop() {
      await worker.terminate();
    },
  };
}

function ended(why: string, cause?: unknown): GrapevineError {
  return new GrapevineError(
    'TRAINER_FAILED',
    `the training thread ended (${why}); wanted it to live as long as its peers. ` +
      'Out of memory is the usual cause: lower --batch, or run fewer peers on this machine.',
    {},
    cause,
  );
}
