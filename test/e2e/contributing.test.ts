/**
 * CONTRIBUTING.md says that a new compressor is one file, one registry line and one conformance line, and shows one.
 * Here a copy of the sources gets these three things, word for word, and nothing else: it must pass the types, the
 * linter and the conformance suite, and be known by name. Without the third, the suite must fail.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'grapevine-contributor-'));
const SUITE = 'test/conformance/compressor.test.ts';

/** The blocks of code whose first line is `// path`, by path, without that line and the indentation of the list. */
function readExample(markdown: string): ReadonlyMap<string, string> {
  const blocks = [...markdown.matchAll(/^ {3}```ts\n {3}\/\/ (\S+)\n([\s\S]*?)^ {3}```$/gm)];
  return new Map(blocks.map(([, path, code]) => [path!, code!.replace(/^ {3}/gm, '')]));
}

const example = readExample(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8'));

function edit(path: string, change: (text: string) => string): void {
  const before = readFileSync(join(copy, path), 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(join(copy, path), after);
}

/** Runs a tool of this checkout in the copy: its exit code and all it prints. */
async function run(tool: string, ...args: readonly string[]): Promise<{ code: number; printed: string }> {
  const program = join(root, 'node_modules', tool);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { cwd: copy });
    return { code: 0, printed: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, printed: `${stdout}${stderr}` };
  }
}

const runSuite = (titles: string) =>
  run('vitest/vitest.mjs', 'run', '--project', 'unit', '--no-color', SUITE, '-t', titles);

beforeAll(() => {
  for (const path of ['src', 'test/conformance', 'test/reference'])
    cpSync(join(root, path), join(copy, path), { recursive: true });
  for (const path of ['package.json', 'tsconfig.json', 'vitest.config.ts', 'biome.json', '.gitignore'])
    cpSync(join(root, path), join(copy, path));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('the compressor that CONTRIBUTING.md shows', () => {
  it('is one file, an import and a line in the registry: the suite then misses its line', async () => {
    const [file, registry] = ['src/compression/bfloat16.ts', 'src/compression/operators.ts'];
    expect([...example.keys()]).toEqual([file, registry, SUITE]);
    writeFileSync(join(copy, file), example.get(file)!);
    const [imported, listed, ...rest] = example.get(registry)!.trimEnd().split('\n');
    expect(rest).toEqual([]);
    edit(registry, (text) =>
      text.replace(/^import /m, `${imported}\nimport `).replace(/^\];/m, `${listed}\n];`),
    );
    const { code, printed } = await runSuite('has a line for every');
    expect(printed).toContain('bfloat16');
    expect(code).toBe(1);
  });

  it('passes the conformance suite with one line more', async () => {
    edit(SUITE, (text) => text + example.get(SUITE)!);
    const { code, printed } = await runSuite('has a line for every|compressor conformance: bfloat16');
    expect(printed).toMatch(/Tests {2}(1[5-9]|2\d) passed/);
    expect(code, printed).toBe(0);
  });

  it('passes types and linter', async () => {
    writeFileSync(
      join(copy, 'tsconfig.example.json'),
      JSON.stringify({ extends: './tsconfig.json', include: [], files: [SUITE] }),
    );
    const types = await run('typescript/bin/tsc', '-p', 'tsconfig.example.json');
    expect(types.printed).toBe('');
    const [file] = example.keys();
    const lint = await run('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', file!);
    expect(lint.code, lint.printed).toBe(0);
  });
});
