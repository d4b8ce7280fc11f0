/** `npm run study` as a user runs it: in processes, into a directory, and again from there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'grapevine-study-'));
const file = join(directory, 'divergence.jsonl');

const study = (...args: string[]): unknown[] => {
  const command = ['scripts/study.mjs', 'divergence', '--short', '--filter', '"algorithm":"exact"'];
  const output = execFileSync(process.execPath, [...command, '--out', directory, '--json', ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output) as unknown[];
};

describe('npm run study', () => {
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('keeps finished cells, repeats none, measures again what was cut off, and gives the same each time', () => {
    const first = study();
    expect(first).toHaveLength(2); // a ring and a regular graph
    const [one, two, none] = readFileSync(file, 'utf8').split('\n');
    expect(none).toBe('');
    truncateSync(file, one!.length + 1 + 20); // as a process leaves it that is killed while it writes
    expect(study('--workers', '1')).toEqual(first);
    const [kept, again] = readFileSync(file, 'utf8').split('\n');
    expect(kept).toBe(one);
    expect(JSON.parse(again!).outcome).toEqual(JSON.parse(two!).outcome);
  });

  it('names the studies there are', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/study.mjs', 'nonsense'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toContain('divergence');
  });
});
