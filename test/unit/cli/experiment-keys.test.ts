import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verifyCell } from '../../../src/cli/cell-run.js';
import { experimentKeys, launchKeysOf } from '../../../src/cli/experiment-keys.js';
import { buildManifest } from '../../../src/experiment/manifest.js';
import { parseSweep } from '../../../src/experiment/sweep-file.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const parse = (text: string) => parseSweep(text, 'sweep.yaml', experimentKeys);
const manifestOf = (text: string) => {
  const sweep = parse(text);
  return buildManifest({ sweep, fileName: 'sweep', verify: (keys) => verifyCell(sweep.driver, keys) });
};

describe('the keys of an experiment', () => {
  it('are those of a configuration file, with specs checked where they stand', () => {
    expect(() => parse('axes:\n  topology: [ring, tours]')).toThrow(
      /^sweep\.yaml:2:20: axes\.topology\.1: unknown topology "tours"\. Did you mean "torus"\?.*\.$/,
    );
    expect(() => parse('settings: { compressor: "low-rank:rnk=4" }')).toThrow(/Did you mean "rank"\?/);
  });

  it('leave where to write to the command, and how to launch to the settings', () => {
    expect(() => parse('settings: { out: here }')).toThrow(/use --out/);
    expect(() => parse('axes: { processes: [1, 2] }')).toThrow(/wanted under settings/);
    expect(() => parse('driver: swarm\naxes: { latencyMs: [1, 2] }')).toThrow(/belongs to the simulator/);
    expect(launchKeysOf({ processes: 2, peers: 3 })).toEqual({ processes: 2 });
  });
});

describe('a verified cell', () => {
  it('has every key, is verified again to the same, and has the id of the same run spelled otherwise', async () => {
    const { settings } = await verifyCell('simulate', { task: 'quadratic', topology: 'random-regular' });
    expect(settings).toMatchObject({
      peers: 8,
      topology: 'random-regular:degree=4',
      latencyMs: 0.1,
      faults: [],
    });
    expect((await verifyCell('simulate', settings)).settings).toEqual(settings);
    const { cells, duplicates } = await manifestOf(
      'settings: { task: quadratic }\naxes: { topology: [random-regular, "random-regular:degree=4"] }',
    );
    expect(cells).toHaveLength(1);
    expect(Object.values(duplicates)).toEqual([1]);
  });

  it('says nothing of the simulator where it is a real swarm, and of the engine only where one was named', async () => {
    const { settings } = await verifyCell('swarm', { task: 'quadratic', latencyMs: 5 });
    expect(settings).not.toHaveProperty('latencyMs');
    expect(settings).not.toHaveProperty('engine');
    expect((await verifyCell('swarm', { task: 'quadratic', engine: 'cpu' })).settings.engine).toBe('cpu');
  });

  it('is refused where its choices do not fit each other', async () => {
    const refused = async (keys: object) => verifyCell('simulate', { task: 'quadratic', ...keys });
    await expect(refused({ topology: 'torus:rows=2,cols=4', peers: 6 })).rejects.toThrow(/rows x cols = 6/);
    await expect(refused({ algorithm: 'exact', compressor: 'sign' })).rejects.toThrow(
      /leave the compressor out/,
    );
    await expect(refused({ faults: ['kill:peer=9,at=1'] })).rejects.toThrow(/wanted a peer from 0 to 7/);
    await expect(refused({ task: './nowhere.mjs' })).rejects.toThrow(/cannot be read/);
  });
});

describe('experiments that are shipped', () => {
  const shipped = readdirSync(join(root, 'experiments')).filter((name) => name.endsWith('.yaml'));
  for (const name of shipped) {
    it(`${name}: every cell can run`, async () => {
      const { cells, notices } = await manifestOf(readFileSync(join(root, 'experiments', name), 'utf8'));
      expect(cells.filter(({ refused }) => refused !== null)).toEqual([]);
      expect(notices).toEqual([]);
    });
  }

  it('and the one in docs/experiments.md are files as they should be', async () => {
    const documentation = readFileSync(join(root, 'docs', 'experiments.md'), 'utf8');
    const [, text] = /```yaml\n([\s\S]*?)```/.exec(documentation)!;
    const { cells, notices } = await manifestOf(text!);
    expect(notices).toEqual([]);
    expect(cells.filter(({ refused }) => refused !== null)).toEqual([]);
    expect(cells).toHaveLength(3 * 2 * 3 * 2 * 2 - 1 * 2 * 3 * 1 * 2 + 1);
  });
});
