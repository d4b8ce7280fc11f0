/**
 * `node scripts/build-tfjs-node.mjs [--wheel tensorflow_cpu-....whl] [--optional]`: the optional native engine where the download of
 * its libtensorflow is blocked. The library comes out of the Python wheel tensorflow-cpu instead, which pip fetches from
 * its own index or mirror, and the addon is compiled against it. Linux; needs pip, a C++ compiler and make; takes a
 * minute and some 900 MB in node_modules/@tensorflow/tfjs-node. Grapevine finds the result by itself; the next
 * "npm install" removes it again. With --optional a machine that cannot have it (no wheel, no compiler) is told so and
 * the exit code is 0, as CI wants it; a build that fails stays a failure.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const VERSION = '4.22.0';
/** The newest interface of Node that the addon's sources know; every Node since 12.22 has it. */
const NAPI_VERSION = 8;

const root = fileURLToPath(new URL('..', import.meta.url));
const addon = join(root, 'node_modules', '@tensorflow', 'tfjs-node');

class Refusal extends Error {}
/** Something that is not to be had on this machine. */
class Unavailable extends Refusal {}

/** Runs a command to its end. `otherwise` says what to do when it fails; `Failure` what that is. */
function run(command, options, { otherwise, cwd = root, Failure = Refusal }) {
  console.log(`> ${command} ${options.map((option) => option.split('\n')[0]).join(' ')}`);
  const { status, error } = spawnSync(command, options, { cwd, stdio: 'inherit' });
  if (error !== undefined) throw new Failure(`${command} does not start (${error.code}). ${otherwise}`);
  if (status !== 0) throw new Failure(`${command} failed with code ${status}. ${otherwise}`);
}

function requireWheel(given) {
  if (given === undefined || existsSync(given)) return;
  throw new Refusal(`There is no file ${given}; wanted a wheel of tensorflow-cpu.`);
}

function requireTools() {
  if (process.platform !== 'linux') {
    throw new Unavailable(
      `This recipe is for Linux; this is ${process.platform}. Try "npm install @tensorflow/tfjs-node@${VERSION}".`,
    );
  }
  for (const [tool, packages] of [
    ['python3', 'python3 python3-pip'],
    ['make', 'build-essential'],
    ['g++', 'build-essential'],
  ]) {
    if (spawnSync(tool, ['--version']).status === 0) continue;
    throw new Unavailable(`${tool} is missing. Install it first, on Debian with "apt install ${packages}".`);
  }
}

/** The sources, from npm, without the script that downloads. */
function fetchSources() {
  if (existsSync(join(addon, 'binding.gyp'))) return;
  const name = `@tensorflow/tfjs-node@${VERSION}`;
  // As an optional dependency: npm leaves out what it knows as an optional peer, even where it is asked for by name.
  const options = ['--no-save', '--save-optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  run('npm', ['install', ...options, name], {
    Failure: Unavailable,
    otherwise: 'Is the npm registry reachable? Its address is in "npm config get registry".',
  });
}

/** Path of the wheel: the one given, or the one that pip downloads. */
function fetchWheel(given, directory) {
  if (given !== undefined) return resolve(given);
  run('python3', ['-m', 'pip', 'download', '--no-deps', '--dest', directory, 'tensorflow-cpu'], {
    Failure: Unavailable,
    otherwise:
      'pip cannot be had here, or offers no tensorflow-cpu for this Python and machine: download the wheel elsewhere and ' +
      'give it with --wheel. Without it grapevine trains on WebAssembly.',
  });
  return join(
    directory,
    readdirSync(directory).find((file) => file.endsWith('.whl')),
  );
}

/** The library under both names, that it calls itself by and that the addon links, and its headers. */
function unpack(wheel, directory) {
  const wanted =
    'tensorflow/include/,tensorflow/libtensorflow_cc.so.2,tensorflow/libtensorflow_framework.so.2';
  const program =
    'import sys, zipfile\n' +
    'wheel = zipfile.ZipFile(sys.argv[1])\n' +
    'names = [n for n in wheel.namelist() if n.startswith(tuple(sys.argv[3].split(",")))]\n' +
    'wheel.extractall(sys.argv[2], names)\n';
  run('python3', ['-c', program, wheel, directory, wanted], { otherwise: 'Is the wheel whole?' });
  const library = join(addon, 'deps', 'lib');
  rmSync(join(addon, 'deps'), { recursive: true, force: true });
  mkdirSync(library, { recursive: true });
  const tensorflow = join(directory, 'tensorflow');
  move(join(tensorflow, 'include'), join(addon, 'deps', 'include'));
  for (const [name, linked] of [
    ['libtensorflow_cc.so.2', 'libtensorflow.so'],
    ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
  ]) {
    move(join(tensorflow, name), join(library, name));
    symlinkSync(name, join(library, linked));
  }
}

/** Also from one disk to another. */
function move(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (error.code !== 'EXDEV') throw error;
    execFileSync('mv', [from, to]);
  }
}

function compile() {
  const npm = execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim();
  const gyp = join(npm, 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  if (!existsSync(gyp)) throw new Refusal(`npm brings no node-gyp at ${gyp}. Install npm 8 or later.`);
  const options = [
    `--napi_build_version=${NAPI_VERSION}`,
    '--module_name=tfjs_binding',
    `--module_path=${join(addon, 'lib', `napi-v${NAPI_VERSION}`)}`,
  ];
  // Headers installed with Node spare a download, which may be blocked as well.
  const prefix = dirname(dirname(process.execPath));
  if (existsSync(join(prefix, 'include', 'node', 'node_api.h'))) options.push(`--nodedir=${prefix}`);
  run(process.execPath, [gyp, 'rebuild', ...options], {
    cwd: addon,
    otherwise: `It looked for Node's headers in ${prefix}/include/node and then on nodejs.org; its own words are above.`,
  });
}

function verify() {
  const program =
    "const util = require('node:util'); util.isNullOrUndefined ??= (x) => x == null; util.isArray ??= Array.isArray;" +
    "const tf = require('@tensorflow/tfjs-node'); console.log('tfjs-node ' + tf.version['tfjs-node'] + ' runs.');" +
    'if (tf.getBackend() !== "tensorflow" || tf.matMul([[2]], [[3]]).dataSync()[0] !== 6) process.exit(1);';
  run(process.execPath, ['-e', program], {
    otherwise: `The addon was built but does not run. Delete ${addon} and tell us what it said.`,
  });
}

const { values } = parseArgs({ options: { wheel: { type: 'string' }, optional: { type: 'boolean' } } });
const directory = mkdtempSync(join(existsSync(dirname(addon)) ? dirname(addon) : tmpdir(), '.wheel-'));
try {
  requireWheel(values.wheel);
  requireTools();
  fetchSources();
  unpack(fetchWheel(values.wheel, directory), directory);
  compile();
  verify();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  const skipped = values.optional && error instanceof Unavailable;
  console.error(skipped ? `Skipped: ${error.message}` : error.message);
  process.exitCode = skipped ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
