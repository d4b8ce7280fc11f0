/**
 * Text as characters: a sample is a window of `time` characters, its targets the characters that follow each of them
 * (Karpathy 2015, "The unreasonable effectiveness of recurrent neural networks"). Windows do not overlap; the last tenth
 * of every file is for testing. The vocabulary is that of the task's own text, sorted by code point, after one entry
 * for any other character: a device's own text is read with the same one.
 */
import type { Dataset, Samples } from './dataset.js';
import { badData } from './read-data-file.js';

export interface TextFile {
  readonly file: string;
  readonly text: string;
}

export interface Vocabulary {
  /** Characters in the order of their numbers; the first stands for all that are not listed. */
  readonly characters: readonly string[];
}

/** Stands for characters that the task's text does not have: U+FFFD. */
export const UNKNOWN_CHARACTER = '\uFFFD';
/** A text of more different characters than that is no text in one script, or no text. */
export const MAX_CHARACTERS = 4096;
const TEST_SHARE = 0.1;

/** @throws GrapevineError DATA_UNAVAILABLE where there are too many different characters */
export function vocabularyOf(files: readonly TextFile[]): Vocabulary {
  const found = new Set<string>();
  for (const { text } of files) for (const character of text) found.add(character);
  found.delete(UNKNOWN_CHARACTER);
  if (found.size >= MAX_CHARACTERS) {
    const wanted = `a text of at most ${MAX_CHARACTERS - 1}, in UTF-8`;
    throw badData(files[0]!.file, `${found.size} different characters`, wanted);
  }
  const sorted = [...found].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  return { characters: [UNKNOWN_CHARACTER, ...sorted] };
}

/** Numbers of the characters of `text`. */
export function encodeText(text: string, { characters }: Vocabulary): Uint16Array {
  const numbers = new Map(characters.map((character, number) => [character, number]));
  return Uint16Array.from(text, (character) => numbers.get(character) ?? 0);
}

/** Places of a long sequence at which windows begin. */
interface Windows {
  /** All files, one after another. */
  readonly numbers: Uint16Array;
  /** [count] */
  readonly starts: Uint32Array;
  /** [count] */
  readonly origins: Uint32Array;
}

function windowSamples({ numbers, starts, origins }: Windows, time: number): Samples {
  const copyInto = (out: Float32Array, indices: Uint32Array, shift: number): void => {
    for (let b = 0; b < indices.length; b++) {
      const from = starts[indices[b]!]! + shift;
      for (let t = 0; t < time; t++) out[b * time + t] = numbers[from + t]!;
    }
  };
  return {
    count: starts.length,
    labels: null,
    origins,
    inputsInto: (out, indices) => copyInto(out, indices, 0),
    targetsInto: (out, indices) => copyInto(out, indices, 1),
  };
}

interface Stretch {
  /** In the long sequence. */
  readonly from: number;
  readonly to: number;
  readonly origin: number;
}

function cutWindows(stretches: readonly Stretch[], time: number): Omit<Windows, 'numbers'> {
  const starts: number[] = [];
  const origins: number[] = [];
  for (const { from, to, origin } of stretches) {
    for (let start = from; start + time < to; start += time) {
      starts.push(start);
      origins.push(origin);
    }
  }
  return { starts: Uint32Array.from(starts), origins: Uint32Array.from(origins) };
}

export interface TextParts {
  readonly train: Samples;
  readonly test: Samples;
}

/** Windows of `files`, read with `vocabulary`. @throws GrapevineError DATA_UNAVAILABLE where a part has no window */
export function textParts(files: readonly TextFile[], vocabulary: Vocabulary, time: number): TextParts {
  const encoded = files.map(({ text }) => encodeText(text, vocabulary));
  const numbers = new Uint16Array(encoded.reduce((sum, { length }) => sum + length, 0));
  const [train, test]: [Stretch[], Stretch[]] = [[], []];
  let from = 0;
  encoded.forEach((own, origin) => {
    numbers.set(own, from);
    const to = from + own.length;
    const cut = to - Math.ceil(TEST_SHARE * own.length);
    train.push({ from, to: cut, origin });
    test.push({ from: cut, to, origin });
    from = to;
  });
  const [trainWindows, testWindows] = [cutWindows(train, time), cutWindows(test, time)];
  if (trainWindows.starts.length === 0 || testWindows.starts.length === 0) {
    const wanted = `more than ${Math.ceil((time + 1) / TEST_SHARE)} in a file, for windows of ${time}; or a smaller time`;
    throw badData(files[0]!.file, `${numbers.length} characters in all`, wanted);
  }
  return {
    train: windowSamples({ numbers, ...trainWindows }, time),
    test: windowSamples({ numbers, ...testWindows }, time),
  };
}

/** Share of the characters of `files` that `vocabulary` lacks. */
export function unknownShare(files: readonly TextFile[], vocabulary: Vocabulary): number {
  let [unknown, all] = [0, 0];
  for (const { text } of files) {
    const numbers = encodeText(text, vocabulary);
    all += numbers.length;
    for (const number of numbers) if (number === 0) unknown++;
  }
  return unknown / all;
}

/** As a data set whose targets are the places of `time` characters. */
export function textDataset(parts: TextParts, { characters }: Vocabulary, time: number): Dataset {
  return {
    name: 'text',
    inputShape: [time],
    targets: { kind: 'classes', classes: characters.length, perSample: time, names: characters },
    encoding: { kind: 'text', characters },
    ...parts,
  };
}
