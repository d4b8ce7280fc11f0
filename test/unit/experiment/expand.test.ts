import { describe, expect, it } from 'vitest';
import { expandSweep, MAX_CELLS, variedKeys } from '../../../src/experiment/expand.js';
import { parseSweep } from '../../../src/experiment/sweep-file.js';
import { sweepKeys } from '../../reference/sweep-keys.js';

const sweep = (text: string) => parseSweep(text, 'sweep.yaml', sweepKeys);
const keysOf = (text: string) => expandSweep(sweep(text)).cells.map(({ keys }) => keys);

describe('cells', () => {
  it('are the cross product of the axes, the last one changing fastest', () => {
    expect(keysOf('settings: { rounds: 5 }\naxes: { topology: [ring, star], seed: [1, 2] }')).toEqual([
      { rounds: 5, topology: 'ring', seed: 1 },
      { rounds: 5, topology: 'ring', seed: 2 },
      { rounds: 5, topology: 'star', seed: 1 },
      { rounds: 5, topology: 'star', seed: 2 },
    ]);
  });

  it('are one where there are no axes', () => {
    expect(keysOf('settings: { rounds: 5 }')).toEqual([{ rounds: 5 }]);
  });

  it('change the keys of a set together, and remember its name', () => {
    const { cells } = expandSweep(
      sweep(
        'axes: { link: { fast: { latencyMs: 1 }, slow: { latencyMs: 9, bandwidthMbps: 2 } }, seed: [1] }',
      ),
    );
    expect(cells).toEqual([
      { keys: { latencyMs: 1, seed: 1 }, labels: { link: 'fast' } },
      { keys: { latencyMs: 9, bandwidthMbps: 2, seed: 1 }, labels: { link: 'slow' } },
    ]);
  });

  it('go where an excluded entry has some of their values, by key or by the name of a set', () => {
    const axes = 'axes: { link: { fast: { latencyMs: 1 }, slow: { latencyMs: 9 } }, seed: [1, 2] }';
    expect(keysOf(`${axes}\nexclude: [{ seed: 2 }]`)).toHaveLength(2);
    expect(keysOf(`${axes}\nexclude: [{ link: slow, seed: 2 }]`)).toHaveLength(3);
    expect(keysOf(`${axes}\nexclude: [{ latencyMs: 9 }, { seed: 1 }]`)).toEqual([{ latencyMs: 1, seed: 2 }]);
  });

  it('are told apart from excludes that fit none of them', () => {
    const { idleExcludes, cells } = expandSweep(
      sweep('axes: { seed: [1] }\nexclude: [{ seed: 1 }, { seed: 7 }]'),
    );
    expect(idleExcludes).toEqual([1]);
    expect(cells).toEqual([]);
  });

  // The example of the documentation of GitHub Actions, "Expanding or adding matrix configurations", in our keys.
  it('are extended by an included entry that fits, and joined by one that fits none', () => {
    expect(
      keysOf(`
axes: { topology: [ring, star], seed: [1, 2] }
include:
  - { rounds: 7 }
  - { peers: 4, topology: ring }
  - { peers: 6, topology: ring, seed: 2 }
  - { topology: path, seed: 9 }
`),
    ).toEqual([
      { topology: 'ring', seed: 1, rounds: 7, peers: 4 },
      { topology: 'ring', seed: 2, rounds: 7, peers: 6 },
      { topology: 'star', seed: 1, rounds: 7 },
      { topology: 'star', seed: 2, rounds: 7 },
      { topology: 'path', seed: 9 },
    ]);
  });

  it('may be nothing but included entries', () => {
    expect(keysOf('settings: { rounds: 3 }\ninclude: [{ seed: 1 }, { seed: 2 }]')).toEqual([
      { rounds: 3, seed: 1 },
      { rounds: 3, seed: 2 },
    ]);
  });

  it('included by the name of a set have its keys', () => {
    const { cells } = expandSweep(
      sweep(`
axes: { link: { fast: { latencyMs: 1 }, slow: { latencyMs: 9 } }, seed: [1] }
exclude: [{ link: slow }]
include: [{ link: slow, seed: 5 }]`),
    );
    expect(cells.at(-1)).toEqual({ keys: { latencyMs: 9, seed: 5 }, labels: { link: 'slow' } });
  });

  it('are refused where there would be more than anybody runs', () => {
    const text = 'axes: { seed: { from: 1, to: 1000 }, rounds: { from: 1, to: 1000 } }';
    expect(() => keysOf(text)).toThrow(
      new RegExp(`1000000 cells \\(seed 1000 x rounds 1000\\).*${MAX_CELLS}`),
    );
  });
});

describe('the keys that vary', () => {
  it('are those of axes and includes, a named set under the name of its axis', () => {
    const text = `
axes: { seed: [1], link: { fast: { latencyMs: 1 } }, size: [{ peers: 2 }] }
include: [{ seed: 1, rounds: 3 }]`;
    expect(variedKeys(sweep(text))).toEqual(['seed', 'link', 'peers', 'rounds']);
  });
});
