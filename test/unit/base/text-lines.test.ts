import { describe, expect, it } from 'vitest';
import { lineEntries, textLines } from '../../../src/base/text-lines.js';

describe('a text file of lines', () => {
  it('has no comments, no blank lines and no space around its lines', () => {
    expect(textLines('# a head\r\n 1, 2 # two\n\n \t\n3;4\n')).toEqual(['1, 2', '3;4']);
    expect(textLines('')).toEqual([]);
  });

  it('has entries apart by commas, semicolons or spaces, and empty ones between commas', () => {
    expect(lineEntries('1, 2;3\t4  5')).toEqual(['1', '2', '3', '4', '5']);
    expect(lineEntries('1,,2')).toEqual(['1', '', '2']);
  });
});
