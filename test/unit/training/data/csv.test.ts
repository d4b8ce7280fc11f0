import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset, Samples } from '../../../../src/training/data/dataset.js';
import { holdBack } from '../../../../src/training/data/subset.js';
import { tasks } from '../../../../src/training/tasks/registry.js';
import { houseTable } from '../../../reference/data-files.js';

let root: string;
let files = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'grapevine-csv-'));
});
afterAll(() => rm(root, { recursive: true }));

async function write(text: string, name = `${files++}.csv`): Promise<string> {
  await mkdir(join(root, name, '..'), { recursive: true });
  await writeFile(join(root, name), text);
  return join(root, name);
}

/** The data of a task. */
async function open(spec: string, dataDirectory?: string): Promise<Dataset> {
  return (await tasks.resolve(spec).open!({ cacheDirectory: root, dataDirectory })).data;
}

/** The data of csv:`options` on a file of `text`. */
async function load(text: string, options: string, dataDirectory?: string): Promise<Dataset> {
  const file = await write(text);
  return open(`csv:file=${file},${options}`, dataDirectory);
}

interface Read {
  readonly inputs: number[][];
  readonly targets: number[];
}

function read(samples: Samples, features: number): Read {
  const all = Uint32Array.from({ length: samples.count }, (_, k) => k);
  const inputs = new Float32Array(samples.count * features);
  const targets = new Float32Array(samples.count);
  samples.inputsInto(inputs, all);
  samples.targetsInto(targets, all);
  const rows = Array.from(targets, (_, n) => [...inputs.subarray(n * features, (n + 1) * features)]);
  return { inputs: rows, targets: [...targets] };
}

describe('a table', () => {
  it('becomes standardized numbers and a place for each category, fitted on the training rows', async () => {
    const data = await load(houseTable(100), 'target=price,ignore=id;class,origin=region,test=0.25');
    expect(data.targets.kind).toBe('values');
    expect(data.inputShape).toEqual([6]); // area, three cities, garden no and yes
    expect([data.train.count, data.test.count]).toEqual([75, 25]);
    const { inputs, targets } = read(data.train, 6);
    const mean = (column: number) => inputs.reduce((sum, row) => sum + row[column]!, 0) / 75;
    expect(mean(0)).toBeCloseTo(0, 5);
    expect(inputs.reduce((sum, row) => sum + row[0]! ** 2, 0) / 75).toBeCloseTo(1, 4);
    for (const row of inputs) {
      expect(row.slice(1, 4).sort()).toEqual([0, 0, 1]);
      expect(row[4]! + row[5]!).toBe(1);
    }
    expect(targets.reduce((a, b) => a + b) / 75).toBeCloseTo(0, 5);
    const test = read(data.test, 6); // measured with the same numbers, hence not standardized itself
    expect(Math.abs(test.inputs.reduce((sum, row) => sum + row[0]!, 0) / 25)).toBeGreaterThan(1e-4);
  });

  it('says how to turn a prediction back into the unit of the target', async () => {
    const rows = ['x,y', '1,10', '2,20', '3,30', '4,40', '5,50'];
    const data = await load(rows.join('\n'), 'target=y,kind=regression,test=0.2');
    const { held } = holdBack(5, 0.2);
    const { standardized } = data.targets as { standardized: { mean: number; deviation: number } };
    const { targets } = read(data.test, 1);
    expect(targets[0]! * standardized.deviation + standardized.mean).toBeCloseTo(10 * (held[0]! + 1), 4);
  });

  it('tells classes from numbers: texts and few whole numbers are classes, unless kind says otherwise', async () => {
    const text = houseTable(60);
    expect((await load(text, 'target=class')).targets).toMatchObject({
      classes: 2,
      names: ['cheap', 'dear'],
    });
    expect((await load(text, 'target=price')).targets.kind).toBe('values');
    const digits = `x,y\n${[3, 1, 2, 3, 1, 2].map((y, x) => `${x}.5,${y}`).join('\n')}`;
    expect((await load(digits, 'target=y')).targets).toMatchObject({ classes: 3, names: ['1', '2', '3'] });
    expect((await load(digits, 'target=y,kind=regression')).targets.kind).toBe('values');
  });

  it('may use semicolons, quotes, a byte order mark and empty lines', async () => {
    const text = '\uFEFFx;"the; city";y\r\n1;"A;B";0\r\n\r\n2;C;1\r\n3;C;0\r\n4;"A;B";1\r\n';
    const data = await load(text, 'target=y');
    expect(data.inputShape).toEqual([3]);
    expect(data.train.count + data.test.count).toBe(4);
  });

  it('takes a missing value for the mean, and a missing or new text for no category, where asked to', async () => {
    const { held, kept } = holdBack(6, 0.2);
    const rows = ['1,a,0', '2,b,1', '3,b,0', '4,a,1', '5,b,0', '6,a,1'];
    rows[held[0]!] = '7,new,1';
    rows[kept[0]!] = ',NA,1';
    const data = await load(['x,t,y', ...rows].join('\n'), 'target=y,missing=mean');
    expect(read(data.test, 3).inputs[0]!.slice(1)).toEqual([0, 0]);
    const empty = read(data.train, 3).inputs.find((row) => row[1] === 0 && row[2] === 0);
    expect(empty).toEqual([0, 0, 0]);
  });

  it('in several files has an origin for each, and with origin= one for each text', async () => {
    await write('x,y\n1,0\n2,1\n3,0\n', 'several/a.csv');
    await write('y,x\n1,5\n0,6\n', 'several/b.csv');
    const { train, test } = await open(`csv:directory=${join(root, 'several')},target=y`);
    expect([...train.origins!, ...test.origins!].sort()).toEqual([0, 0, 0, 1, 1]);
    const { train: regions } = await load(houseTable(80), 'target=class,origin=region');
    expect(new Set(regions.origins!).size).toBe(4);
  });

  it("reads a device's own files with the meaning of the task's, and tests on the task's rows", async () => {
    await write(
      'garden,price,area,city,class\nno,100,80,Corby,cheap\nyes,500,999,Nowhere,dear\n',
      'device/own.csv',
    );
    const options = 'target=class,ignore=id;region';
    const text = houseTable(50);
    const shared = await load(text, options);
    const own = await load(text, options, join(root, 'device'));
    expect(own.inputShape).toEqual(shared.inputShape);
    expect(read(own.test, 7)).toEqual(read(shared.test, 7));
    const { inputs, targets } = read(own.train, 7);
    expect(targets).toEqual([0, 1]);
    expect(inputs[1]![0]).toBeGreaterThan(5); // 999 in deviations of the task's areas
    expect(inputs[1]!.slice(1, 4)).toEqual([0, 0, 0]); // a city that the task does not know
  });
});

describe('what is wrong with a table is said, with file, line and column', () => {
  it.each([
    ['x,y\n1,2\n', 'target=z', /unknown column "z". Did you mean "\w"\? There is: x, y/],
    ['x,y\n1,2\n2,3\n', 'target=y,ignore=idd', /ignore and origin: unknown column "idd"/],
    ['x,y\n1,0\n,1\n2,0\n', 'target=y', /line 3, column "x": got no value; wanted .*missing=mean/],
    ['x,y\n1,0\n2,\n3,1\n', 'target=y', /line 3, column "y": got no value; wanted a target in every row/],
    ['x,y\n1,0\n2,1,7\n', 'target=y', /CSV that does not parse .*line 3/],
    ['1,2\n3,4\n', 'target=y', /column name "1"; wanted names of columns in the first line/],
    ['x,x,y\n1,2,0\n', 'target=y', /two columns named "x"/],
    ['x,y\n', 'target=y', /1 lines; wanted a header and at least one row/],
    ['x,y\n1,a\n2,a\n3,a\n', 'target=y', /target "y": got 1 classes; wanted 2 to 256/],
    [
      'x,y\n1,a\n2,b\n',
      'target=y,kind=regression',
      /target "y": got "a"; wanted numbers; kind=classification/,
    ],
    ['y\n1\n0\n', 'target=y', /no column is left beside the target/],
  ])('%j with %s', async (text, options, message) => {
    await expect(load(text, options)).rejects.toThrow(message);
  });

  it('where a column has a text for every row', async () => {
    const rows = Array.from({ length: 400 }, (_, k) => `name ${k},${k % 2}`);
    await expect(load(['name,y', ...rows].join('\n'), 'target=y')).rejects.toThrow(
      /column "name": got 3\d\d different texts, such as "name 0".*ignore=name/,
    );
  });

  it('where a text stands among numbers of a test row', async () => {
    const { held } = holdBack(10, 0.2);
    const rows = Array.from({ length: 10 }, (_, k) => `${k === held[0] ? 'many' : k},${k % 2}`);
    await expect(load(['x,y', ...rows].join('\n'), 'target=y')).rejects.toThrow(
      new RegExp(`line ${held[0]! + 2}, column "x": got "many"; wanted a number, as in the training rows`),
    );
  });

  it('where a device has a class or lacks a column that the task has', async () => {
    await write('x,y\n1,2\n', 'other/a.csv');
    await expect(load('x,y\n1,0\n2,1\n3,0\n4,1\n', 'target=y', join(root, 'other'))).rejects.toThrow(
      /a\.csv, line 2, column "y": got class "2"; wanted one of 0, 1/,
    );
    await write('z,y\n1,0\n', 'lacking/a.csv');
    await expect(load('x,y\n1,0\n2,1\n3,0\n4,1\n', 'target=y', join(root, 'lacking'))).rejects.toThrow(
      /a\.csv: unknown column "x"/,
    );
  });

  it('where the file or the options are missing', async () => {
    await expect(open('csv:file=/nowhere/x.csv,target=y')).rejects.toThrow(
      /nowhere\/x\.csv could not be read .*ENOENT/,
    );
    expect(() => tasks.resolve('csv:target=y')).toThrow(/got no file; wanted csv:file=PATH,target=COLUMN/);
    expect(() => tasks.resolve('csv:file=x.csv')).toThrow(/got no target/);
    expect(() => tasks.resolve('csv:file=x.csv,directory=y,target=z')).toThrow(/a file and a directory/);
  });
});
