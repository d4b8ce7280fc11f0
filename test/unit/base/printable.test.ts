import { describe, expect, it } from 'vitest';
import { printable, printableLines } from '../../../src/base/printable.js';

describe('text of strangers', () => {
  it('moves no cursor, begins no line and turns nothing around', () => {
    expect(printable('\u001b[2Jgone\r\nINFO forged\u0007')).toBe(
      '\\u{1b}[2Jgone\\u{d}\\u{a}INFO forged\\u{7}',
    );
    expect(printable('abc\u202ecba \u2066x\u2069\u2028')).toBe(
      'abc\\u{202e}cba \\u{2066}x\\u{2069}\\u{2028}',
    );
    expect(printable('\u009b31m')).toBe('\\u{9b}31m');
  });

  it('stays as it is where it is text, in any script', () => {
    for (const text of ['Größe 3 µs', '日本語', 'שלום', '👩‍🔬']) expect(printable(text)).toBe(text);
  });

  it('keeps the lines that we have laid out ourselves', () => {
    expect(printableLines('one\n\ttwo\u001b[0m')).toBe('one\n\ttwo\\u{1b}[0m');
  });
});
