import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatDuration,
  formatPercent,
  formatRatio,
  formatReal,
  groupThousands,
  NOT_MEASURED,
} from '../../../src/report/format.js';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [1234, '1.23 kB'],
    [9994, '9.99 kB'],
    [9996, '10.0 kB'],
    [99_949, '99.9 kB'],
    [99_951, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'], // never "1000 kB"
    [45_600_000, '45.6 MB'],
    [1e12, '1.00 TB'],
    [1e19, '10000 PB'],
    [-1500, '-1.50 kB'],
  ])('writes %d as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('formatDuration', () => {
  it.each([
    [0, '0.00 s'],
    [0.254, '0.25 s'],
    [0.9999, '1.0 s'],
    [12.34, '12.3 s'],
    [59.96, '1 min 00 s'], // never "60.0 s"
    [125, '2 min 05 s'],
    [3599.6, '1 h 00 min'], // never "59 min 60 s"
    [11_220, '3 h 07 min'],
  ])('writes %d seconds as %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe('formatReal', () => {
  it.each([
    [0, '0'],
    [0.1234567, '0.1235'],
    [-2.5, '-2.5000'],
    [123.456, '123.46'],
    [0.00012, '1.2e-4'],
    [3.4e9, '3.4e+9'],
  ])('writes %d as %s', (value, text) => expect(formatReal(value)).toBe(text));
});

describe('the other formats', () => {
  it('write shares, ratios and counts', () => {
    expect(formatPercent(0.9312)).toBe('93.1%');
    expect(formatPercent(1, 0)).toBe('100%');
    expect(formatRatio(9.87)).toBe('9.9x');
    expect(formatRatio(33.4)).toBe('33x');
    expect(formatRatio(1234)).toBe('1,234x');
    expect(groupThousands(101_770)).toBe('101,770');
    expect(groupThousands(999)).toBe('999');
  });

  it('all write a dash for what was not measured, and never "NaN" or "Infinity"', () => {
    const formats = [formatBytes, formatDuration, formatPercent, formatRatio, formatReal, groupThousands];
    for (const format of formats) {
      for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(format(value)).toBe(NOT_MEASURED);
      }
    }
  });
});
