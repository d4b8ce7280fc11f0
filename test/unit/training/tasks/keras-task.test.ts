import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configHash, verifyRunConfig } from '../../../../src/config/verify.js';
import { exportKeras } from '../../../../src/training/keras/keras-export.js';
import { encodeModel, writeModelFiles } from '../../../../src/training/keras/model-files.js';
import type { Network } from '../../../../src/training/network/network.js';
import { initialParameters } from '../../../../src/training/network/network-layout.js';
import { partitions } from '../../../../src/training/partition.js';
import { quoteData } from '../../../../src/training/tasks/keras-task.js';
import { tasks } from '../../../../src/training/tasks/registry.js';
import { withoutPlace } from '../../../../src/training/tasks/task-file.js';

const directory = mkdtempSync(join(tmpdir(), 'grapevine-keras-task-'));
const path = join(directory, 'model.json');
const network: Network = {
  inputShape: [20],
  layers: [{ kind: 'dense', name: 'out', units: 1 }],
};
const parameters = initialParameters(network, 9);

function save(head: 'sigmoid' | null): void {
  writeModelFiles(directory, encodeModel(exportKeras({ network, parameters, head })));
}

beforeAll(() => save('sigmoid'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('a model file as a task', () => {
  it('takes the rest as the data, with or without quotes', () => {
    const plain = 'keras:model=m.json,data=csv:file=a.csv,target=b';
    expect(quoteData(plain)).toBe('keras:model=m.json,data="csv:file=a.csv,target=b"');
    expect(quoteData('keras:data=csv:file="a,b.csv"')).toBe('keras:data="csv:file=""a,b.csv"""');
    for (const other of [quoteData(plain), 'keras:data=mnist-mlp,model=m.json', 'csv:file=a.csv,target=data'])
      expect(quoteData(other)).toBe(other);
  });

  it('starts from the weights of the file on every peer, and trains without the last sigmoid', async () => {
    const task = tasks.resolve(`keras:model=${path},data=logistic:samples=100`);
    const subject = await task.open!({ cacheDirectory: directory });
    expect(subject).toMatchObject({ loss: 'binary-cross-entropy', start: parameters });
    expect(subject.network.layers).toEqual([
      expect.objectContaining({ kind: 'dense', name: 'out', units: 1 }),
    ]);
    const options = { peers: 2, partition: partitions.resolve('iid'), seed: 4, cacheDirectory: directory };
    for (const peer of [0, 1]) {
      const model = await task.createModel({ ...options, peer });
      expect(model.initialParameters()).toEqual(parameters);
      model.dispose();
    }
  });

  it('is another run with other weights: the canonical spec holds their hash, and refuses a changed file', () => {
    const spec = `keras:model=${path},data=logistic:samples=100`;
    const [before, hash] = [tasks.canonical(spec), configHash(verifyRunConfig({ task: spec }))];
    expect(tasks.canonical(before)).toBe(before);
    writeFileSync(join(directory, 'weights.bin'), new Uint8Array(4 * 21));
    expect(configHash(verifyRunConfig({ task: spec }))).not.toBe(hash);
    expect(() => tasks.canonical(before)).toThrow(/another one than when the run was configured/);
    save('sigmoid');
    expect(tasks.canonical(before)).toBe(before);
  });
});

describe('the file of a task', () => {
  it('counts by its content, not by its place', () => {
    expect(withoutPlace('../a/b/task.mjs#0123456789ab')).toBe('task.mjs#0123456789ab');
    expect(withoutPlace('/home/me/task.js#0123456789ab')).toBe('task.js#0123456789ab');
    expect(withoutPlace('csv:file=a/b.csv,target=c')).toBe('csv:file=a/b.csv,target=c');
  });
});
