/**
 * `npm run bench -- NAME ...`: compiles src and bench below node_modules/.cache, puts the kernels of the last build
 * beside them and runs bench/main.ts. Needs `npm run build` for the kernels; without them the twins are measured.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = join(root, 'node_modules', '.cache', 'grapevine-bench');
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const programs = ['linalg/kernels.wasm', 'training/kernels.wasm', 'training/kernels-relaxed.wasm'];

try {
  const project = ['-p', join('bench', 'tsconfig.json'), '--outDir', build];
  execFileSync(process.execPath, [compiler, ...project], { cwd: root, stdio: ['ignore', 2, 2] });
  for (const program of programs.filter((name) => existsSync(join(root, 'dist', name)))) {
    copyFileSync(join(root, 'dist', program), join(build, 'src', program));
  }
  const { status } = spawnSync(
    process.execPath,
    [join(build, 'bench', 'main.js'), ...process.argv.slice(2)],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
} catch (error) {
  if (error.status === undefined) throw error;
  process.exitCode = 1; // the compiler has said why
}
