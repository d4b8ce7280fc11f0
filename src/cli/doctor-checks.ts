/** What `grapevine doctor` looks at: each check says what it found and, where something is missing, what to do. */
import { accessSync, constants, existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { messageOf } from '../base/errors.js';
import { createRandom, gaussian } from '../base/random.js';
import { formatBytes } from '../report/format.js';
import { digitCacheFile } from '../training/data/mnist.js';
import { cifar10, fashionMnist, mnist, type PublishedImages } from '../training/data/published-images.js';
import { type EngineChoice, engineChoices, type NetworkEngine } from '../training/engine.js';
import { startEngine } from '../training/engines.js';
import { trainingProgram } from '../training/lean/program.js';
import type { Network } from '../training/network/network.js';
import { initialParameters, networkLayout } from '../training/network/network-layout.js';
import { perceptron } from '../training/tasks/classifiers.js';
import { thisMachine, WORKER_BYTES } from './process-count.js';

export interface Check {
  readonly name: string;
  /** problem: swarms do not run here; missing: something optional is not there. */
  readonly status: 'ok' | 'missing' | 'problem';
  readonly found: string;
  /** What to do; null where nothing need be done. */
  readonly remedy: string | null;
}

export const ok = (name: string, found: string): Check => ({ name, status: 'ok', found, remedy: null });

/** The least version that the package supports: "engines" of package.json. */
const LEAST_NODE = [20, 20] as const;

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const fine = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  if (fine) return ok('node', version);
  const remedy = `install Node ${LEAST_NODE.join('.')} or later: https://nodejs.org`;
  return { name: 'node', status: 'problem', found: version, remedy };
}

export function checkInstructions(): Check {
  const name = 'SIMD';
  const program = trainingProgram();
  if (typeof program === 'string') {
    const remedy = 'reinstall with "npm ci", and run Node without --jitless; until then tfjs engines train';
    return { name, status: 'missing', found: program, remedy };
  }
  if (program.relaxed) return ok(name, 'WebAssembly SIMD, with fused multiply-add (relaxed)');
  return ok(name, 'WebAssembly SIMD; fused multiply-add (relaxed) comes with Node 22');
}

export function checkMachine(): Check {
  const { cores, freeBytes } = thisMachine();
  const found = `${cores} ${cores === 1 ? 'core' : 'cores'}, ${formatBytes(freeBytes)} of memory free`;
  if (freeBytes >= 2 * WORKER_BYTES) return ok('machine', found);
  const remedy = `close something: a worker process takes up to ${formatBytes(WORKER_BYTES)}; or use grapevine simulate`;
  return { name: 'machine', status: 'missing', found, remedy };
}

/** A connection of this process to itself over loopback. */
function connectOnce(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const socket = createConnection({ host: '127.0.0.1', port }, () => {
        socket.destroy();
        resolve(port);
      });
      socket.once('error', reject);
    });
  });
}

export async function checkLoopback(): Promise<Check> {
  const name = 'TCP';
  const server = createServer((socket) => socket.destroy());
  try {
    const port = await connectOnce(server);
    return ok(name, `listens and connects on 127.0.0.1 (port ${port})`);
  } catch (error) {
    const remedy =
      'allow node to listen on 127.0.0.1 (firewall, container); grapevine simulate needs no network';
    return { name, status: 'problem', found: messageOf(error), remedy };
  } finally {
    server.close();
  }
}

/** What a run of some hours writes: metrics, and checkpoints of a model of some megabytes. */
const RUN_BYTES = 256 * 1024 * 1024;

/** Whether runs can be written below `directory`. */
export function checkDisk(directory: string): Check {
  const name = 'disk';
  const draft = join(directory, `.grapevine-doctor-${process.pid}`);
  try {
    writeFileSync(draft, 'doctor', { flush: true });
    rmSync(draft);
  } catch (error) {
    const remedy = 'start in a directory that can be written, or name one with --out';
    return { name, status: 'problem', found: messageOf(error), remedy };
  }
  const { bavail, bsize } = statfsSync(directory);
  const found = `${directory} can be written, ${formatBytes(bavail * bsize)} free`;
  if (bavail * bsize >= RUN_BYTES) return ok(name, found);
  const remedy = `make room: a run may write ${formatBytes(RUN_BYTES)}; or name another disk with --out`;
  return { name, status: 'missing', found, remedy };
}

export function checkCache(directory: string): Check {
  const name = 'cache';
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    return ok(name, directory);
  } catch (error) {
    const remedy =
      'name another directory with GRAPEVINE_CACHE_DIR; without one data are parsed in every run';
    return { name, status: 'missing', found: messageOf(error), remedy };
  }
}

function checkPublished({ name, files }: PublishedImages, cacheDirectory: string): Check {
  const label = `data: ${name}`;
  const here = files.filter((file) => existsSync(join(cacheDirectory, name, file.name)));
  if (here.length === files.length) return ok(label, 'downloaded');
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const found = here.length === 0 ? 'not downloaded' : `${here.length} of ${files.length} files`;
  const remedy = `the first run that wants it downloads ${formatBytes(bytes)}, or takes directory=PATH`;
  return { name: label, status: 'missing', found, remedy };
}

export function checkData(cacheDirectory: string): Check[] {
  const digits = existsSync(digitCacheFile(cacheDirectory))
    ? 'in the cache'
    : 'in the package, parsed by the first run';
  return [
    ok('data: mnist-10k', digits),
    ...[mnist, fashionMnist, cifar10].map((images) => checkPublished(images, cacheDirectory)),
  ];
}

/** The network of mnist-mlp. */
const network: Network = perceptron({ inputShape: [28, 28, 1], hidden: [128], outputs: 10 });

const BATCH = 32;
/** Steps timed; the first warms up and is not counted. */
const STEPS = 10;

/** Best milliseconds of one gradient at batch 32. */
function timeStep(engine: NetworkEngine): number {
  const random = createRandom('doctor');
  const inputs = Float32Array.from({ length: BATCH * 784 }, () => gaussian(random));
  const samples = {
    count: BATCH,
    labels: null,
    origins: null,
    inputsInto: (out: Float32Array) => out.set(inputs),
    targetsInto: (out: Float32Array) => out.forEach((_, k) => (out[k] = k % 10)),
  };
  const parameters = initialParameters(network, 1);
  const gradient = new Float32Array(networkLayout(network).size);
  const indices = Uint32Array.from({ length: BATCH }, (_, k) => k);
  let best = Number.POSITIVE_INFINITY;
  for (let step = 0; step <= STEPS; step++) {
    const startedMs = performance.now();
    engine.gradientInto(gradient, parameters, { samples, indices });
    if (step > 0) best = Math.min(best, performance.now() - startedMs);
  }
  return best;
}

/** An engine at work on mnist-mlp, or why it would not. */
async function checkEngine(choice: EngineChoice): Promise<Check> {
  const name = `engine ${choice}`;
  try {
    const { engine, reason } = await startEngine(choice, { network, loss: 'cross-entropy', seed: 1 });
    try {
      const speed = `${engine.name}, ${timeStep(engine).toFixed(2)} ms a step of mnist-mlp`;
      return ok(name, reason === null ? speed : `${speed} (${reason})`);
    } finally {
      engine.dispose();
    }
  } catch (error) {
    const [found, ...rest] = messageOf(error).split(/(?<=\.) (?=[A-Z])/);
    const status = choice === 'auto' ? 'problem' : 'missing';
    return { name, status, found: found!, remedy: rest.join(' ') || 'take --engine auto' };
  }
}

/** The engines one after another: they share the cores. */
export async function checkEngines(): Promise<Check[]> {
  const checks: Check[] = [];
  for (const choice of engineChoices) checks.push(await checkEngine(choice));
  return checks;
}
