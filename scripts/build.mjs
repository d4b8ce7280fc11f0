/**
 * `npm run build`: src and assembly to dist. The compilers write beside the old build, which gives way only to one
 * without errors; nothing of a deleted source file survives. The command is made executable, as npm does when it
 * installs, so that `npx grapevine` works in a checkout.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = join(root, 'dist');
const draft = join(root, 'node_modules', '.cache', `grapevine-build-${process.pid}`);
const { resolve } = createRequire(import.meta.url);
const compiler = resolve('typescript/bin/tsc');
const assembler = join(dirname(resolve('assemblyscript/package.json')), 'bin', 'asc.js');

/** The kernels: no runtime, no checks; who calls them vouches for every address (src/linalg/kernels.ts). */
const assemblerOptions = ['-O3', '--enable', 'simd', '--runtime', 'stub', '--noAssert'];
const programs = [
  ['assembly/kernels.ts', 'linalg/kernels.wasm', []],
  ['assembly/training/kernels.ts', 'training/kernels.wasm', ['--importMemory']],
  [
    'assembly/training/kernels.ts',
    'training/kernels-relaxed.wasm',
    ['--importMemory', '--enable', 'relaxed-simd'],
  ],
];

try {
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', draft], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const [source, target, options] of programs) {
    const all = [assembler, source, '-o', join(draft, target), ...assemblerOptions, ...options];
    execFileSync(process.execPath, all, { cwd: root, stdio: 'inherit' });
  }
  chmodSync(join(draft, 'cli', 'main.js'), 0o755);
  rmSync(build, { recursive: true, force: true });
  renameSync(draft, build);
} catch (error) {
  if (error.status === undefined) throw error;
  process.exitCode = 1; // the compiler has said why
} finally {
  rmSync(draft, { recursive: true, force: true });
}
