import { describe, expect, it } from 'vitest';
import { GrapevineError } from '../../../src/base/errors.js';
import { printable, withoutEscapes } from '../../../src/base/printable.js';

const ESCAPE = '\u001b]0;owned\u0007\u001b[2J\u009b31m';

describe("another's words", () => {
  it('are one line without anything that a terminal obeys', () => {
    const line = printable(`peer\r\nrefused: me ${ESCAPE}\u202e\u2028\ud800 ok`);
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    expect(line).toContain('refused: me');
    expect(line).toMatch(/ ok$/);
  });

  it('are cut where they are long, and stay what they are where they are harmless', () => {
    expect(printable('x'.repeat(1000), 10)).toBe(`${'x'.repeat(10)}...`);
    expect(printable('Zürich, 東京 🍇')).toBe('Zürich, 東京 🍇');
  });

  it('cannot get into the message of any error as an escape; lines of our own stay lines', () => {
    expect(new GrapevineError('BAD_CONFIG', `a\n\tb ${ESCAPE}`).message).toBe(
      withoutEscapes(`a\n\tb ${ESCAPE}`),
    );
    expect(withoutEscapes(`a\n\tb ${ESCAPE}\u202e`)).not.toMatch(/[^\P{Cc}\n\t]|\u202e/u);
    expect(withoutEscapes('a\n\tb')).toBe('a\n\tb');
  });
});
