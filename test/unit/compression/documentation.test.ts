/** docs/compression.md, its table of operators: every row is here, and what it says of bytes and bounds is computed. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nearestOmega } from '../../../src/compression/block-quantization.js';
import { BLOCK_HEADER_BYTES } from '../../../src/compression/message.js';
import { ditheringVariance } from '../../../src/compression/natural-dithering.js';
import { qsgdVariance } from '../../../src/compression/qsgd.js';
import { compressors } from '../../../src/compression/registry.js';
import { ternaryVariance } from '../../../src/compression/ternary.js';

interface Row {
  readonly bounds: string;
  readonly bytes: string;
}

const rows = new Map<string, Row>();
const text = readFileSync(new URL('../../../docs/compression.md', import.meta.url), 'utf8');
const table = text.slice(text.indexOf('| operator |'), text.indexOf('## Measured'));
for (const line of table.split('\n')) {
  const [names = '', , , bounds = '', bytes = ''] = line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
  if (names.startsWith('`'))
    for (const [, name] of names.matchAll(/`([a-z0-9-]+)`/g)) rows.set(name!, { bounds, bytes });
}

const up = Math.ceil;

/** The longest body for m x n, by the formula whose text the row has; the options of the spec put in. */
const formulas: readonly (readonly [spec: string, text: string, bytes: (m: number, n: number) => number])[] =
  [
    ['none', '4d', (m, n) => 4 * m * n],
    ['low-rank:rank=3,bits=4', 'r(m+n) b/8 + 8r', (m, n) => up(3 * m * 0.5) + up(3 * n * 0.5) + 24],
    ['low-rank:rank=3,bits=16', 'r(m+n) b/8 + 8r', (m, n) => 6 * (m + n) + 24],
    ['low-rank:rank=3,bits=32', '4r(m+n) at 32 bits', (m, n) => 12 * (m + n)],
    ['svd:rank=2,bits=8', 'as `low-rank`', (m, n) => 2 * (m + n) + 16],
    ['randomized-svd:rank=2,bits=8', 'as `low-rank`', (m, n) => 2 * (m + n) + 16],
    ['adaptive-rank:max-rank=2,bits=8', 'as `low-rank` with the rank chosen', (m, n) => 2 * (m + n) + 16],
    ['sdd:terms=5', '4k + k(m+n)/8', (m, n) => 20 + up((5 * (m + n)) / 8)],
    ['top-k:count=9', '8k', () => 72],
    ['rand-k:count=9', '4k + 8', () => 44],
    ['threshold', '8 an entry kept', (m, n) => 8 * m * n],
    ['wangni', '8 + 8e + 4 for each sampled entry', (m, n) => 8 + 8 * m * n],
    [
      'qsgd:levels=16,bucket=100',
      'd(1 + ceil(log2(s+1)))/8',
      (m, n) => 4 * up((m * n) / 100) + up((m * n * 6) / 8),
    ],
    [
      'quantize:bits=3,bucket=100',
      'd b/8 + 4 a bucket',
      (m, n) => 4 * up((m * n) / 100) + up((m * n * 3) / 8),
    ],
    ['int8', 'd b/8 + 4 a bucket', (m, n) => 4 * up((m * n) / 256) + m * n],
    ['natural', '9d/8', (m, n) => up((m * n) / 8) + m * n],
    [
      'natural-dithering:levels=7,bucket=50',
      'd(1 + ceil(log2(s+1)))/8',
      (m, n) => 4 * up((m * n) / 50) + up((m * n * 4) / 8),
    ],
    ['sign', 'd/8 + 4', (m, n) => up((m * n) / 8) + 4],
    ['ternary:bucket=100', 'd/5 + 4 a bucket', (m, n) => up((m * n) / 5) + 4 * up((m * n) / 100)],
  ];

describe('the table of operators in docs/compression.md', () => {
  it('has a row for every operator, and no other', () => {
    const names = compressors.entries.map(({ name }) => name);
    expect([...rows.keys()].sort()).toEqual([...names].sort());
    expect(new Set(formulas.map(([spec]) => spec.split(':')[0]))).toEqual(new Set(names));
  });

  it.each(formulas)('says how many bytes %s takes: %s', (spec, text, bytes) => {
    expect(rows.get(spec.split(':')[0]!)?.bytes).toContain(text);
    for (const [rows, cols] of [
      [37, 24],
      [128, 128],
      [50, 199],
    ] as const) {
      const blocks = [{ name: 'x', offset: 0, rows, cols }];
      expect(compressors.resolve(spec).encodedBytes(blocks) - BLOCK_HEADER_BYTES).toBe(bytes(rows, cols));
    }
  });

  it('says the bounds that the code computes and the conformance suite tests', () => {
    const bounds = (name: string): string => rows.get(name)!.bounds;
    for (const n of [1, 10, 1000]) {
      const shape = { name: 'x', rows: 1, cols: n };
      for (const s of [1, 4, 50]) {
        const grid = { levels: s, norm: 'l2', bucket: 0 } as const;
        expect(qsgdVariance(shape, grid)).toBeCloseTo(Math.min(n / s ** 2, Math.sqrt(n) / s), 12);
        const t = Math.sqrt(n) * 2 ** (1 - s);
        expect(ditheringVariance(shape, grid)).toBeCloseTo(1 / 8 + t * Math.min(1, t), 9);
      }
      for (const bits of [2, 5, 8]) {
        const L = 2 ** (bits - 1) - 1;
        expect(nearestOmega(shape, { bits, bucket: 0 })).toBeCloseTo((4 * L * L) / (4 * L * L + n - 1), 12);
      }
      expect(ternaryVariance(shape, 0)).toBeCloseTo((Math.sqrt(n) - 1) / 2, 12);
    }
    expect(bounds('qsgd')).toContain('U = min(d/s^2, sqrt(d)/s) a bucket');
    expect(bounds('natural-dithering')).toContain('U = 1/8 + sqrt(n) 2^(1-s) min(1, sqrt(n) 2^(1-s))');
    expect(bounds('quantize')).toContain('omega = 4L^2/(4L^2 + n - 1), L = 2^(b-1) - 1');
    expect(bounds('ternary')).toContain('U = (sqrt(n) - 1)/2 a bucket');
  });
});
