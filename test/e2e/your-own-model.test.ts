/**
 * docs/your-own-model.md as a newcomer would try it: its files are written down, its commands run, in order. Then the
 * mistakes that people make with tables, model files and modules: each must be named, with what to do, and without a
 * stack trace.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { runGrapevine, temporaryDirectory } from './grapevine-process.js';

const page = readFileSync(fileURLToPath(new URL('../../docs/your-own-model.md', import.meta.url)), 'utf8');
const directory = temporaryDirectory();

/** Files (`language path` after the fence) and command blocks, in the order of the page. */
const blocks = [...page.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(([, kind, path, text]) => ({
  kind: kind!,
  path,
  text: text!,
}));
const files = new Map(
  blocks.flatMap(({ path, text }) => (path === undefined ? [] : [[path, text] as const])),
);
const commands = blocks.filter(({ kind }) => kind === 'sh').flatMap(({ text }) => text.trim().split('\n'));

function write(path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
}

const run = (...args: string[]) => runGrapevine(args, {}, directory);

const json = (path: string) => JSON.parse(readFileSync(join(directory, path), 'utf8'));

beforeAll(() => {
  for (const [path, text] of files) write(path, text);
});

describe('docs/your-own-model.md', () => {
  it('has a table, new rows, a model file and two modules, and commands for all of them', () => {
    expect([...files.keys()]).toEqual([
      'flowers.csv',
      'new.csv',
      'flowers-model/model.json',
      'flowers.mjs',
      'curve.mjs',
    ]);
    expect(commands).toHaveLength(7);
  });

  for (const command of commands) {
    it(`runs: ${command}`, async () => {
      const [program, ...args] = command.split(' ');
      expect(program).toBe('grapevine');
      const { exitCode, stdout, stderr } = await run(...args);
      expect(exitCode, stderr).toBe(0);
      expect(stdout).not.toBe('');
      if (args[0] === 'predict') expect(stdout).toMatch(/new\.csv:2 +setosa.*\n.*new\.csv:3 +v/);
    });
  }

  it('teaches what it says it teaches: a curve to a loss below a tenth of its variance', () => {
    expect(json('runs/curve/summary.json').loss.meanModel).toBeLessThan(0.05);
    expect(json('runs/model/summary.json').engine).toMatch(/^lean-wasm/);
  });

  it.each(['flowers', 'model', 'module', 'curve'])(
    'evaluate says what the summary says: %s',
    async (name) => {
      const { accuracy, loss } = json(`runs/${name}/summary.json`);
      for (const path of [
        `runs/${name}`,
        `runs/${name}/model`,
        `runs/${name}/checkpoints/mean-model.safetensors`,
      ]) {
        const { stdout, stderr } = await run('evaluate', path, '--json');
        expect(stderr).toBe('');
        expect(JSON.parse(stdout)).toMatchObject({ loss: loss.meanModel, accuracy: accuracy.meanModel });
      }
    },
  );

  it('quotes the message of a model that does not fit', async () => {
    const model = files.get('flowers-model/model.json')!;
    write('four/model.json', model.replace('[null, 5]', '[null, 4]'));
    const { stderr } = await run(
      'simulate',
      '--task',
      'keras:model=four/model.json,data=csv:file=flowers.csv,target=species',
    );
    const quoted = /^ {4}(data "csv" and model.*)$/m.exec(page)![1]!;
    expect(stderr).toContain(quoted);
  });
});

describe('predict', () => {
  it('reads arrays and images as the digits were read, and says which class is how probable', async () => {
    const trained = await run(
      'simulate',
      '--rounds',
      '2',
      '--peers',
      '2',
      '--topology',
      'ring',
      '--quiet',
      '--out',
      'runs/digits',
    );
    expect(trained.exitCode, trained.stderr).toBe(0);
    const pixels = Uint8Array.from({ length: 784 }, (_, k) => (k * 7) % 256);
    const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 28, 28), }".padEnd(117);
    const head = Buffer.from(`\x93NUMPY\x01\x00v\x00${header}\n`, 'latin1');
    write('digit.npy', Buffer.concat([head, pixels]));
    const image = new PNG({ width: 28, height: 28 });
    pixels.forEach((gray, k) => image.data.set([gray, gray, gray, 255], 4 * k));
    write('digit.png', PNG.sync.write(image));
    write('digit.json', JSON.stringify([Array.from(pixels, (byte) => byte / 255)]));
    const inputs = ['digit.npy', 'digit.png', 'digit.json'].flatMap((file) => ['--input', file]);
    const { stdout, stderr } = await run('predict', 'runs/digits', ...inputs, '--json');
    expect(stderr).toBe('');
    const [array, picture, list] = JSON.parse(stdout);
    expect(array.probabilities[0]).toHaveLength(10);
    expect(array.probabilities[0].reduce((a: number, b: number) => a + b)).toBeCloseTo(1, 9);
    expect(picture.probabilities).toEqual(array.probabilities);
    list.probabilities[0].forEach((p: number, k: number) =>
      expect(p).toBeCloseTo(array.probabilities[0][k], 5),
    );
  });

  it('goes on with a prompt, the same way for the same seed', async () => {
    write('text.txt', 'the cat sat on the mat. '.repeat(60));
    const task = 'char-lm:file=text.txt,time=12,size=16,layers=1,heads=2';
    const trained = await run(
      'simulate',
      '--task',
      task,
      '--rounds',
      '20',
      '--peers',
      '2',
      '--topology',
      'ring',
      '--quiet',
      '--out',
      'runs/text',
    );
    expect(trained.exitCode, trained.stderr).toBe(0);
    const go = () => run('predict', 'runs/text', '--prompt', 'the c', '--length', '25', '--json');
    const [first, second] = [await go(), await go()];
    const { prompt, text } = JSON.parse(first.stdout);
    expect(prompt).toBe('the c');
    expect(Array.from(text)).toHaveLength(25);
    expect(text).toMatch(/^[a-z .]+$/);
    expect(second.stdout).toBe(first.stdout);
  });

  it('wants an input or a prompt, a file that it knows, and columns that were trained on', async () => {
    const cases: [string[], RegExp][] = [
      [['runs/flowers'], /--input FILE .* or --prompt TEXT/],
      [['runs/flowers', '--prompt', 'x'], /was not trained on text; wanted --input/],
      [['runs/flowers', '--input', 'new.xls'], /wanted a file that ends in \.csv/],
      [['runs/flowers', '--input', 'gone.csv'], /gone\.csv could not be read/],
      [['runs/gone', '--input', 'new.csv'], /got nothing; wanted a run directory/],
    ];
    write('other.csv', 'length,colour\n1,blue\n');
    cases.push([['runs/flowers', '--input', 'other.csv'], /unknown column "width"/]);
    for (const [args, message] of cases) {
      const { exitCode, stderr } = await run('predict', ...args);
      expect(exitCode).not.toBe(0);
      expect(stderr).toMatch(message);
    }
  });
});

/** A mistake: what is written down, what is asked for, and the message. */
type Mistake = readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  task: string,
  message: RegExp,
];

async function expectNamed([, wrong, task, message]: Mistake): Promise<void> {
  for (const [path, text] of Object.entries(wrong)) write(path, text);
  const { exitCode, stdout, stderr } = await run(
    'simulate',
    '--task',
    task,
    '--rounds',
    '1',
    '--quiet',
    '--out',
    'runs/wrong',
  );
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at |This is a bug/);
  expect(exitCode === 1 || exitCode === 2).toBe(true);
  expect(stdout).toBe('');
}

const table = files.get('flowers.csv')!;
const flowers = 'csv:file=flowers.csv,target=species';

const tableMistakes: readonly Mistake[] = [
  [
    'a file that is not there',
    {},
    'csv:file=flower.csv,target=species',
    /flower\.csv could not be read.*Check the path/,
  ],
  ['no target', {}, 'csv:file=flowers.csv', /got no target; wanted csv:file=PATH,target=COLUMN/],
  [
    'a column that is not there',
    {},
    'csv:file=flowers.csv,target=specie',
    /unknown column "specie". Did you mean "species"\? There is: length, width, color, species/,
  ],
  [
    'no header',
    { 'bare.csv': '1,2,a\n3,4,b\n' },
    'csv:file=bare.csv,target=a',
    /names of columns in the first line/,
  ],
  [
    'a gap',
    { 'gap.csv': `${table}6.0,,blue,setosa\n` },
    'csv:file=gap.csv,target=species',
    /gap\.csv, line 17, column "width".*no value; wanted a value; fill it in, or take missing=mean/,
  ],
  [
    'not a number',
    { 'nan.csv': `${table}6.0,NaN,blue,setosa\n` },
    'csv:file=nan.csv,target=species',
    /nan\.csv, line 17, column "width".*no value/,
  ],
  [
    'a row without a target',
    { 'half.csv': `${table}6.0,3.0,blue,\n` },
    'csv:file=half.csv,target=species',
    /a target in every row: remove the row/,
  ],
  [
    'a short row',
    { 'short.csv': `${table}6.0,3.0\n` },
    'csv:file=short.csv,target=species',
    /as many cells in a line as the header has/,
  ],
  [
    'one class only',
    { 'one.csv': 'x,y\n1,a\n2,a\n3,a\n' },
    'csv:file=one.csv,target=y',
    /1 classes; wanted 2 to 256/,
  ],
  [
    'texts for a regression',
    {},
    'csv:file=flowers.csv,target=species,kind=regression',
    /numbers; kind=classification for texts/,
  ],
  [
    'a table where a task is wanted',
    {},
    './flowers.csv',
    /wanted --task csv:file=\.\/flowers\.csv,target=COLUMN/,
  ],
];

const model = files.get('flowers-model/model.json')!;
const keras = (path: string, data = flowers) => `keras:model=${path},data=${data}`;
const changed = (from: string, to: string): string => {
  expect(model).toContain(from);
  return model.replace(from, to);
};

const modelMistakes: readonly Mistake[] = [
  ['a file that is not there', {}, keras('gone.json'), /the model gone\.json cannot be read/],
  [
    'no data',
    {},
    'keras:model=flowers-model/model.json',
    /got no data; wanted keras:model=model\.json,data=/,
  ],
  [
    'a model where a task is wanted',
    {},
    'flowers-model/model.json',
    /says nothing of the data; wanted --task keras:model=/,
  ],
  [
    'another shape',
    { 'a.json': changed('[null, 5]', '[null, 7]') },
    keras('a.json'),
    /reads samples of shape \[7\], the data have \[5\]; wanted one shape/,
  ],
  [
    'too few classes',
    { 'b.json': changed('"units": 3', '"units": 2') },
    keras('b.json'),
    /gives 2 numbers, and the data have 3 classes \(setosa, versicolor, virginica\).*give the last layer 3 units/,
  ],
  [
    'a layer that is not supported',
    { 'c.json': changed('"class_name": "Dropout"', '"class_name": "GaussianNoise"') },
    keras('c.json'),
    /"dropout" \(GaussianNoise\): this kind of layer is not supported; supported are Dense/,
  ],
  [
    'an unknown loss',
    {},
    'keras:model=flowers-model/model.json,loss=mse,data=csv:file=flowers.csv,target=species',
    /loss=mse, wanted one of auto, cross-entropy/,
  ],
  [
    'a loss for numbers',
    {},
    'keras:model=flowers-model/model.json,loss=mean-squared-error,data=csv:file=flowers.csv,target=species',
    /the targets are 3 classes.*wanted the loss cross-entropy/,
  ],
  [
    'weights that are not there',
    {
      'd.json': changed(
        '"format": "layers-model",',
        '"format": "layers-model", "weightsManifest": [{"paths": ["w.bin"], "weights": []}],',
      ),
    },
    keras('d.json'),
    /the weights w\.bin cannot be read/,
  ],
  ['half a file', { 'e.json': model.slice(0, 200) }, keras('e.json'), /e\.json is not JSON/],
  [
    'a model of Python',
    { 'f.keras': 'PK\x03\x04' },
    keras('f.keras'),
    /tensorflowjs\.converters\.save_keras_model/,
  ],
];

const small = "{ inputShape: [2], layers: [{ kind: 'dense', name: 'out', units: 2 }] }";
const rows = '{ classes: 2, train: { inputs: [[1, 2], [3, 4], [5, 6]], targets: [0, 1, 0] } }';

const moduleMistakes: readonly Mistake[] = [
  ['a file that is not there', {}, './gone.mjs', /task \.\/gone\.mjs: cannot be read/],
  [
    'no default export',
    { 'a.mjs': 'export const task = 1;' },
    './a.mjs',
    /got no default export; wanted export default \{ data, model \}/,
  ],
  [
    'a mistake in the grammar',
    { 'b.mjs': 'const a = 1;\nexport default { data: ,};' },
    './b.mjs',
    /does not parse, line 2: Unexpected token/,
  ],
  [
    'a name that is not there',
    { 'c.mjs': 'export default { data: rows };' },
    './c.mjs',
    /ReferenceError while it was loaded, line 1: rows is not defined/,
  ],
  [
    'an import that is not there',
    { 'd.mjs': "import 'grapevine';\nexport default {};" },
    './d.mjs',
    /imports what is not there.*Leave the import out/,
  ],
  [
    'a key with a typo',
    { 'e.mjs': `export default { dta: ${rows}, model: ${small} };` },
    './e.mjs',
    /unknown key "dta". Did you mean "data"/,
  ],
  [
    'no model',
    { 'f.mjs': `export default { data: ${rows} };` },
    './f.mjs',
    /no model; wanted model: a network or a function/,
  ],
  [
    'an unknown loss',
    { 'g.mjs': `export default { data: ${rows}, model: ${small}, loss: 'crossentropy' };` },
    './g.mjs',
    /unknown loss "crossentropy". Did you mean "cross-entropy"/,
  ],
  [
    'a layer with a typo',
    { 'h.mjs': `export default { data: ${rows}, model: ${small.replace('units', 'unit')} };` },
    './h.mjs',
    /layer "out": unknown key of dense "unit". Did you mean "units"/,
  ],
  [
    'a label out of range',
    { 'i.mjs': `export default { data: ${rows.replace('[0, 1, 0]', '[0, 1, 2]')}, model: ${small} };` },
    './i.mjs',
    /data\.train\.targets\[2\]: got class 2; wanted whole numbers from 0 to 1/,
  ],
  [
    'not a number',
    { 'j.mjs': `export default { data: ${rows.replace('3, 4', '3, NaN')}, model: ${small} };` },
    './j.mjs',
    /data\.train\.inputs\[1\]\[1\]: got NaN; wanted a finite number/,
  ],
  [
    'another shape',
    { 'k.mjs': `export default { data: ${rows}, model: ${small.replace('[2]', '[3]')} };` },
    './k.mjs',
    /reads samples of shape \[3\], the data have \[2\]/,
  ],
  [
    'a function that throws',
    { 'l.mjs': `export default { data: ${rows}, model() { throw new Error('no') } };` },
    './l.mjs',
    /model\(\) threw "no"/,
  ],
  [
    'an unsupported layer of TensorFlow.js',
    {
      'm.mjs': `export default { data: ${rows}, model: ({ tf }) => tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 2 }), tf.layers.gaussianNoise({ stddev: 1 })] }) };`,
    },
    './m.mjs',
    /\(GaussianNoise\): this kind of layer is not supported; supported are/,
  ],
  [
    'weights that differ',
    {
      'n.mjs': `export default { start: 'model', data: ${rows}, model: ({ tf }) => tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 2 })] }) };`,
    },
    './n.mjs',
    /two calls of model\(\) gave different weights/,
  ],
  [
    'nothing returned',
    { 'o.mjs': `export default { data: () => {}, model: ${small} };` },
    './o.mjs',
    /without "train"; wanted \{ classes, train/,
  ],
];

describe.each([
  ['a table', tableMistakes],
  ['a model file', modelMistakes],
  ['a module', moduleMistakes],
])('mistakes with %s are named with what to do', (_kind, mistakes) => {
  it.each(mistakes.map((mistake) => [mistake[0], mistake] as const))('%s', (_what, mistake) =>
    expectNamed(mistake),
  );
});

describe('grapevine doctor', () => {
  it('says that swarms run here, on which engine, and how to mend what is missing', async () => {
    const { exitCode, stdout, stderr } = await run('doctor', '--json');
    expect(stderr).toBe('');
    const { ok, checks } = JSON.parse(stdout);
    expect([exitCode, ok]).toEqual([0, true]);
    const found = new Map(checks.map((check: { name: string }) => [check.name, check]));
    expect(found.get('engine auto')).toMatchObject({
      status: 'ok',
      found: expect.stringMatching(/^(lean|tfjs)-.* ms a step/),
    });
    expect(found.get('engine cpu')).toMatchObject({ status: 'ok' });
    expect(found.get('TCP')).toMatchObject({ status: 'ok' });
    for (const { status, remedy } of checks) expect(remedy === null).toBe(status === 'ok');
  });

  it('is a table for people', async () => {
    const { stdout } = await run('doctor');
    expect(stdout).toMatch(/ok +node +\d+\.\d+\.\d+\n/);
    expect(stdout).toContain('Swarms run here.');
  });

  it('only warns of a cache that cannot be written', async () => {
    const { exitCode, stdout } = await runGrapevine(
      ['doctor'],
      { GRAPEVINE_CACHE_DIR: join(directory, 'flowers.csv', 'below') },
      directory,
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/- +cache.*\n +-> name another directory with GRAPEVINE_CACHE_DIR/);
  });
});

describe('data that stay on their device', () => {
  it('are trained on instead of a share, and the task still says what columns mean', async () => {
    for (const peer of [0, 1, 2]) write(`own/${peer}/rows.csv`, table);
    const flags = [
      '--peers',
      '3',
      '--topology',
      'ring',
      '--rounds',
      '4',
      '--batch',
      '15',
      '--quiet',
      '--json',
    ];
    const { stdout, stderr, exitCode } = await run(
      'swarm',
      '--task',
      flowers,
      '--data-directory',
      'own/{peer}',
      ...flags,
      '--out',
      'runs/own',
    );
    expect(exitCode, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rounds: 4, engine: expect.stringMatching(/^lean-wasm/) });
    // 15 rows a peer, all of them in every step: 4 rounds of 5 steps.
    const ends = readFileSync(join(directory, 'runs/own/metrics.jsonl'), 'utf8')
      .split('\n')
      .flatMap((line) => /"round":4,.*"samples":(\d+)/.exec(line)?.[1] ?? []);
    expect(ends).toEqual(['300', '300', '300']);
  });
});
