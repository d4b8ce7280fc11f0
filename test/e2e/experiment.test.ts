/** `grapevine experiment` as people and clusters use it: killed, resumed, shared out, and with cells that fail. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  isRunning,
  runGrapevine,
  startGrapevine,
  temporaryDirectory,
  workersOf,
} from './grapevine-process.js';

const directory = temporaryDirectory();
const SWEEP = 'sweep.yaml';
const RESULTS = ['results.jsonl', 'results.parquet', 'series.parquet'];

/** 48 cells of some milliseconds each. */
writeFileSync(
  join(directory, SWEEP),
  `settings: { task: "quadratic:dimension=16", peers: 6, rounds: 40 }
axes:
  topology: [ring, complete, star]
  compressor: [none, "top-k:fraction=0.25"]
  link:
    fast: { latencyMs: 0.1 }
    slow: { latencyMs: 100, bandwidthMbps: 1 }
  seed: { from: 1, to: 4 }
`,
);

const experiment = (...args: string[]) => runGrapevine(['experiment', ...args], {}, directory);
const start = (...args: string[]) => startGrapevine(['experiment', ...args], {}, directory);
const bytesIn = (out: string) =>
  RESULTS.map((name) => readFileSync(join(directory, out, name)).toString('base64'));
const cellsIn = (out: string): Map<string, number> => {
  const cells = join(directory, out, 'cells');
  const names = readdirSync(cells).filter((name) => name.endsWith('.json'));
  return new Map(names.map((name) => [name, statSync(join(cells, name)).mtimeMs]));
};

async function collected(out: string, ...args: string[]): Promise<string[]> {
  const { exitCode, stderr } = await experiment('collect', SWEEP, '--out', out, ...args);
  expect(exitCode, stderr).toBe(0);
  return bytesIn(out);
}

describe('grapevine experiment', () => {
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('killed twice and resumed gives the bytes of an uninterrupted run, and repeats no cell', async () => {
    const { exitCode, stderr } = await experiment('run', SWEEP, '--out', 'whole');
    expect(exitCode, stderr).toBe(0);
    const whole = await collected('whole');

    for (const count of [7, 25]) {
      const killed = start('run', SWEEP, '--out', 'killed', '--workers', '2');
      await killed.line(new RegExp(`^${count} of 48`));
      const children = workersOf(killed.child);
      const kept = cellsIn('killed');
      expect(kept.size).toBeGreaterThanOrEqual(count);
      killed.child.kill('SIGKILL');
      await killed.ended;
      expect(cellsIn('killed').size).toBeLessThan(48);
      await expect.poll(() => children.filter(isRunning), { timeout: 20_000 }).toEqual([]);
      for (const [name, writtenMs] of kept) expect(cellsIn('killed').get(name)).toBe(writtenMs);
    }
    const before = cellsIn('killed');
    const { stdout } = await experiment('run', SWEEP, '--out', 'killed', '--json', '--quiet');
    expect(JSON.parse(stdout)).toMatchObject({ done: 48, failed: [] });
    for (const [name, writtenMs] of before) expect(cellsIn('killed').get(name)).toBe(writtenMs);
    expect(await collected('killed')).toEqual(whole);
    expect(readdirSync(join(directory, 'killed', 'runners'))).toHaveLength(2); // of the two that were killed
    // Whoever is killed between a result and the release of its cell leaves a claim that nobody asks for any more.
    const claimed = readdirSync(join(directory, 'killed', 'claims')).map((name) =>
      name.replace(/\.\d+$/, ''),
    );
    for (const cell of claimed) expect([...before.keys()]).toContain(`${cell}.json`);
  });

  it('shared out over processes without a common disk, or run twice at once, gives the same bytes', async () => {
    const shards = ['1/3', '2/3', '3/3'];
    const runs = shards.map((shard) =>
      experiment('run', SWEEP, '--out', `part${shard[0]}`, '--shard', shard, '--workers', '1', '--quiet'),
    );
    expect((await Promise.all(runs)).map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    const parts = shards.flatMap((_, i) => cellsIn(`part${i + 1}`).size);
    expect(parts).toEqual([16, 16, 16]);
    expect(await collected('part1', '--from', 'part2', '--from', 'part3')).toEqual(bytesIn('whole'));

    const both = [1, 2].map(() => experiment('run', SWEEP, '--out', 'both', '--workers', '1'));
    const ended = await Promise.all(both);
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    // Each line that says "of 48" is a cell that one process saw end; none ran in both.
    const logs = readdirSync(join(directory, 'both', 'cells'));
    expect(logs).toHaveLength(48);
    expect(await collected('both')).toEqual(bytesIn('whole'));
  });

  it('finishes the running cells on Ctrl+C, exits with 130, and goes on later', async () => {
    const run = start('run', SWEEP, '--out', 'stopped', '--workers', '1');
    await run.line(/^3 of 48/);
    run.child.kill('SIGINT');
    const { exitCode, stderr } = await run.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain('Finishing the running cells');
    expect(cellsIn('stopped').size).toBeLessThan(48);
    expect(readdirSync(join(directory, 'stopped', 'runners'))).toEqual([]);
    expect(readdirSync(join(directory, 'stopped', 'claims'))).toEqual([]);
  });

  it('isolates cells that crash, hang or fail, says how to run each alone, and exits with 1 after all others', async () => {
    const network = `{ name: 'x', inputShape: [2], layers: [{ type: 'dense', units: 2 }] }`;
    const task = (body: string) => `export default { data() { ${body} }, model: ${network} };`;
    writeFileSync(join(directory, 'crash.mjs'), task(`process.kill(process.pid, 'SIGKILL');`));
    writeFileSync(join(directory, 'hang.mjs'), task('for (;;);'));
    writeFileSync(
      join(directory, 'bad.yaml'),
      `settings: { peers: 4, rounds: 3 }
timeoutSeconds: 10
axes: { task: [./crash.mjs, ./hang.mjs, quadratic], learningRate: [0.1] }
include: [{ task: quadratic, peers: 3, learningRate: 900, rounds: 400 }, { task: linear, topology: "torus:rows=9,cols=9" }]
`,
    );
    const { exitCode, stdout, stderr } = await experiment('run', 'bad.yaml', '--out', 'bad', '--json');
    expect(exitCode).toBe(1);
    const result = JSON.parse(stdout) as {
      done: number;
      failed: { cell: string; error: { code: string }; replay: string }[];
      refused: unknown[];
    };
    const codes = result.failed.map(({ error }) => error.code).sort();
    expect(codes).toEqual(['CELL_CRASHED', 'CELL_TIMEOUT', 'TRAINER_NOT_FINITE']);
    expect(result).toMatchObject({ done: 1, refused: [{ error: { code: 'BAD_SPEC' } }] });
    for (const { replay } of result.failed) expect(stderr).toContain(replay);

    const { replay, cell } = result.failed.find(({ error }) => error.code === 'TRAINER_NOT_FINITE')!;
    const again = await runGrapevine(replay.split(' ').slice(1), {}, directory);
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toContain(`${cell}  `);
    expect((await experiment('collect', 'bad.yaml', '--out', 'bad')).exitCode).toBe(0);
    const rows = readFileSync(join(directory, 'bad', 'results.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(rows.map((row) => JSON.parse(row).status)).toEqual([
      'failed',
      'failed',
      'done',
      'failed',
      'refused',
    ]);
  });

  it('refuses a directory that was begun with other cells, and a file with mistakes, with exit code 2', async () => {
    mkdirSync(join(directory, 'other'));
    writeFileSync(join(directory, 'other', SWEEP), 'settings: { task: quadratic }\naxes: { seed: [9] }\n');
    const other = await experiment('run', join('other', SWEEP), '--out', 'whole');
    expect(other.exitCode).toBe(2);
    expect(other.stderr).toMatch(/was begun with other cells: 1 cell .* new, 48 cells .* gone/);
    writeFileSync(join(directory, 'wrong.yaml'), 'axes:\n  compressor: ["low-rnk:rank=2"]\n');
    const wrong = await experiment('plan', 'wrong.yaml');
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toMatch(/wrong\.yaml:2:16: axes\.compressor\.0: .*Did you mean "low-rank"\?/);
  });

  it('runs cells as real swarms', async () => {
    writeFileSync(
      join(directory, 'swarm.yaml'),
      'driver: swarm\nsettings: { task: quadratic, peers: 2, rounds: 3, processes: 1, topology: path }\naxes: { seed: [1] }\n',
    );
    const { exitCode, stderr } = await experiment('run', 'swarm.yaml', '--out', 'swarm');
    expect(exitCode, stderr).toBe(0);
    expect((await experiment('collect', 'swarm.yaml', '--out', 'swarm')).exitCode).toBe(0);
    const row = JSON.parse(readFileSync(join(directory, 'swarm', 'results.jsonl'), 'utf8'));
    expect(row).toMatchObject({ status: 'done', summary: { simulatedSeconds: null, peersLost: [] } });
    expect(row.series.length).toBeGreaterThan(0);
  });
});
