/**
 * The rules of the house, as tests: who may import whom, where chance and time come from, how files are named.
 * Imports are found by dependency-cruiser, types included; words by the TypeScript parser, so that comments and
 * strings do not count. Each rule carries an example that breaks it, and must find fault with it: a rule that
 * cannot fail proves nothing.
 *
 * A new arrow between folders or a new place for a package is a decision: it changes a table here.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What each folder of src may import from the others. Down only: no row names a folder that stands below it. */
const folders: Readonly<Record<string, readonly string[]>> = {
  base: [],
  linalg: ['base'],
  metrics: ['base'],
  report: ['base', 'metrics'],
  topology: ['base', 'linalg'],
  compression: ['base', 'linalg'],
  training: ['base', 'linalg', 'compression'],
  wire: ['base'], // frames carry compressed bytes without looking into them
  consensus: ['base', 'linalg', 'topology', 'compression', 'wire'],
  config: ['base', 'topology', 'compression', 'training', 'wire', 'consensus'],
  node: ['base', 'metrics', 'compression', 'training', 'wire', 'consensus', 'config'],
  simulation: ['base', 'metrics', 'compression', 'training', 'wire', 'consensus', 'config'],
  experiment: ['base', 'metrics', 'training'], // which cells there are and which are done; cli says what a cell runs
};

/** The library names what is public, the command builds what it needs: both see every folder, and none sees them. */
const layers: Readonly<Record<string, readonly string[]>> = {
  ...folders,
  'index.ts': Object.keys(folders),
  cli: Object.keys(folders),
};

/** Arrows that carry types alone: the drivers know what a trainer is, and never which one it is. */
const typesOnly: readonly (readonly [from: string, to: string])[] = [
  ['training', 'compression'],
  ['node', 'training'],
  ['simulation', 'training'],
];

/** The files of src that may import each package. */
const packages: readonly (readonly [name: RegExp, places: RegExp])[] = [
  [/^@tensorflow\//, /^training\/(tfjs-[a-z-]+\.ts|data\/)/],
  [/^(libp2p$|@libp2p\/|@multiformats\/)/, /^node\/libp2p-[a-z0-9-]+\.ts/],
  [/^(it-pipe|p-event)$/, /^node\//],
  [/^ws$/, /^node\/libp2p-websockets\.ts/],
  [/^tinyqueue$/, /^simulation\//],
  [/^csv-parse\/sync$/, /^training\/data\/csv-table\.ts/],
  [/^(pngjs|jpeg-js)$/, /^training\/data\/image-folder\.ts/],
  [/^nanotar$/, /^training\/data\/image-directory\.ts/],
  [/^fast-xml-parser$/, /^topology\/graph-formats\.ts/],
  [/^vega(-lite)?$/, /^report\/vega-svg\.ts/],
  [/^@resvg\/resvg-wasm$/, /^report\/png\.ts/],
  [/^picocolors$/, /^(report|cli)\//],
  [/^(commander|log-update|pino|prom-client)$/, /^cli\//],
  [/^yaml$/, /^(config\/|experiment\/sweep-file\.ts)/],
  [/^hyparquet-writer$/, /^experiment\/parquet\.ts/],
  // Whatever comes from outside and has a shape: options, metrics and model files, control frames, member records.
  [
    /^zod$/,
    /^(config\/|(cli\/(settings|reach-flags|experiment-keys)|experiment\/(sweep-file|cell-files)|metrics\/(event-schema|cell-results)|training\/safetensors|wire\/decode|node\/(membership|swarm-identity|invitation|join-service|libp2p-probe))\.ts)/,
  ],
  [/^fastest-levenshtein$/, /^(base\/registry\.ts|config\/)/],
];

/** The algorithm and all it stands on compute; they read no file and open no socket. */
const pureFolders = /^(base|linalg|topology|compression|wire|consensus|simulation|report)\//;
const pureBuiltins = new Set(['crypto', 'zlib']);
const pureExceptions: Readonly<Record<string, string>> = {
  'linalg/kernels.ts node:fs': 'reads the WebAssembly program that lies beside it',
  'topology/read-text-file.ts node:fs': 'reads the graph that a spec names; peers compare what came of it',
};

/** Chance, time and surroundings that were not handed in: what makes two runs of one seed differ. */
const ambient = new Set(
  (
    'Math.random Date.now performance.now performance.timeOrigin process.env process.hrtime Date() setTimeout() ' +
    'setInterval() setImmediate() randomUUID() randomBytes() randomInt() crypto.getRandomValues'
  ).split(' '),
);

/** Where they are allowed below cli, and why. */
const ambientAllowed: Readonly<Record<string, string>> = {
  'base/clock.ts performance.now': 'systemClock, which cli hands down',
  'base/clock.ts setTimeout()': 'systemClock',
  'node/libp2p-transport.ts Date.now': 'serial numbers of announcements must grow over restarts of a peer',
  'node/libp2p-probe.ts Date.now': 'a peer tells another what time it has, so that clocks can be compared',
  'node/libp2p-probe.ts performance.now': 'round-trip time of a question that doctor asks once',
  'node/peer.ts setImmediate()':
    'lets the process read and write between two rounds; says nothing about time',
  'training/tfjs-node.ts process.env': 'the only way to tell libtensorflow to be quiet',
  'training/data/digit-cache.ts randomUUID()': 'the name of a draft file that no other process may have',
};

interface Import {
  /** Below src, with forward slashes. */
  readonly from: string;
  /** Below src; `npm:name`, `node:name`, or a path from the root that begins with `/`. */
  readonly to: string;
  readonly typeOnly: boolean;
  readonly circular: boolean;
}

interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** A rule returns what is wrong, or null; `example` breaks it. */
interface Rule<T> {
  readonly name: string;
  readonly example: T;
  check(subject: T): string | null;
}

const folderOf = (path: string): string => path.split('/')[0]!;
const anImport = (from: string, to: string, rest: Partial<Import> = {}): Import => ({
  from,
  to,
  typeOnly: false,
  circular: false,
  ...rest,
});

const importRules: readonly Rule<Import>[] = [
  {
    name: 'folders import downwards only',
    example: anImport('consensus/step.ts', 'node/peer.ts', { typeOnly: true }),
    check({ from, to }) {
      const [source, target] = [folderOf(from), folderOf(to)];
      if (/^(\/|npm:|node:)/.test(to) || source === target) return null;
      return layers[source]?.includes(target) ? null : `${from} imports ${to}`;
    },
  },
  {
    name: 'drivers and parameters take only types from training and compression',
    example: anImport('node/peer.ts', 'training/local-trainer.ts'),
    check({ from, to, typeOnly }) {
      const bound = typesOnly.some(([a, b]) => folderOf(from) === a && folderOf(to) === b);
      return bound && !typeOnly ? `${from} imports more than types of ${to}` : null;
    },
  },
  {
    name: 'no file imports itself in a circle, types included',
    example: anImport('topology/ring.ts', 'topology/family.ts', { circular: true }),
    check: ({ from, to, circular }) => (circular ? `${from} -> ${to} closes a circle` : null),
  },
  {
    name: 'each package is imported where it belongs, and nowhere else',
    example: anImport('consensus/step.ts', 'npm:@libp2p/interface', { typeOnly: true }),
    check({ from, to }) {
      if (!to.startsWith('npm:')) return null;
      const allowed = packages.some(([name, places]) => name.test(to.slice(4)) && places.test(from));
      return allowed ? null : `${from} imports ${to.slice(4)}`;
    },
  },
  {
    name: 'the algorithm and the simulator do no input or output',
    example: anImport('simulation/simulator.ts', 'node:fs'),
    check({ from, to }) {
      if (!to.startsWith('node:') || !pureFolders.test(from)) return null;
      const allowed = pureBuiltins.has(to.slice(5)) || pureExceptions[`${from} ${to}`] !== undefined;
      return allowed ? null : `${from} imports ${to}`;
    },
  },
  {
    name: 'src imports nothing outside src but package.json',
    example: anImport('training/optimizer.ts', '/test/reference/naive-mlp.ts'),
    check: ({ from, to }) =>
      to.startsWith('/') && to !== '/package.json' ? `${from} imports ${to.slice(1)}` : null,
  },
];

/** Each use in `file` of a name in `ambient`; comments and strings are not code. */
function ambientUses({ path, text }: SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) {
      const name = node
        .getText(tree)
        .replaceAll('?.', '.')
        .replace(/^globalThis\./, '');
      if (ambient.has(name)) found.push(name);
    }
    if (ts.isCallExpression(node) || (ts.isNewExpression(node) && !node.arguments?.length)) {
      const name = `${node.expression.getText(tree).replace(/^.*\./, '')}()`;
      if (ambient.has(name)) found.push(name);
    }
    ts.forEachChild(node, visit);
  };
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  visit(tree);
  return found.map((name) => `${path.replace(/^src\//, '')} ${name}`);
}

const fileRules: readonly Rule<SourceFile>[] = [
  {
    name: 'below cli, chance, time and environment are arguments',
    example: { path: 'src/consensus/step.ts', text: 'export const jitter = () => Math.random();' },
    check(file) {
      if (!file.path.startsWith('src/') || file.path.startsWith('src/cli/')) return null;
      const uses = ambientUses(file).filter((use) => ambientAllowed[use] === undefined);
      return uses.length === 0 ? null : uses.join(', ');
    },
  },
  {
    name: 'no file is longer than 400 lines',
    example: { path: 'src/node/peer.ts', text: '\n'.repeat(401) },
    check({ path, text }) {
      const lines = text.replace(/\n$/, '').split('\n').length;
      return lines > 400 ? `${path} has ${lines} lines` : null;
    },
  },
  {
    name: 'every file of src opens by saying what it is for',
    example: { path: 'src/base/assert.ts', text: 'export const answer = 42;\n' },
    check: ({ path, text }) => (path.startsWith('src/') && !/^(#!.*\n)?\/\*\*/.test(text) ? path : null),
  },
  {
    name: 'names are kebab-case and say what is inside',
    example: { path: 'src/base/utils.ts', text: '' },
    check({ path }) {
      const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.config)?\.(ts|mjs)$/.test(basename(path));
      const vague = /\b(utils?|helpers?|common|misc|shared|manager)\b/.test(path);
      return kebab && !vague ? null : path;
    },
  },
  {
    name: 'src exports by name',
    example: { path: 'src/topology/ring.ts', text: 'export default function ring() {}' },
    check: ({ path, text }) => (path.startsWith('src/') && /^export default\b/m.test(text) ? path : null),
  },
];

/** `src/...` of dependency-cruiser to the form of Import.to. */
function targetOf(dependency: ICruiseResult['modules'][number]['dependencies'][number]): string {
  const { resolved, module, coreModule } = dependency;
  if (coreModule) return `node:${module.replace(/^node:/, '')}`;
  if (resolved.startsWith('src/')) return resolved.slice('src/'.length);
  return /^[./]/.test(module) ? `/${resolved}` : `npm:${module}`;
}

async function findImports(): Promise<Import[]> {
  const result = await cruise(
    ['src'],
    {
      baseDir: root,
      tsPreCompilationDeps: true,
      tsConfig: { fileName: join(root, 'tsconfig.json') },
      doNotFollow: { path: 'node_modules' },
    },
    { extensionAlias: { '.js': ['.ts', '.js'] } },
  );
  const { modules } = result.output as ICruiseResult;
  return modules
    .filter(({ source }) => source.startsWith('src/'))
    .flatMap(({ source, dependencies }) =>
      dependencies.map((dependency) => ({
        from: source.slice('src/'.length),
        to: targetOf(dependency),
        typeOnly: dependency.typeOnly ?? dependency.dependencyTypes.includes('type-only'),
        circular: dependency.circular,
      })),
    );
}

function findFiles(): SourceFile[] {
  const places = ['src', 'test', 'scripts', 'bench', 'studies'].filter((folder) =>
    existsSync(join(root, folder)),
  );
  return places.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|mjs)$/.test(path))
      .map((path) => ({
        path: `${folder}/${path.replaceAll('\\', '/')}`,
        text: readFileSync(join(root, folder, path), 'utf8'),
      })),
  );
}

describe('imports', () => {
  let imports: Import[] = [];

  beforeAll(async () => {
    imports = await findImports();
  }, 120_000); // seconds of work, which a crowded machine makes many

  it('are all found: each folder of the table, packages, builtins and type imports among them', () => {
    expect(new Set(imports.map(({ from }) => folderOf(from)))).toEqual(new Set(Object.keys(layers)));
    expect(imports).toContainEqual(anImport('node/libp2p-node.ts', 'npm:libp2p'));
    expect(imports).toContainEqual(anImport('wire/decode.ts', 'node:zlib'));
    expect(imports).toContainEqual(anImport('cli/package-facts.ts', 'node:module'));
    expect(imports).toContainEqual(anImport('node/peer.ts', 'training/trainer.ts', { typeOnly: true }));
  });

  it('follow a table that points down only', () => {
    const order = Object.keys(layers);
    const upwards = Object.entries(layers).flatMap(([folder, below]) =>
      below
        .filter((target) => !(order.indexOf(target) < order.indexOf(folder)))
        .map((target) => `${folder} -> ${target}`),
    );
    expect(upwards).toEqual([]);
  });

  for (const { name, check, example } of importRules) {
    it(name, () => {
      expect(check(example)).not.toBeNull();
      expect(imports.map(check).filter((problem) => problem !== null)).toEqual([]);
    });
  }
});

describe('files', () => {
  const files = findFiles();

  for (const { name, check, example } of fileRules) {
    it(name, () => {
      expect(check(example)).not.toBeNull();
      expect(files.map(check).filter((problem) => problem !== null)).toEqual([]);
    });
  }

  it('need each exception that the list of chance and time makes', () => {
    const uses = new Set(files.filter(({ path }) => path.startsWith('src/')).flatMap(ambientUses));
    expect(Object.keys(ambientAllowed).filter((exception) => !uses.has(exception))).toEqual([]);
  });

  it('are looked into as code: a comment or a string that names Math.random is none', () => {
    const text = `/** Not Math.random(). */\nconst doc = 'Date.now()';\nconst at = new Date(0);\nprocess['env'];`;
    expect(ambientUses({ path: 'src/base/random.ts', text })).toEqual([]);
    const hidden =
      'const t = globalThis.performance?.now();\nconst d = new Date();\nconst { X } = process.env;';
    expect(ambientUses({ path: 'src/x.ts', text: hidden })).toEqual([
      'x.ts performance.now',
      'x.ts Date()',
      'x.ts process.env',
    ]);
  });
});

describe('the lock file', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<
      string,
      { readonly version?: string; readonly optionalDependencies?: Record<string, string> }
    >;
  };

  // A registry that lacks the binaries of other platforms makes `npm install` leave them out, without a word.
  it('names the optional packages of every platform, without which "npm ci" refuses to begin', () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => {
        const places = [`node_modules/${name}`, `${path}/node_modules/${name}`];
        return places.every((place) => packages[place]?.version === undefined);
      }),
    );
    expect(missing).toEqual([]);
  });

  it('and package.json pin every dependency to one version', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const wanted = { ...manifest.dependencies, ...manifest.devDependencies };
    const locked = Object.keys(wanted).map((name) => [name, packages[`node_modules/${name}`]?.version]);
    expect(Object.fromEntries(locked)).toEqual(wanted);
  });
});
