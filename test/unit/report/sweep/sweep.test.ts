import { describe, expect, it } from 'vitest';
import { bandOf, clipBand } from '../../../../src/report/sweep/bands.js';
import { labelsOf } from '../../../../src/report/sweep/labels.js';
import { paretoFront } from '../../../../src/report/sweep/pareto.js';
import { spreadOf, standardError } from '../../../../src/report/sweep/statistics.js';
import { readSweep } from '../../../../src/report/sweep/sweep.js';
import { defaultTarget, spentUntil } from '../../../../src/report/sweep/target.js';
import { troublesOf } from '../../../../src/report/sweep/troubles.js';
import { fakeCells, fakeGrid } from '../../../reference/fake-sweep.js';

describe('spreads', () => {
  it('have mean, sample deviation and standard error, by hand', () => {
    const spread = spreadOf([2, 4, 9])!; // deviations -3, -1, 4: 26 / 2 = 13
    expect(spread).toMatchObject({ n: 3, mean: 5, min: 2, max: 9 });
    expect(spread.sd).toBeCloseTo(Math.sqrt(13), 12);
    expect(standardError(spread)).toBeCloseTo(Math.sqrt(13 / 3), 12);
  });

  it('of one value have no deviation, and of none are none', () => {
    expect(spreadOf([7])).toEqual({ n: 1, mean: 7, sd: null, min: 7, max: 7 });
    expect(standardError(spreadOf([7])!)).toBeNull();
    expect(spreadOf([])).toBeNull();
  });
});

describe('short names', () => {
  const short = (axis: string, values: readonly unknown[]) => [...labelsOf(axis, values).values()];

  it('keep the options that differ, and the name where several names have such options', () => {
    expect(short('compressor', ['low-rank:rank=1,bits=4', 'low-rank:rank=8,bits=4'])).toEqual([
      'rank=1',
      'rank=8',
    ]);
    const ranks = ['low-rank:rank=1,bits=4', 'low-rank:rank=8,bits=4'];
    expect(short('compressor', ['none', ...ranks])).toEqual(['none', 'rank=1', 'rank=8']);
    expect(short('compressor', [...ranks, 'top-k:fraction=0.1', 'top-k:fraction=0.2'])).toEqual([
      'low-rank rank=1',
      'low-rank rank=8',
      'top-k fraction=0.1',
      'top-k fraction=0.2',
    ]);
    expect(short('topology', ['ring', 'torus:rows=2,cols=4'])).toEqual(['ring', 'torus']);
  });

  it('leave whole what is more than a name and options, and name the key of a number', () => {
    expect(short('compressor', ['low-rank:rank=8+int8', 'low-rank:rank=8,bits=4'])).toEqual([
      'low-rank:rank=8+int8',
      'low-rank',
    ]);
    expect(short('peers', [8, 16])).toEqual(['peers=8', 'peers=16']);
  });
});

describe('readSweep', () => {
  it('makes a group of cells that differ in the seed only, and compares compressors before all else', () => {
    const sweep = readSweep(fakeGrid({ 'ring none': [0.9, 0.92], 'ring sign': [0.8, 0.84] }));
    expect(sweep).toMatchObject({ choiceAxis: 'compressor', contextAxes: ['topology'], contexts: ['ring'] });
    expect(
      sweep.groups.map(({ choice, context, final }) => [choice, context, final!.mean, final!.n]),
    ).toEqual([
      ['none', 'ring', 0.91, 2],
      ['sign', 'ring', expect.closeTo(0.82, 12), 2],
    ]);
  });

  it('compares what it is told to, a set of keys before a topology, and says which axes there are', () => {
    const grid = fakeGrid({ 'ring none': [0.9], 'star sign': [0.8] });
    expect(readSweep(grid, 'topology')).toMatchObject({
      choiceAxis: 'topology',
      contextAxes: ['compressor'],
    });
    expect(() => readSweep(grid, 'optimizer')).toThrow(/topology, compressor/);
    const sets = fakeCells([
      { axes: { topology: 'ring', tuned: 'slow' }, accuracy: 0.5 },
      { axes: { topology: 'ring', tuned: 'fast' }, accuracy: 0.6 },
    ]);
    expect(readSweep(sets).choiceAxis).toBe('tuned');
  });

  it('orders topologies by their spectral gap', () => {
    const grid = fakeGrid({ 'complete none': [0.9], 'ring none': [0.8] }, {}, { complete: 1, ring: 0.1 });
    expect(readSweep(grid).contexts).toEqual(['ring', 'complete']);
  });

  it('judges by loss where a task has no accuracy', () => {
    const cells = fakeCells([{ axes: { seed: 1 }, loss: 0.5, losses: [1, 0.5] }]);
    const sweep = readSweep(cells);
    expect(sweep.quality.kind).toBe('loss');
    expect(sweep.groups[0]).toMatchObject({
      choice: '',
      context: '',
      final: { mean: 0.5 },
      standing: 'done',
    });
  });

  it('sees a run that ended worse than it began, by loss or by accuracy, and no plateau', () => {
    const standing = (cell: object) =>
      readSweep(fakeCells([{ axes: { seed: 1 }, accuracy: 0.5, ...cell }])).groups[0]!.standing;
    expect(standing({ losses: [1, 1.2] })).toBe('diverged');
    expect(standing({ losses: [1, 1.05] })).toBe('done');
    expect(standing({ losses: [1, null] })).toBe('diverged');
    expect(standing({ curve: [0.6, 0.5] })).toBe('diverged');
    expect(standing({ curve: [0.4, 0.5] })).toBe('done');
  });

  it('takes a group for the worst of its cells, lists reasons once, and counts sound cells only', () => {
    const sweep = readSweep(
      fakeCells([
        { axes: { compressor: 'a', seed: 1 }, accuracy: 0.9 },
        { axes: { compressor: 'a', seed: 2 }, status: 'failed' },
        { axes: { compressor: 'b', seed: 1 }, status: 'refused' },
        { axes: { compressor: 'b', seed: 2 }, status: 'refused' },
        { axes: { compressor: 'c', seed: 1 }, accuracy: 0.3, curve: [0.4, 0.3] },
      ]),
    );
    expect(sweep.groups.map(({ standing, sound }) => [standing, sound.length])).toEqual([
      ['failed', 1],
      ['refused', 0],
      ['diverged', 0],
    ]);
    expect(troublesOf(sweep).map(({ kind, cells }) => [kind, cells.length])).toEqual([
      ['failed', 1],
      ['refused', 2],
      ['diverged', 1],
    ]);
    expect(troublesOf(sweep)[1]!.reason).toBe('does not go together. [BAD_SPEC]');
  });
});

describe('bands', () => {
  const cells = fakeCells([
    { axes: { seed: 1 }, accuracy: 0.8, curve: [0.2, 0.8], bytes: 100 },
    { axes: { seed: 2 }, accuracy: 0.6, curve: [0.4, 0.6], bytes: 300 },
  ]);

  it('run through the means over seeds, from the worst to the best, at the mean of what was spent', () => {
    const band = bandOf(
      { cells },
      ({ payloadBytesPerPeer }) => payloadBytesPerPeer,
      ({ meanAccuracy }) => meanAccuracy,
    );
    expect(band).toEqual([
      { round: 1, x: 100, y: expect.closeTo(0.3, 12), low: 0.2, high: 0.4 }, // (50 + 150) / 2 bytes
      { round: 2, x: 200, y: expect.closeTo(0.7, 12), low: 0.6, high: 0.8 },
    ]);
  });

  it('begin where the line enters the axis, half way between its points', () => {
    const band = bandOf(
      { cells },
      ({ round }) => round,
      ({ meanAccuracy }) => meanAccuracy,
    );
    const cut = clipBand(band, [0.5, 0.75]);
    expect(cut.map(({ x, y, low, high }) => [x, y, low, high])).toEqual([
      [1, null, 0.5, 0.5],
      [expect.closeTo(1.5, 12), 0.5, 0.5, expect.closeTo(0.6, 12)],
      [2, expect.closeTo(0.7, 12), 0.6, 0.75],
    ]);
    expect(clipBand(band, null)).toBe(band);
  });
});

describe('the Pareto front', () => {
  it('holds what no other group beats in both bytes and accuracy', () => {
    const sweep = readSweep(
      fakeGrid(
        {
          'ring a': [0.5],
          'ring b': [0.7],
          'ring c': [0.6],
          'ring d': [0.9],
          'ring e': [0.9],
          'ring f': [0.4],
        },
        { a: 10, b: 20, c: 30, d: 40, e: 50, f: 10 }, // c: b is cheaper and better; e: d is cheaper; f: a is better
      ),
    );
    expect(paretoFront(sweep).map(({ choice }) => choice)).toEqual(['a', 'b', 'd']);
  });
});

describe('the time to a target', () => {
  const sweep = readSweep(
    fakeCells([
      {
        axes: { compressor: 'a', seed: 1 },
        accuracy: 0.9,
        curve: [0.5, 0.7, 0.8, 0.9],
        seconds: 8,
        bytes: 400,
      },
      {
        axes: { compressor: 'a', seed: 2 },
        accuracy: 0.9,
        curve: [0.5, 0.6, 0.7, 0.9],
        seconds: 8,
        bytes: 400,
      },
      { axes: { compressor: 'b', seed: 1 }, accuracy: 0.9, curve: [0.7, 0.9] },
      { axes: { compressor: 'b', seed: 2 }, accuracy: 0.6, curve: [0.5, 0.6] },
    ]),
  );

  it('is that of the first evaluation that reaches it, on average over seeds', () => {
    expect(spentUntil(0.7, sweep.groups[0]!, sweep.quality)).toMatchObject({
      rounds: { mean: 2.5 },
      payloadBytes: { mean: 250 },
      simulatedSeconds: { mean: 5 },
    });
  });

  it('is none where a seed never reaches it', () => {
    expect(spentUntil(0.7, sweep.groups[1]!, sweep.quality)).toBeNull();
  });

  it('is asked for what half of the groups reach: the median of 0.9 and 0.75, in whole percents', () => {
    expect(defaultTarget(sweep)).toBe(0.75);
    const losses = [0.123, 0.2, 4].map((loss, place) => ({
      axes: { compressor: `${place}` },
      loss,
      losses: [9, loss],
    }));
    expect(defaultTarget(readSweep(fakeCells(losses)))).toBe(0.2);
  });
});
