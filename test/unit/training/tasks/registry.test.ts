import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalTrainer } from '../../../../src/training/local-trainer.js';
import { optimizers } from '../../../../src/training/optimizer.js';
import { partitions } from '../../../../src/training/partition.js';
import { tasks } from '../../../../src/training/tasks/registry.js';
import type { Evaluation } from '../../../../src/training/trainer.js';
import {
  cifarBytes,
  grammarText,
  houseTable,
  stripedPictures,
  writeIdxFiles,
} from '../../../reference/data-files.js';

let cacheDirectory: string;
beforeAll(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), 'grapevine-tasks-'));
});
afterAll(() => rm(cacheDirectory, { recursive: true }));

const partition = partitions.resolve('iid');

/** What one peer with all samples and the task's own settings has learned after `rounds`. */
async function teach(spec: string, rounds: number): Promise<Evaluation> {
  const task = tasks.resolve(spec);
  const model = await task.createModel({ peer: 0, peers: 1, partition, seed: 1, cacheDirectory });
  const optimizer = optimizers.resolve('qg');
  const trainer = createLocalTrainer({ ...task.defaults, model, optimizer, seed: 1, peer: 0 });
  let parameters = model.initialParameters();
  for (let round = 0; round < rounds; round++) ({ parameters } = await trainer.train(parameters, round));
  const evaluation = await trainer.evaluate(parameters);
  trainer.stop();
  return evaluation;
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const place = join(cacheDirectory, name);
  await mkdir(join(place, '..'), { recursive: true });
  await writeFile(place, content);
  return place;
}

describe('mnist-mlp', () => {
  it('teaches one peer with all 8,000 digits to read 92 of 100 test digits in 50 rounds', async () => {
    expect((await teach('mnist-mlp', 50)).accuracy).toBeGreaterThanOrEqual(0.92);
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

  it('takes other widths, and says which it takes', async () => {
    const { network } = await tasks.resolve('mnist-mlp:hidden=32x16').open!({ cacheDirectory });
    expect(network.layers.flatMap((layer) => (layer.kind === 'dense' ? [layer.units] : []))).toEqual([
      32, 16, 10,
    ]);
    expect(() => tasks.resolve('mnist-mlp:hidden=12a')).toThrow(/hidden=12a, wanted widths from 1 to 65536/);
  });

  it('evaluates on a share of the training digits where asked to', async () => {
    const { data } = await tasks.resolve('mnist-mlp:validation=0.25').open!({ cacheDirectory });
    expect([data.train.count, data.test.count]).toEqual([6000, 2000]);
  });

  it("trains on a device's own digits, all of them whatever the partition, and tests on theirs", async () => {
    const dataDirectory = join(cacheDirectory, 'device');
    await writeIdxFiles(dataDirectory, stripedPictures({ count: 50, side: 28, channels: 1, seed: 5 }), 40);
    const task = tasks.resolve('mnist-mlp');
    const options = { peers: 8, partition, seed: 1, cacheDirectory };
    const [own, other] = await Promise.all([
      task.createModel({ ...options, peer: 3, dataDirectory }),
      task.createModel({ ...options, peer: 4 }),
    ]);
    expect([own.samples, other.samples]).toEqual([40, 1000]);
    expect(own.layout).toEqual(other.layout);
    expect(await task.histograms!({ ...options, dataDirectory })).toEqual([]);
    own.dispose();
    other.dispose();
  });
});

describe('each task learns from files in its format', () => {
  it('mnist-cnn reads 85 of 100 digits after 20 rounds', async () => {
    expect((await teach('mnist-cnn', 20)).accuracy).toBeGreaterThanOrEqual(0.85);
  });

  it('fashion-mnist-cnn tells ten kinds of stripes apart', async () => {
    const directory = join(cacheDirectory, 'fashion');
    await writeIdxFiles(directory, stripedPictures({ count: 300, side: 28, channels: 1, seed: 1 }), 240);
    const { accuracy } = await teach(`fashion-mnist-cnn:directory=${directory}`, 30);
    expect(accuracy).toBeGreaterThanOrEqual(0.9);
  });

  it('cifar10-resnet20 lowers its loss on a batch of stripes', async () => {
    const pictures = stripedPictures({ count: 24, side: 32, channels: 3, seed: 2 });
    await file('cifar/data_batch_1.bin', cifarBytes(pictures, 0, 20));
    await file('cifar/test_batch.bin', cifarBytes(pictures, 0, 20));
    const spec = `cifar10-resnet20:directory=${join(cacheDirectory, 'cifar')}`;
    const before = (await teach(spec, 0)).loss;
    expect((await teach(spec, 2)).loss).toBeLessThan(before);
  });

  it('images takes size and classes from the files', async () => {
    const directory = join(cacheDirectory, 'own-images');
    await writeIdxFiles(directory, stripedPictures({ count: 120, side: 12, channels: 1, seed: 4 }), 100);
    const { network } = await tasks.resolve(`images:directory=${directory}`).open!({ cacheDirectory });
    expect(network.inputShape).toEqual([12, 12, 1]);
    expect((await teach(`images:directory=${directory}`, 20)).accuracy).toBeGreaterThanOrEqual(0.5);
    expect(() => tasks.resolve('images')).toThrow(/got no directory; wanted images:directory=PATH/);
  });

  it.each([
    ['transformer', 0.4],
    ['gru', 0.3],
  ])('char-lm with model=%s guesses letters of a grammar', async (model, wanted) => {
    const text = await file('grammar.txt', grammarText(400));
    const { accuracy } = await teach(`char-lm:file=${text},model=${model},time=32,size=32,layers=1`, 12);
    expect(accuracy).toBeGreaterThanOrEqual(wanted); // the most frequent character is 0.19 of them
  });

  it('csv predicts a price, and a class of price', async () => {
    const houses = await file('houses.csv', houseTable(400));
    const price = await teach(`csv:file=${houses},target=price,ignore=id;class`, 60);
    expect(price).toEqual({ accuracy: null, loss: expect.any(Number) });
    expect(price.loss).toBeLessThan(0.02); // R^2 above 0.98
    const dear = await teach(`csv:file=${houses},target=class,ignore=id;price`, 40);
    expect(dear.accuracy).toBeGreaterThanOrEqual(0.92);
  });

  it('linear finds the answer down to the noise, 0.01, on synthetic rows, and fits a table', async () => {
    expect((await teach('linear', 30)).loss).toBeLessThan(0.0125);
    const houses = await file('houses.csv', houseTable(400));
    expect((await teach(`linear:file=${houses},target=price,ignore=id;class`, 30)).loss).toBeLessThan(0.01);
  });

  it('logistic classifies synthetic rows, and a table', async () => {
    expect((await teach('logistic', 30)).accuracy).toBeGreaterThanOrEqual(0.88);
    const houses = await file('houses.csv', houseTable(400));
    const { accuracy } = await teach(`logistic:file=${houses},target=class,ignore=id;price`, 30);
    expect(accuracy).toBeGreaterThanOrEqual(0.85);
  });
});

describe('a task without its data', () => {
  it('says what to give, before anything runs', () => {
    expect(() => tasks.resolve('char-lm')).toThrow(/got no text; wanted one of char-lm:file=PATH/);
    expect(() => tasks.resolve('csv:target=y')).toThrow(/got no file; wanted csv:file=PATH,target=COLUMN/);
    expect(() => tasks.resolve('linear:file=x.csv')).toThrow(/got no target; wanted linear:file=PATH/);
  });

  it('tries again after a failure, which a later call may not meet', async () => {
    const place = join(cacheDirectory, 'late.csv');
    const task = tasks.resolve(`csv:file=${place},target=class,ignore=id`);
    await expect(task.open!({ cacheDirectory })).rejects.toThrow(/late\.csv could not be read/);
    await file('late.csv', houseTable(20));
    expect((await task.open!({ cacheDirectory })).data.targets).toMatchObject({ classes: 2 });
  });
});

describe('regression', () => {
  it('has no histograms, and is dealt out by whatever needs no classes', async () => {
    const task = tasks.resolve('linear');
    const options = { peers: 4, partition: partitions.resolve('quantity'), seed: 1, cacheDirectory };
    expect(await task.histograms!(options)).toEqual([]);
    const sorted = { ...options, partition: partitions.resolve('sorted'), peer: 0 };
    await expect(task.createModel(sorted)).rejects.toThrow(/partition sorted: got data without classes/);
    const model = await task.createModel({ ...options, peer: 0 });
    expect(model.samples).toBeGreaterThan(0);
    model.dispose();
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
  expect(() => tasks.resolve('mnist-mpl')).toThrow(
    /Did you mean "mnist-mlp".*mnist-mlp, mnist-cnn.*quadratic/,
  );
});
