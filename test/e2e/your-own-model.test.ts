/** docs/your-own-model.md as a newcomer would try it: its files are written down, its commands run, in order. */
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { commands, createTrial, files, page } from './own-model-trial.js';

const { json, run, write } = createTrial();

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
