import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../src/cli/settings.js';
import { planRun } from '../../../src/config/run-plan.js';
import { configHash } from '../../../src/config/verify.js';
import type { TaskModelOptions } from '../../../src/training/tasks/task.js';

describe('settings of this machine', () => {
  it('are engine and data directory, from flags and environment, and no part of what peers compare', async () => {
    const plain = await readSettings({}, {});
    expect(plain.launch).toMatchObject({ engine: 'auto' });
    const chosen = await readSettings({ engine: 'cpu' }, { GRAPEVINE_DATA_DIRECTORY: 'mine' });
    expect(chosen.launch).toMatchObject({ engine: 'cpu', dataDirectory: 'mine' });
    expect(configHash(chosen.run)).toBe(configHash(plain.run));
  });

  it('name the engines that there are where another is asked for', async () => {
    await expect(readSettings({ engine: 'gpu' }, {})).rejects.toThrow(
      /engine: .*"lean".*"tfjs-node".*got "gpu"/,
    );
  });
});

describe('a plan', () => {
  it('gives each peer its directory, and the model that only evaluates none', async () => {
    const { run } = await readSettings({ task: 'quadratic' }, {});
    const plan = planRun(run, { cacheDirectory: 'none', engine: 'cpu', dataDirectory: 'data/{peer}' });
    const asked: TaskModelOptions[] = [];
    const createModel = plan.task.createModel.bind(plan.task);
    plan.task.createModel = (options) => {
      asked.push(options);
      return createModel(options);
    };
    for (const peer of [3, null]) (await plan.createModel(peer)).dispose();
    expect(asked.map(({ dataDirectory }) => dataDirectory)).toEqual(['data/3', undefined]);
    expect(asked.map(({ engine }) => engine)).toEqual(['cpu', 'cpu']);
  });
});
