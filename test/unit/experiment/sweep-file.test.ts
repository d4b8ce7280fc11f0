import { describe, expect, it } from 'vitest';
import { parseSweep } from '../../../src/experiment/sweep-file.js';
import { sweepKeys } from '../../reference/sweep-keys.js';

const parse = (text: string) => parseSweep(text, 'sweep.yaml', sweepKeys);

describe('the file of an experiment', () => {
  it('has plain axes, ranges, and sets of keys with and without a name', () => {
    const { axes, driver, name, timeoutSeconds } = parse(`
name: first
timeoutSeconds: 90
axes:
  topology: [ring, torus]
  seed: { from: 2, to: 6, step: 2 }
  link:
    fast: { latencyMs: 1 }
    slow: { latencyMs: 100, bandwidthMbps: 1 }
  size:
    - { peers: 4, rounds: 20 }
  faults: [[], ["kill:peer=1,at=5"]]
`);
    expect({ driver, name, timeoutSeconds }).toEqual({
      driver: 'simulate',
      name: 'first',
      timeoutSeconds: 90,
    });
    const plain = axes.map((axis) => [axis.name, axis.values.map(({ label, keys }) => [label, keys])]);
    expect(plain).toEqual([
      [
        'topology',
        [
          [null, { topology: 'ring' }],
          [null, { topology: 'torus' }],
        ],
      ],
      ['seed', [2, 4, 6].map((seed) => [null, { seed }])],
      [
        'link',
        [
          ['fast', { latencyMs: 1 }],
          ['slow', { latencyMs: 100, bandwidthMbps: 1 }],
        ],
      ],
      ['size', [[null, { peers: 4, rounds: 20 }]]],
      [
        'faults',
        [
          [null, { faults: [] }],
          [null, { faults: ['kill:peer=1,at=5'] }],
        ],
      ],
    ]);
  });

  it('may be JSON, and may be empty', () => {
    expect(parse('{"axes": {"seed": [1]}}').axes).toHaveLength(1);
    expect(parse('')).toMatchObject({ settings: {}, axes: [], include: [], exclude: [] });
  });

  const mistakes: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    ['text that is no YAML', 'axes: [', /^sweep\.yaml:1:\d+: /],
    [
      'a key of the file that does not exist',
      'settings: {}\naxis: {}',
      /^sweep\.yaml:2:1: axis: unknown key "axis"\. Did you mean "axes"\?/,
    ],
    [
      'a setting that does not exist',
      'settings:\n  peer: 3',
      /^sweep\.yaml:2:3: settings\.peer: unknown key "peer"\. Did you mean "peers"\?/,
    ],
    [
      'a setting of the wrong kind',
      'settings:\n  peers: many',
      /^sweep\.yaml:2:10: settings\.peers: .*number.*"many"/,
    ],
    [
      'a value of an axis out of range',
      'axes:\n  peers: [8, 0]',
      /^sweep\.yaml:2:14: axes\.peers\.1: .*>=1.*got 0/,
    ],
    [
      'an axis that is no key, with plain values',
      'axes:\n  topolgy: [ring]',
      /^sweep\.yaml:2:13: axes\.topolgy\.0: .*Did you mean "topology"\?/,
    ],
    [
      'an axis that is a single value',
      'axes:\n  seed: 3',
      /^sweep\.yaml:2:9: axes\.seed: wanted a list of values/,
    ],
    ['an empty axis', 'axes:\n  seed: []', /^sweep\.yaml:2:9: axes\.seed: /],
    [
      'a range that goes nowhere',
      'axes:\n  seed: { from: 3, to: 1 }',
      /^sweep\.yaml:2:9: axes\.seed: a range of 0 numbers/,
    ],
    [
      'a key of a set that does not exist',
      'axes:\n  link:\n    slow: { latncyMs: 1 }',
      /^sweep\.yaml:3:13: axes\.link\.slow\.latncyMs: .*"latencyMs"/,
    ],
    [
      'a key of two axes',
      'axes:\n  seed: [1]\n  both: [{ seed: 2 }]',
      /"seed" is set by the axis "seed", too/,
    ],
    [
      'a key of an axis and of the settings',
      'settings: { seed: 1 }\naxes: { seed: [1] }',
      /^sweep\.yaml:1:13: settings\.seed: "seed" is set by the axis "seed"/,
    ],
    ['a key that cannot stand there', 'settings: { out: here }', /belongs to --out/],
    [
      'an excluded key that does not exist',
      'exclude: [{ sed: 1 }]',
      /^sweep\.yaml:1:13: exclude\.0\.sed: .*"seed"/,
    ],
    [
      'an excluded name of a set that does not exist',
      'axes: { link: { fast: { latencyMs: 1 } } }\nexclude: [{ link: fats }]',
      /^sweep\.yaml:2:19: exclude\.0\.link: unknown value of the axis "link" "fats"\. Did you mean "fast"\?/,
    ],
    ['another driver', 'driver: swram', /^sweep\.yaml:1:9: driver: .*simulate.*swarm/],
    ['a name that is no directory', 'name: ../up', /^sweep\.yaml:1:7: name: wanted letters/],
  ];
  for (const [what, text, message] of mistakes) {
    it(`is refused for ${what}, by line and column`, () => {
      expect(() => parse(text)).toThrow(message);
    });
  }

  it('has all its mistakes named at once, a line each', () => {
    expect(() => parse('settings:\n  peer: 3\n  rond: 2\naxes:\n  seed: [x]')).toThrow(
      /2:3.*\n.*3:3.*\n.*5:10/,
    );
  });
});
