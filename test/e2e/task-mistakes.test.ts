/**
 * The mistakes that people make with tables, model files and modules: each must be named, with what to do, and without a
 * stack trace.
 */
import { describe, expect, it } from 'vitest';
import { createTrial, files } from './own-model-trial.js';

const { run, write } = createTrial();

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
