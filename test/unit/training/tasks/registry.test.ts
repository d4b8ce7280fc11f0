import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalTrainer } from '../../../../src/training/local-trainer.js';
import { optimizers } from '../../../../src/training/optimizer.js';
import { partitions } from '../../../../src/training/partition.js';
import { tasks } from '../../../../src/training/tasks/registry.js';

let cacheDirectory: string;
beforeAll(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), 'grapevine-tasks-'));
});
afterAll(() => rm(cacheDirectory, { recursive: true }));

const partition = partitions.resolve('iid');

describe('mnist-mlp', () => {
  it('teaches one peer with all 8,000 digits to read 92 of 100 test digits in 250 steps', async () => {
    const task = tasks.resolve('mnist-mlp');
    const model = await task.createModel({ peer: 0, peers: 1, partition, seed: 1, cacheDirectory });
    expect(model.samples).toBe(8_000);
    const trainer = createLocalTrainer({
      ...task.defaults,
      model,
      optimizer: optimizers.resolve('qg'),
      seed: 1,
      peer: 0,
    });
    let parameters = model.initialParameters();
    for (let round = 0; round < 50; round++) ({ parameters } = await trainer.train(parameters, round));
    expect((await trainer.evaluate(parameters)).accuracy).toBeGreaterThanOrEqual(0.92);
    trainer.stop();
  });

  it('gives each of 8 peers its shard, and passes the histograms of all on', async () => {
    const task = tasks.resolve('mnist-mlp');
    const options = { peers: 8, partition: partitions.resolve('sorted'), seed: 1, cacheDirectory };
    const models = await Promise.all([0, 7, null].map((peer) => task.createModel({ ...options, peer })));
    expect(models.map((model) => model.samples)).toEqual([1000, 1000, 0]);
    const histograms = await task.histograms!(options);
    expect(histograms.map((row) => row.reduce((a, b) => a + b, 0))).toEqual(new Array(8).fill(1000));
    for (const row of histograms) expect(row.filter((count) => count > 0).length).toBeLessThanOrEqual(3);
    for (const model of models) model.dispose();
  });
});

describe('quadratic', () => {
  it('takes its options from the spec', async () => {
    const task = tasks.resolve('quadratic:dimension=10,condition=5');
    expect(task.spec).toBe('quadratic:dimension=10,condition=5,heterogeneity=1');
    const model = await task.createModel({ peer: null, peers: 3, partition, seed: 1, cacheDirectory });
    expect(model.layout.size).toBe(10);
    expect(model.engine).toBe('typescript');
  });
});

it('an unknown task is answered with those that exist', () => {
  expect(() => tasks.resolve('mnist-mpl')).toThrow(/Did you mean "mnist-mlp".*mnist-mlp, quadratic/);
});
