import { describe, expect, it } from 'vitest';
import { runConfigSchema, simulationConfigSchema } from '../../../src/config/schema.js';
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

  it('says how the network was only where that was chosen', () => {
    const { silenceMs, roundDeadlineMs } = runConfigSchema.parse({});
    const config = { seed: 3, silenceMs, roundDeadlineMs };
    const simulated = { ...run, driver: 'simulation' as const };
    const network = simulationConfigSchema.parse({});
    expect(repeatCommand({ ...simulated, config: { ...config, ...network } })).toBe(
      'grapevine simulate --seed 3',
    );
    const faults = ['kill:peer=2,at=1500', 'slow:peer=3,factor=10'];
    const links = ['0-1:latency=100'];
    const chosen = { ...config, ...network, pace: 'asynchronous', loss: 0.2, links, faults };
    expect(repeatCommand({ ...simulated, config: chosen })).toBe(
      'grapevine simulate --seed 3 --pace asynchronous --loss 0.2 --link 0-1:latency=100 ' +
        '--fault kill:peer=2,at=1500 --fault slow:peer=3,factor=10',
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
