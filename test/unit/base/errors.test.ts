import { describe, expect, it } from 'vitest';
import { assert } from '../../../src/base/assert.js';
import { errorCodes, GrapevineError, isGrapevineError, messageOf } from '../../../src/base/errors.js';

describe('GrapevineError', () => {
  it('carries code, message, facts and cause', () => {
    const cause = new Error('socket closed');
    const error = new GrapevineError('LINK_DOWN', 'no link', { neighbor: 3 }, cause);
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.code, error.message]).toEqual(['GrapevineError', 'LINK_DOWN', 'no link']);
    expect(error.facts).toEqual({ neighbor: 3 });
    expect(error.cause).toBe(cause);
  });

  it('has no cause and no facts unless given', () => {
    const error = new GrapevineError('LINK_DOWN', 'no link');
    expect('cause' in error).toBe(false);
    expect(error.facts).toEqual({});
  });

  it('is told by its code, not by its message', () => {
    const error: unknown = new GrapevineError('BAD_SPEC', 'LINK_DOWN');
    expect(isGrapevineError(error)).toBe(true);
    expect(isGrapevineError(error, 'BAD_SPEC')).toBe(true);
    expect(isGrapevineError(error, 'LINK_DOWN')).toBe(false);
    expect(isGrapevineError(new Error('BAD_SPEC'))).toBe(false);
    expect(isGrapevineError({ code: 'BAD_SPEC' }, 'BAD_SPEC')).toBe(false);
    expect(isGrapevineError(undefined)).toBe(false);
  });

  it('has each code once', () => {
    expect(new Set(errorCodes).size).toBe(errorCodes.length);
  });
});

it('messageOf gives the text of anything thrown', () => {
  expect([new Error('a'), 'b', 3, undefined, null].map(messageOf)).toEqual([
    'a',
    'b',
    '3',
    'undefined',
    'null',
  ]);
});

it('assert throws a plain error that calls itself a bug, so that nobody handles it by code', () => {
  expect(() => assert(true, 'one is one')).not.toThrow();
  expect(() => assert(false, 'one is two')).toThrow(/one is two.*bug/);
  try {
    assert(false, 'one is two');
  } catch (error) {
    expect(isGrapevineError(error)).toBe(false);
  }
});
