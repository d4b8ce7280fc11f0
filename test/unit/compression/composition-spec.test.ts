import { describe, expect, it } from 'vitest';
import { compressors } from '../../../src/compression/registry.js';

const lowRank = 'low-rank:rank=8,bits=4,iterations=1';
const topK = 'top-k:fraction=0.01';

describe('the grammar of compressors', () => {
  it('spells out every option of every part, and reads its own spelling', () => {
    const canonical = {
      'low-rank + int8': `${lowRank}+int8`,
      'top-k+int8': `${topK}+int8`,
      'low-rank:rank=4++top-k': `low-rank:rank=4,bits=4,iterations=1++${topK}`,
      'low-rank+top-k+int8++none': `${lowRank}+${topK}+int8++none`,
      ' ef+top-k': `ef+${topK}`,
      'ef+low-rank++int8': `ef+${lowRank}++int8`,
      'per-layer:conv*=low-rank,*=int8': `per-layer:conv*=${lowRank},*=int8`,
      'per-layer:conv*=low-rank:rank=8,bits=4,b?=ef+top-k:fraction=0.01,*=int8': `per-layer:conv*=${lowRank},b?=ef+${topK},*=int8`,
      'ef+per-layer:a=int8,*=top-k+int8': `ef+per-layer:a=int8,*=${topK}+int8`,
      'threshold:value=1e+2++int8': 'threshold:value=100++int8',
    };
    for (const [written, spelled] of Object.entries(canonical)) {
      const text = written.replaceAll(' + ', '+');
      expect(compressors.canonical(text)).toBe(spelled);
      expect(compressors.resolve(spelled).spec).toBe(spelled);
    }
  });

  it('lists the families, each of which is a spec by its name alone', () => {
    const names = compressors.entries.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['low-rank', 'svd', 'sdd', 'rand-k', 'wangni', 'sign']));
    for (const name of names) expect(compressors.resolve(name).spec.startsWith(name)).toBe(true);
  });

  it('refuses what it cannot build, and says what would do', () => {
    const refusal = (part: string) =>
      expect.objectContaining({ code: 'BAD_SPEC', message: expect.stringContaining(part) });
    const bad = {
      ef: 'ef+top-k',
      'ef+': 'is not a name',
      'ef+ef+int8': 'twice',
      'int8+none': 'no numbers to hand to none',
      'sdd+int8': 'Use ++ for two stages',
      'low-rank+': 'compressor',
      'low-rank++': 'compressor',
      'low-rank+in8': 'Did you mean "int8"?',
      'per-layer': 'wanted rules',
      'per-layer:': 'pattern=compressor',
      'per-layer:int8': 'pattern=compressor',
      'per-layer:=int8': 'pattern=compressor',
      'per-layer:a=int7': 'Did you mean "int8"?',
      'per-layer:a=per-layer:b=int8': 'compressor',
      'none++none++none++none++none++none': '5 compositions in one another',
      'top-k+top-k+top-k+top-k+top-k+none': '5 compositions in one another',
    };
    for (const [text, part] of Object.entries(bad))
      expect(() => compressors.canonical(text), text).toThrowError(refusal(part));
    expect(compressors.canonical('none++none++none++none++none')).toBe('none++none++none++none++none');
  });
});
