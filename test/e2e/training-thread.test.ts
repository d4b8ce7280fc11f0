import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import type * as StartTrainingThread from '../../src/cli/start-training-thread.js';
import { verifyRunConfig } from '../../src/config/verify.js';
import { defaultCacheDirectory } from '../../src/training/data/mnist.js';

/** The built one: a worker thread cannot run TypeScript. */
const built = pathToFileURL(join(import.meta.dirname, '../../dist/cli/start-training-thread.js')).href;

it('answers within 200 ms while a round of training takes a second', async () => {
  const { startTrainingThread } = (await import(built)) as typeof StartTrainingThread;
  // About 4 seconds on one core: one round of large batches.
  const config = verifyRunConfig({ peers: 2, topology: 'ring', batch: 2000, localSteps: 40 });
  const { thread, stop } = startTrainingThread(
    { config: { ...config }, cacheDirectory: defaultCacheDirectory(process.env) },
    () => {},
  );
  try {
    const { model, trainer } = await thread.open(0);
    const start = model.initialParameters();
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const startedMs = performance.now();
    const { parameters } = await trainer.train(start, 0);
    const tookMs = performance.now() - startedMs;
    delay.disable();
    expect(parameters).not.toEqual(start);
    expect(tookMs).toBeGreaterThan(500);
    const [usual, worst] = [delay.percentile(90) / 1e6, delay.max / 1e6];
    expect(usual).toBeLessThan(200);
    expect(worst).toBeLessThan(tookMs / 2); // whatever else keeps this machine busy, training did not
  } finally {
    await stop();
  }
});

it('says so when the thread dies, at once and to all who wait', async () => {
  const { startTrainingThread } = (await import(built)) as typeof StartTrainingThread;
  const config = verifyRunConfig({ peers: 2, topology: 'ring', batch: 2000, localSteps: 40 });
  const { thread, stop } = startTrainingThread(
    { config: { ...config }, cacheDirectory: defaultCacheDirectory(process.env) },
    () => {},
  );
  const { model, trainer } = await thread.open(1);
  const training = trainer.train(model.initialParameters(), 0);
  await stop();
  await expect(training).rejects.toMatchObject({ code: 'TRAINER_FAILED' });
  await expect(training).rejects.toThrow(/exit code 1.*wanted.*--batch/);
});
