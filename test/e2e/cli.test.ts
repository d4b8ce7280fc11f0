import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runGrapevine, temporaryDirectory } from './grapevine-process.js';

async function complaint(...args: string[]): Promise<string> {
  const { exitCode, stderr, stdout } = await runGrapevine(args);
  expect(exitCode).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).not.toMatch(/\n\s+at /); // no stack trace
  return stderr;
}

describe('bad usage ends with 2, one sentence and what to do', () => {
  it('names the nearest topology and lists all', async () => {
    const message = await complaint('swarm', '--topology', 'tours');
    expect(message).toContain('Did you mean "torus"?');
    expect(message).toContain('random-regular');
  });

  it('names the nearest key of a spec', async () => {
    expect(await complaint('simulate', '--compressor', 'low-rank:rnk=4')).toContain('Did you mean "rank"?');
  });

  it('says which number was got and wanted', async () => {
    expect(await complaint('simulate', '--peers', '0')).toMatch(/flags: peers: .*got 0/);
    expect(await complaint('simulate', '--peers', 'eight')).toMatch(/peers/);
  });

  it('refuses a topology that does not fit the number of peers', async () => {
    expect(await complaint('simulate', '--topology', 'torus:rows=3,cols=3', '--peers', '8')).toMatch(
      /3.*3.*8/,
    );
  });

  it('refuses a compressor for exact gossip', async () => {
    expect(await complaint('simulate', '--algorithm', 'exact', '--compressor', 'low-rank')).toContain(
      'exact',
    );
  });

  it('points at line and column of a broken file', async () => {
    const path = join(temporaryDirectory(), 'broken.yaml');
    writeFileSync(path, 'peers: 8\ntopology: [ring\n');
    expect(await complaint('simulate', '--config', path)).toMatch(/broken\.yaml:\d+:\d+/);
  });

  it('names an unknown key of a file', async () => {
    const path = join(temporaryDirectory(), 'typo.yaml');
    writeFileSync(path, 'peer: 8\n');
    expect(await complaint('simulate', '--config', path)).toContain('did you mean "peers"');
  });

  it('refuses an unknown flag', async () => {
    expect(await complaint('swarm', '--toplogy', 'ring')).toContain('--topology');
  });
});

describe('configuration', () => {
  it('takes flags over environment over file over defaults', async () => {
    const path = join(temporaryDirectory(), 'run.yaml');
    writeFileSync(path, 'peers: 6\nrounds: 7\nseed: 3\n');
    const flags = ['simulate', '--config', path, '--seed', '9', '--topology', 'ring', '--print-config'];
    const { stdout } = await runGrapevine(flags, { GRAPEVINE_ROUNDS: '11', GRAPEVINE_SEED: '4' });
    expect(JSON.parse(stdout)).toMatchObject({ peers: 6, rounds: 11, seed: 9, batch: 32, topology: 'ring' });
  });
});

describe('grapevine topology', () => {
  it('prints the facts as JSON', async () => {
    const { stdout, exitCode } = await runGrapevine(['topology', 'ring', '--peers', '8', '--json']);
    expect(exitCode).toBe(0);
    const facts = JSON.parse(stdout);
    expect(facts).toMatchObject({ name: 'ring', nodes: 8, edges: 8, diameter: 4 });
    expect(facts.spectralGap).toBeCloseTo(0.1952621459, 9);
  });

  it('compares in the order given, with bytes by a compressor', async () => {
    const flags = [
      'compare',
      'star',
      'ring',
      '--peers',
      '9',
      '--parameters',
      '100',
      '--compressor',
      'int8',
      '--json',
    ];
    const { stdout, exitCode } = await runGrapevine(['topology', ...flags]);
    expect(exitCode).toBe(0);
    const [star, ring] = JSON.parse(stdout);
    expect([star.name, ring.name]).toEqual(['star', 'ring']);
    expect(star.bytes.uncompressed.total).toBe(16 * 400);
    expect(ring.bytes.compressed.total).toBe(18 * ring.message.bytes);
    expect(ring.message.bytes).toBeLessThan(200);
  });

  it('asks for compare where two are named', async () => {
    expect(await complaint('topology', 'ring', 'star')).toContain('grapevine topology compare ring star');
  });

  it('exports GraphML and draws an SVG', async () => {
    const svg = join(temporaryDirectory(), 'torus.svg');
    const { stdout } = await runGrapevine([
      'topology',
      'torus',
      '--peers',
      '16',
      '--export',
      'graphml',
      '--svg',
      svg,
    ]);
    expect(stdout).toContain('<graphml');
    expect(readFileSync(svg, 'utf8').match(/<circle/g)!.length).toBeGreaterThanOrEqual(16);
  });
});

describe('grapevine compress', () => {
  it('prints error, omega and bytes of each operator named', async () => {
    const flags = [
      'compress',
      'low-rank:rank=4,bits=32',
      'top-k:fraction=0.1',
      'none',
      '--random',
      '40x30',
      '--spectrum',
      'power:1',
      '--json',
    ];
    const { stdout, exitCode } = await runGrapevine(flags);
    expect(exitCode).toBe(0);
    const [lowRank, topK, none] = JSON.parse(stdout);
    // rank 4 of the spectrum 1/q keeps (1 + 1/4 + 1/9 + 1/16) / sum
    expect(lowRank.total.omega).toBeGreaterThan(0.85);
    expect(lowRank.total.bytes).toBe(8 + 4 * 4 * 70);
    expect(topK.total.bytes).toBe(8 + 8 * 120);
    expect(none.total.relativeError).toBe(0);
  });

  it('refuses a shape and a spectrum it does not know', async () => {
    expect(await complaint('compress', 'none', '--random', '40')).toContain('ROWSxCOLS');
    expect(await complaint('compress', 'none', '--spectrum', 'flat')).toContain('power:P');
  });
});

describe('grapevine simulate', () => {
  it('survives loss, a killed and a frozen peer, and repeats itself to the bit', async () => {
    const flags = [
      'simulate',
      '--task',
      'quadratic',
      '--rounds',
      '40',
      '--loss',
      '0.1',
      '--latency-ms',
      '5',
      '--silence-ms',
      '2000',
      '--fault',
      'kill:peer=2,at=200',
      '--fault',
      'freeze:peer=5,at=300',
      '--json',
      '--quiet',
    ];
    const [first, second] = await Promise.all([
      runGrapevine([...flags, '--out', temporaryDirectory()]),
      runGrapevine([...flags, '--out', temporaryDirectory()]),
    ]);
    expect(first.exitCode).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ rounds: 40, peersLost: [2, 5] });
    expect(second.stdout).toBe(first.stdout);
  });

  it('refuses a fault of a peer that is none, and leaves no directory behind', async () => {
    const out = join(temporaryDirectory(), 'run');
    const flags = ['simulate', '--task', 'quadratic', '--fault', 'kill:peer=8,at=200', '--out', out];
    const { exitCode, stderr } = await runGrapevine(flags);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/wanted a peer from 0 to 7/);
    expect(existsSync(out)).toBe(false);
  });
});
