import { describe, expect, it } from 'vitest';
import { GrapevineError } from '../../../src/base/errors.js';
import { printable, printableLines, quoted } from '../../../src/base/printable.js';

const ESCAPE = '\u001b]0;owned\u0007\u001b[2J\u009b31m';

describe('text of strangers', () => {
  it('moves no cursor, begins no line and turns nothing around', () => {
    expect(printable('\u001b[2Jgone\r\nINFO forged\u0007')).toBe(
      '\\u{1b}[2Jgone\\u{d}\\u{a}INFO forged\\u{7}',
    );
    expect(printable('abc\u202ecba \u2066x\u2069\u2028')).toBe(
      'abc\\u{202e}cba \\u{2066}x\\u{2069}\\u{2028}',
    );
    expect(printable('\u009b31m')).toBe('\\u{9b}31m');
    expect(printable('half \ud800')).toBe('half \\u{d800}');
  });

  it('stays as it is where it is text, in any script', () => {
    for (const text of ['Größe 3 µs', '日本語', 'שלום', '👩‍🔬', '東京 🍇'])
      expect(printable(text)).toBe(text);
  });

  it('keeps the lines that we have laid out ourselves', () => {
    expect(printableLines('one\n\ttwo\u001b[0m')).toBe('one\n\ttwo\\u{1b}[0m');
  });

  it('is cut where it is long', () => {
    expect(quoted('x'.repeat(1000), 10)).toBe(`${'x'.repeat(10)}...`);
    expect(quoted(`a${ESCAPE}`)).toBe(printable(`a${ESCAPE}`));
  });

  it('cannot get into the message of any error as an escape; lines of our own stay lines', () => {
    const text = `a\n\tb ${ESCAPE}\u202e`;
    expect(new GrapevineError('BAD_CONFIG', text).message).toBe(printableLines(text));
    expect(printableLines(text)).not.toMatch(/[^\P{Cc}\n\t]|\u202e/u);
    expect(printableLines('a\n\tb')).toBe('a\n\tb');
  });
});
