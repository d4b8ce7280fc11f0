/**
 * `npm run build`: src to dist. The compiler writes beside the old build, which gives way only to one without
 * errors; nothing of a deleted source file survives. The command is made executable, as npm does when it installs,
 * so that `npx grapevine` works in a checkout.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = join(root, 'dist');
const draft = join(root, 'node_modules', '.cache', `grapevine-build-${process.pid}`);
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');

try {
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', draft], {
    cwd: root,
    stdio: 'inherit',
  });
  chmodSync(join(draft, 'cli', 'main.js'), 0o755);
  rmSync(build, { recursive: true, force: true });
  renameSync(draft, build);
} catch (error) {
  if (error.status === undefined) throw error;
  process.exitCode = 1; // the compiler has said why
} finally {
  rmSync(draft, { recursive: true, force: true });
}
