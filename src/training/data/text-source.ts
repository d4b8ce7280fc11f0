/** A text of the user's as data that can be named: one file, or the .txt files of a directory, each an origin. */
import { GrapevineError } from '../../base/errors.js';
import { integerField, textField } from '../../base/registry.js';
import type { DataRequest } from './data-request.js';
import type { Dataset } from './dataset.js';
import { listFiles } from './listed-files.js';
import { readDataFile } from './read-data-file.js';
import { type TextFile, textDataset, textParts, unknownShare, vocabularyOf } from './text.js';

export interface TextOptions {
  readonly file?: string;
  readonly directory?: string;
  readonly time: number;
}

export const textFields = {
  file: textField('a text in UTF-8'),
  directory: textField('a directory with .txt files, each an origin'),
  time: integerField('characters in a window', 64, 2, 4096),
};

/** @throws GrapevineError BAD_SPEC where there is not one file or directory */
export function checkText(spec: string, { file, directory }: TextOptions): void {
  if ((file === undefined) !== (directory === undefined)) return;
  const name = spec.split(':')[0];
  throw new GrapevineError(
    'BAD_SPEC',
    `task ${name}: got ${file === undefined ? 'no text' : 'a file and a directory'}; wanted one of ` +
      `${name}:file=PATH (a text in UTF-8) or ${name}:directory=PATH (its .txt files).`,
  );
}

async function readTexts(files: readonly string[]): Promise<TextFile[]> {
  const texts: TextFile[] = [];
  for (const file of files)
    texts.push({ file, text: Buffer.from(await readDataFile(file)).toString('utf8') });
  return texts;
}

const textFiles = (directory: string): Promise<string[]> => listFiles(directory, '.txt');

/**
 * Options that checkText has passed. A device's own text is read with the vocabulary of the task's, and tested on the
 * task's test part.
 * @throws GrapevineError DATA_UNAVAILABLE
 */
export async function loadText(options: TextOptions, request: DataRequest): Promise<Dataset> {
  const { file, directory, time } = options;
  const shared = await readTexts(file === undefined ? await textFiles(directory!) : [file]);
  const vocabulary = vocabularyOf(shared);
  const parts = textParts(shared, vocabulary, time);
  if (request.dataDirectory === undefined) return textDataset(parts, vocabulary, time);
  const own = await readTexts(await textFiles(request.dataDirectory));
  const unknown = unknownShare(own, vocabulary);
  if (unknown > 0) {
    const share = `${(100 * unknown).toFixed(2)} %`;
    request.onNotice?.(
      `${share} of this device's characters are not in the task's text: taken as one unknown`,
    );
  }
  const { train } = textParts(own, vocabulary, time);
  return textDataset({ train, test: parts.test }, vocabulary, time);
}
