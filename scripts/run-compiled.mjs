/**
 * Compiles src and one folder beside it (bench, studies, test/soak) below node_modules/.cache, puts the kernels of the last build
 * beside them and runs the folder's main.ts with `args`. Needs `npm run build` for the kernels; without them their
 * twins do the work.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const programs = ['linalg/kernels.wasm', 'training/kernels.wasm', 'training/kernels-relaxed.wasm'];

export function runCompiled(folder, args) {
  const build = join(root, 'node_modules', '.cache', `grapevine-${folder}`);
  try {
    const project = ['-p', join(folder, 'tsconfig.json'), '--outDir', build];
    execFileSync(process.execPath, [compiler, ...project], { cwd: root, stdio: ['ignore', 2, 2] });
    const isNeeded = (name) =>
      existsSync(join(root, 'dist', name)) && existsSync(dirname(join(build, 'src', name)));
    for (const program of programs.filter(isNeeded)) {
      copyFileSync(join(root, 'dist', program), join(build, 'src', program));
    }
    const main = join(build, folder, 'main.js');
    process.exitCode = spawnSync(process.execPath, [main, ...args], { stdio: 'inherit' }).status ?? 1;
  } catch (error) {
    if (error.status === undefined) throw error;
    process.exitCode = 1; // the compiler has said why
  }
}
