/** `grapevine report` of an experiment: from a file of axes to the files that a person opens. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runGrapevine, temporaryDirectory } from './grapevine-process.js';

const directory = temporaryDirectory();
const grapevine = (...args: string[]) => runGrapevine(args, {}, directory);
const inRun = (...names: string[]) => join(directory, 'runs', 'tiny', ...names);

const FIGURES = [
  'consensus-rounds-complete',
  'consensus-rounds-ring',
  'heat-map',
  'loss-bytes-complete',
  'loss-bytes-ring',
  'loss-rounds-complete',
  'loss-rounds-ring',
  'pareto',
  'spectral-gap',
];

/** Eight cells that run, and a torus of five as 2 x 2, which is refused. */
const SWEEP = `name: tiny
settings: { task: "quadratic:dimension=16", peers: 5, rounds: 6, evaluateEvery: 1 }
axes:
  topology: [ring, complete]
  compressor: [none, "top-k:fraction=0.25"]
  seed: [1, 2]
include:
  - { topology: "torus:rows=2,cols=2", compressor: none, seed: 1 }
`;

describe('grapevine report of an experiment', () => {
  beforeAll(async () => {
    writeFileSync(join(directory, 'tiny.yaml'), SWEEP);
    const { exitCode, stderr } = await grapevine('experiment', 'run', 'tiny.yaml', '--quiet');
    expect(exitCode, stderr).toBe(0);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('writes one page and each figure as SVG and PNG, and prints the answer', async () => {
    const { exitCode, stdout, stderr } = await grapevine('report', 'runs/tiny');
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/tiny: 9 cells: .*; 8 done, 1 refused/);
    expect(stdout).toMatch(/Pick .* on ring/);
    expect(readdirSync(inRun('figures')).sort()).toEqual(
      FIGURES.flatMap((name) => [`${name}.png`, `${name}.svg`]).sort(),
    );
    for (const name of FIGURES) {
      const { width, data } = PNG.sync.read(readFileSync(inRun('figures', `${name}.png`)));
      expect(width).toBe(880);
      expect(new Set(data).size).toBeGreaterThan(8); // not one color
    }
    const html = readFileSync(inRun('report.html'), 'utf8');
    expect(html).toContain('Which compressor for which topology?');
    expect(html).toContain('1 cell refused');
  });

  it('reads collected results alone, and gives the same answer as JSON', async () => {
    expect((await grapevine('experiment', 'collect', 'tiny.yaml')).exitCode).toBe(0);
    mkdirSync(join(directory, 'elsewhere'));
    const copy = join(directory, 'elsewhere', 'results.jsonl');
    writeFileSync(copy, readFileSync(inRun('results.jsonl')));
    const { stdout } = await grapevine('report', 'elsewhere/results.jsonl', '--json', '--quiet');
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({ experiment: 'elsewhere', directory: 'elsewhere', cells: 9, missing: 0 });
    expect(answer.groups).toHaveLength(5);
    expect(readFileSync(inRun('report.html'), 'utf8')).toContain(answer.headline);
  });

  it('prints Markdown on stdout and nothing else, and names an axis that is none', async () => {
    const { stdout } = await grapevine('report', 'runs/tiny', '--markdown');
    expect(stdout).toMatch(/^\*\*Pick /);
    const { exitCode, stderr } = await grapevine('report', 'runs/tiny', '--choose', 'optimizer');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Wanted one of topology, compressor');
  });
});
