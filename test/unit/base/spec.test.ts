import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGrapevineError } from '../../../src/base/errors.js';
import { formatSpec, parseSpec } from '../../../src/base/spec.js';

const NAME = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}$/);
const KEY = fc.stringMatching(/^[a-z][A-Za-z0-9-]{0,8}$/);
/** Anything but nothing: paths with commas, spaces and quotes among them. */
const VALUE = fc.string({ minLength: 1, maxLength: 12 });

describe('the grammar name:key=value,key=value', () => {
  it.each([
    ['ring', 'ring', {}],
    ['torus:rows=4,cols=4', 'torus', { rows: '4', cols: '4' }],
    ['  low-rank : rank=8', null, {}],
    [' torus:rows = 4 , cols= 4 ', 'torus', { rows: '4', cols: '4' }],
    ['choco:gamma=a=b', 'choco', { gamma: 'a=b' }],
    ['csv:file=C:\\data\\x.csv', 'csv', { file: 'C:\\data\\x.csv' }],
    ['csv:file="a, ""b"".csv",target=y', 'csv', { file: 'a, "b".csv', target: 'y' }],
    ['csv:file=an "odd" name.csv', 'csv', { file: 'an "odd" name.csv' }],
  ] as const)('reads %j', (text, name, options) => {
    if (name === null) expect(() => parseSpec(text, 'compressor')).toThrow();
    else expect(parseSpec(text, 'compressor')).toEqual({ name, options });
  });

  it.each([
    ['', '"" is not a name'],
    ['Ring', '"Ring" is not a name'],
    ['-ring', '"-ring" is not a name'],
    ['ring:', '"" is not key=value'],
    ['ring:rows', '"rows" is not key=value'],
    ['ring:rows=', '"rows=" is not key=value'],
    ['ring:=4', '"=4" is not key=value'],
    ['ring:rows=4,', '"" is not key=value'],
    ['ring:rows=4,rows=5', 'key "rows" is given twice'],
    ['ring:file="a', 'file="a has a quote that does not end'],
    ['ring:file="a"b', 'file="a"b has a quote that does not end'],
    ['ring:__proto__=1', '"__proto__=1" is not key=value'],
  ])('refuses %j and says what it wanted', (text, problem) => {
    const error = caught(() => parseSpec(text, 'topology'));
    expect(isGrapevineError(error, 'BAD_SPEC')).toBe(true);
    expect(String(error)).toContain(`topology "${text}": ${problem}`);
    expect(String(error)).toContain('torus:rows=4,cols=4');
  });

  it('does not take names of object methods for keys given twice', () => {
    expect(parseSpec('ring:constructor=1,valueOf=2', 'topology').options).toEqual({
      constructor: '1',
      valueOf: '2',
    });
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(NAME, fc.dictionary(KEY, VALUE, { noNullPrototype: true }), (name, options) => {
        expect(parseSpec(formatSpec(name, options), 'thing')).toEqual({ name, options });
      }),
      { seed: 20260101 },
    );
  });
});

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}
