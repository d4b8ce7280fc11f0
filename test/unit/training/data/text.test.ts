import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Samples } from '../../../../src/training/data/dataset.js';
import { encodeText, textParts, unknownShare, vocabularyOf } from '../../../../src/training/data/text.js';
import { tasks } from '../../../../src/training/tasks/registry.js';
import { grammarText } from '../../../reference/data-files.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'grapevine-text-'));
});
afterAll(() => rm(root, { recursive: true }));

const alphabet = 'abcdefghijklmnopqrstuvwxyz';

function windows(samples: Samples, time: number): { inputs: string[]; targets: string[] } {
  const { characters } = vocabularyOf([{ file: 'x', text: alphabet }]);
  const all = Uint32Array.from({ length: samples.count }, (_, k) => k);
  const spell = (fill: (out: Float32Array, indices: Uint32Array) => void) => {
    const out = new Float32Array(samples.count * time);
    fill(out, all);
    const text = Array.from(out, (number) => characters[number]!).join('');
    return Array.from(all, (n) => text.slice(n * time, (n + 1) * time));
  };
  return { inputs: spell(samples.inputsInto), targets: spell(samples.targetsInto) };
}

describe('a text', () => {
  it('is cut into windows that do not overlap; targets are one character on', () => {
    const files = [{ file: 'x', text: alphabet.repeat(2) }];
    const { train, test } = textParts(files, vocabularyOf(files), 5);
    const { inputs, targets } = windows(train, 5);
    expect(inputs).toEqual(['abcde', 'fghij', 'klmno', 'pqrst', 'uvwxy', 'zabcd', 'efghi', 'jklmn', 'opqrs']);
    expect(targets[5]).toBe('abcde');
    expect(windows(test, 5)).toEqual({ inputs: ['uvwxy'], targets: ['vwxyz'] });
  });

  it('in several files keeps windows within a file, and knows which', () => {
    const files = [
      { file: 'x', text: alphabet.repeat(2) },
      { file: 'y', text: alphabet.repeat(2) },
    ];
    const { train } = textParts(files, vocabularyOf(files), 5);
    expect([...train.origins!]).toEqual([...new Array(9).fill(0), ...new Array(9).fill(1)]);
    expect(windows(train, 5).inputs.slice(9)).toEqual(windows(train, 5).inputs.slice(0, 9));
  });

  it('has a vocabulary in the order of code points, after one entry for all else', () => {
    const vocabulary = vocabularyOf([{ file: 'x', text: 'bça𝔤\nb' }]);
    expect(vocabulary.characters).toEqual(['\uFFFD', '\n', 'a', 'b', 'ç', '𝔤']);
    expect([...encodeText('𝔤a?', vocabulary)]).toEqual([5, 2, 0]);
    expect(unknownShare([{ file: 'x', text: 'a?b!' }], vocabulary)).toBe(0.5);
  });

  it('that is too short, or of too many characters, is refused', () => {
    const short = [{ file: 'x', text: 'hello' }];
    expect(() => textParts(short, vocabularyOf(short), 64)).toThrow(
      /x: got 5 characters in all; wanted more than 650 in a file, for windows of 64/,
    );
    const codes = Array.from({ length: 5000 }, (_, k) => String.fromCodePoint(0x4e00 + k)).join('');
    expect(() => vocabularyOf([{ file: 'x', text: codes }])).toThrow(
      /5000 different characters; wanted .*UTF-8/,
    );
  });
});

describe("a device's own text", () => {
  it("is read with the task's vocabulary, tested on the task's text, and strangers are counted", async () => {
    await writeFile(join(root, 'shared.txt'), grammarText(100));
    await mkdir(join(root, 'own'));
    await writeFile(join(root, 'own', 'a.txt'), `${grammarText(50, 2)} Äöü`);
    const task = tasks.resolve(`char-lm:file=${join(root, 'shared.txt')},time=16`);
    const notices: string[] = [];
    const request = { cacheDirectory: root, onNotice: (sentence: string) => notices.push(sentence) };
    const { data: shared } = await task.open!(request);
    const { data: own } = await task.open!({ ...request, dataDirectory: join(root, 'own') });
    expect(own.targets).toEqual(shared.targets);
    expect(own.test.count).toBe(shared.test.count);
    expect(own.train.count).not.toBe(shared.train.count);
    expect(notices).toEqual([expect.stringMatching(/^0\.\d\d % of this device's characters/)]);
    await expect(task.open!({ ...request, dataDirectory: join(root, 'none') })).rejects.toThrow(
      /none: got ENOENT/,
    );
  });

  it('wants a file or a directory', () => {
    expect(() => tasks.resolve('char-lm')).toThrow(/got no text; wanted one of char-lm:file=PATH/);
  });
});
