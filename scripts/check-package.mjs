/**
 * `npm run check:package`: packs what `npm publish` would send and has publint and Are The Types Wrong look at that
 * very file. Needs a build. `esm-only`: the package has no CommonJS form, which is a decision and not a slip.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'grapevine-package-'));
const windows = process.platform === 'win32'; // npm and npx are .cmd files there, which need a shell

/** Runs `command`; its standard output. */
function run(command, args, stdio = 'inherit') {
  return execFileSync(command, args, { cwd: root, stdio, encoding: 'utf8', shell: windows });
}

try {
  // Without scripts: `prepare` would build again what has just been built.
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', directory];
  const [{ filename }] = JSON.parse(run('npm', pack, ['ignore', 'pipe', 'inherit']));
  const tarball = join(directory, filename);
  run('npx', ['--no-install', 'publint', tarball, '--strict']);
  run('npx', ['--no-install', 'attw', tarball, '--profile', 'esm-only']);
} catch (error) {
  if (error.status === undefined) throw error;
  process.exitCode = 1; // the tool has said why
} finally {
  rmSync(directory, { recursive: true, force: true });
}
