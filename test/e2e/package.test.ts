/**
 * The package as its users get it: packed, installed into an empty project, run and imported. What only works in
 * a checkout (a file left out of the tarball, a dependency listed under devDependencies, a type that needs our
 * tsconfig) fails here.
 *
 * The project's lock file is made from our own, without what is for development, so that the installation has the
 * versions that were tested and takes them from npm's cache.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../src/metrics/events.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'grapevine-consumer-'));

interface Packed {
  readonly filename: string;
  readonly integrity: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

interface LockEntry {
  readonly dev?: boolean;
  readonly [key: string]: unknown;
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

const manifest = readJson<{ version: string; dependencies: Record<string, string>; [key: string]: unknown }>(
  join(root, 'package.json'),
);

/** As a user's shell has it: `npx -p node@24`, which these tests may run under, would have its packages inherited. */
const { npm_config_package: _inherited, ...env } = process.env;

/** Runs `command` in the project; its standard output. Rejects with what it printed when it fails. */
async function run(command: string, args: readonly string[], cwd = project): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** package.json and lock file of a project that depends on the tarball and on nothing else. */
function writeProject({ filename, integrity }: Packed): void {
  const dependencies = { grapevine: `file:${filename}` };
  const consumer = { name: 'consumer', version: '1.0.0', private: true, type: 'module', dependencies };
  const { packages } = readJson<{ packages: Record<string, LockEntry> }>(join(root, 'package-lock.json'));
  const needed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  const { version, bin, engines, peerDependencies, peerDependenciesMeta } = manifest;
  const grapevine = {
    ...{ version, resolved: dependencies.grapevine, integrity },
    ...{ dependencies: manifest.dependencies, bin, engines, peerDependencies, peerDependenciesMeta },
  };
  const lock = {
    ...{ name: consumer.name, version: consumer.version, lockfileVersion: 3, requires: true },
    packages: { '': consumer, 'node_modules/grapevine': grapevine, ...Object.fromEntries(needed) },
  };
  writeFileSync(join(project, 'package.json'), JSON.stringify(consumer));
  writeFileSync(join(project, 'package-lock.json'), JSON.stringify(lock));
}

/** A program as a user of the library writes it: a small swarm under virtual time, and what became of it. */
const program = `
import {
  buildTopology, describeTopology, GrapevineError, maxFrameBytesOf, type MetricsEvent, perfectLink, planRun,
  type RunConfigInput, simulate, topologies, verifyRunConfig,
} from 'grapevine';

const input: RunConfigInput = { peers: 4, topology: 'ring', task: 'quadratic:dimension=8', rounds: 40 };
const plan = planRun(verifyRunConfig(input), { cacheDirectory: '.' });
const nodes = Array.from({ length: plan.config.peers }, (_, node) => node);
const evaluator = await plan.createModel(null);
const models = await Promise.all(nodes.map((node) => plan.createModel(node)));
const events: MetricsEvent[] = [];
const outcome = await simulate({
  peers: nodes.map((node) => plan.createPeer(node, models[node]!, { retransmitMs: null, audit: false })),
  trainers: nodes.map((node) => plan.createTrainer(node, models[node]!)),
  evaluator, evaluateEvery: plan.config.evaluateEvery, link: perfectLink, faults: [], trainingMs: 1,
  seed: plan.config.seed, maxFrameBytes: maxFrameBytesOf(plan, evaluator.layout), horizonMs: Infinity,
  record: (event) => void events.push(event),
});
const losses = events.flatMap((event) => (event.event === 'evaluation' ? [event.meanModel.loss] : []));
let code: string | null = null;
try {
  topologies.resolve('tours');
} catch (error) {
  code = error instanceof GrapevineError ? error.code : null;
}
const { spectralGap }: { spectralGap: number | null } = describeTopology(buildTopology('ring', 4, 1));
console.log(JSON.stringify({ losses, parameters: outcome.meanModel?.length, code, spectralGap }));
`;

const compilerOptions = {
  target: 'ES2022',
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  types: ['node'],
  typeRoots: [join(root, 'node_modules', '@types')],
};

describe('the packed package', () => {
  let packed: Packed;

  beforeAll(async () => {
    // Without scripts: the tests run on the build that is there.
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', project];
    [packed] = JSON.parse(await run('npm', pack, root)) as [Packed];
    writeProject(packed);
    await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']);
  }, 240_000); // some 200 packages, on a machine that may be busy

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it('holds the build, the documentation and what it names, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js', 'LICENSE']),
    );
    const others = paths.filter(
      (path) =>
        !/^(dist\/.*\.(js|d\.ts|wasm)|docs\/.*|deploy\/.*|experiments\/.*|package\.json|[A-Z]+(\.md)?)$/.test(
          path,
        ),
    );
    expect(others).toEqual([]);
    expect(packed.unpackedSize).toBeLessThan(4_000_000); // code, text and pictures; data and weights are no part of it
  });

  it('installs a command that knows its version', async () => {
    expect((await run('npx', ['--no-install', 'grapevine', '--version'])).trim()).toBe(manifest.version);
  });

  it('trains a swarm of two processes over TCP', async () => {
    const choices = '--peers 2 --topology ring --task quadratic --rounds 5 --out run --json --quiet'.split(
      ' ',
    );
    const summary = JSON.parse(
      await run('npx', ['--no-install', 'grapevine', 'swarm', ...choices]),
    ) as RunSummary;
    expect(summary).toMatchObject({ peers: 2, task: expect.stringMatching(/^quadratic/), peersLost: [] });
    expect(summary.topology).toMatchObject({ name: 'ring', nodes: 2, edges: 1 });
    expect(summary.loss.meanModel).toEqual(expect.any(Number));
    expect(summary.wireBytesPerPeer).toBeGreaterThan(summary.payloadBytesPerPeer);
  });

  it('is a library with types that stand on their own, and that does what they say', async () => {
    writeFileSync(join(project, 'program.ts'), program);
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    await run(process.execPath, [compiler, '-p', project]).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    const output = JSON.parse(await run(process.execPath, ['program.js']));
    expect(output).toMatchObject({ parameters: 8, code: 'BAD_SPEC' });
    expect(output.spectralGap).toBeCloseTo(2 / 3, 12); // weights 1/3: eigenvalues 1, 1/3, 1/3, -1/3
    expect(output.losses.at(-1)).toBeLessThan(output.losses[0]);
  });
});
