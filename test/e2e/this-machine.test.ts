/** What concerns one machine: what it can do, and data of its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runGrapevine } from './grapevine-process.js';
import { createTrial, files } from './own-model-trial.js';

const { directory, run, write } = createTrial();
const table = files.get('flowers.csv')!;
const flowers = 'csv:file=flowers.csv,target=species';

describe('grapevine doctor', () => {
  it('says that swarms run here, on which engine, and how to mend what is missing', async () => {
    const { exitCode, stdout, stderr } = await run('doctor', '--json');
    expect(stderr).toBe('');
    const { ok, checks } = JSON.parse(stdout);
    expect([exitCode, ok]).toEqual([0, true]);
    const found = new Map(checks.map((check: { name: string }) => [check.name, check]));
    expect(found.get('engine auto')).toMatchObject({
      status: 'ok',
      found: expect.stringMatching(/^(lean|tfjs)-.* ms a step/),
    });
    expect(found.get('engine cpu')).toMatchObject({ status: 'ok' });
    expect(found.get('TCP')).toMatchObject({ status: 'ok' });
    for (const { status, remedy } of checks) expect(remedy === null).toBe(status === 'ok');
  });

  it('is a table for people', async () => {
    const { stdout } = await run('doctor');
    expect(stdout).toMatch(/ok +node +\d+\.\d+\.\d+\n/);
    expect(stdout).toContain('Swarms run here.');
  });

  it('only warns of a cache that cannot be written', async () => {
    const { exitCode, stdout } = await runGrapevine(
      ['doctor'],
      { GRAPEVINE_CACHE_DIR: join(directory, 'flowers.csv', 'below') },
      directory,
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/note +cache.*\n +-> name another directory with GRAPEVINE_CACHE_DIR/);
  });
});

describe('data that stay on their device', () => {
  it('are trained on instead of a share, and the task still says what columns mean', async () => {
    for (const peer of [0, 1, 2]) write(`own/${peer}/rows.csv`, table);
    const flags = [
      '--peers',
      '3',
      '--topology',
      'ring',
      '--rounds',
      '4',
      '--batch',
      '15',
      '--quiet',
      '--json',
    ];
    const { stdout, stderr, exitCode } = await run(
      'swarm',
      '--task',
      flowers,
      '--data-directory',
      'own/{peer}',
      ...flags,
      '--out',
      'runs/own',
    );
    expect(exitCode, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rounds: 4, engine: expect.stringMatching(/^lean-wasm/) });
    // 15 rows a peer, all of them in every step: 4 rounds of 5 steps.
    const ends = readFileSync(join(directory, 'runs/own/metrics.jsonl'), 'utf8')
      .split('\n')
      .flatMap((line) => /"round":4,.*"samples":(\d+)/.exec(line)?.[1] ?? []);
    expect(ends).toEqual(['300', '300', '300']);
  });
});
