import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/metrics/events.js';
import { repeatCommand } from '../../../src/report/repeat-command.js';
import { fakeRun } from '../../reference/fake-run.js';

const run = fakeRun({ rounds: 1 })[0] as RunEvent;

describe('repeatCommand', () => {
  it('spells out every flag that the configuration knows', () => {
    expect(repeatCommand(run)).toBe(
      'grapevine swarm --peers 8 --topology torus:rows=2,cols=4 --algorithm edge-choco ' +
        '--compressor low-rank:rank=8,bits=4 --optimizer momentum:beta=0.9 --task mnist-mlp --partition iid ' +
        '--rounds 1 --local-steps 4 --batch 32 --learning-rate 0.05 --seed 1',
    );
  });

  it('simulates what was simulated', () => {
    expect(repeatCommand({ ...run, driver: 'simulation', config: { seed: 3 } })).toBe(
      'grapevine simulate --seed 3',
    );
  });

  it('quotes what a shell would read as its own', () => {
    const command = repeatCommand({ ...run, config: { task: `x'; rm -rf $HOME`, seed: -1 } });
    expect(command).toBe(`grapevine swarm --task 'x'\\''; rm -rf $HOME' --seed -1`);
  });

  it('is nothing where the configuration holds nothing known', () => {
    expect(repeatCommand({ ...run, config: { other: 1 } })).toBeNull();
  });
});
