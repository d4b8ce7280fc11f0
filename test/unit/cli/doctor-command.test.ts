import { describe, expect, it } from 'vitest';
import { wrapped } from '../../../src/cli/doctor-command.js';

describe('what doctor prints', () => {
  it('breaks between words, within the columns that there are, and loses none', () => {
    const text = 'forward a port to this machine and say --announce /ip4/PUBLIC-ADDRESS/tcp/PORT';
    const lines = wrapped(text, 24);
    expect(lines.join(' ')).toBe(text);
    expect(lines.map((line) => line.length <= 24)).toEqual([true, true, true, false]); // an address is not cut
    expect(wrapped(text, Number.POSITIVE_INFINITY)).toEqual([text]);
  });
});
