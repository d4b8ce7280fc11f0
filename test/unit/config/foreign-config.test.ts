/** What of a configuration is taken from the network. */
import { describe, expect, it } from 'vitest';
import { isSelfContained, verifyForeignConfig } from '../../../src/config/foreign-config.js';
import { verifyRunConfig } from '../../../src/config/verify.js';
import { tasks } from '../../../src/training/tasks/registry.js';

const nobody = { task: undefined, tasks };
const config = { ...verifyRunConfig({ task: 'quadratic', peers: 4 }) };

describe('a configuration from the network', () => {
  it('is verified like any other', () => {
    expect(verifyForeignConfig(config, nobody)).toEqual(config);
    for (const [over, code] of [
      [{ topology: 'doughnut' }, 'BAD_SPEC'],
      [{ peers: 1e9 }, 'BAD_CONFIG'],
      [{ rm: '-rf' }, 'BAD_CONFIG'],
    ] as const)
      expect(() => verifyForeignConfig({ ...config, ...over }, nobody)).toThrow(
        expect.objectContaining({ code }),
      );
  });

  it('is refused when it means something else here than it says', () => {
    expect(() => verifyForeignConfig({ ...config, topology: 'ring ' }, nobody)).toThrow(/same release/);
  });

  it('names no file and no code of this device, unless the person here has named it, too', () => {
    for (const task of [
      './my-task.js#0123456789ab',
      '/etc/evil.mjs#0123456789ab',
      'csv:file=/etc/passwd,target=root',
      'char-lm:directory=.',
      'keras:model=model.json,data=mnist-mlp',
    ])
      expect(() => verifyForeignConfig({ ...config, task }, nobody)).toThrow(/--task/);
    expect(() => verifyForeignConfig(config, { task: 'mnist-mlp', tasks })).toThrow(/take the same/);
    expect(verifyForeignConfig(config, { task: 'quadratic', tasks })).toEqual(config);
  });

  it('finds every shipped task self-contained that names no place', () => {
    const text = (name: string) => tasks.entries.find((entry) => entry.name === name)!.name;
    for (const name of ['mnist-mlp', 'mnist-cnn', 'quadratic', 'cifar10-resnet20'])
      expect(isSelfContained(text(name))).toBe(true);
  });
});
