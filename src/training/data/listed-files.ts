/** The files that options name: one, or all of a directory with an ending, sorted by name. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.js';
import { badData } from './read-data-file.js';

/** Files below `directory`, also in folders of it, whose names end in `ending`. @throws GrapevineError DATA_UNAVAILABLE */
export async function listFiles(directory: string, ending: string): Promise<string[]> {
  const wanted = `a directory with files that end in ${ending}`;
  let names: string[];
  try {
    names = await readdir(directory, { recursive: true });
  } catch (error) {
    throw badData(directory, messageOf(error), wanted);
  }
  const found = names.filter((name) => name.endsWith(ending)).sort();
  if (found.length === 0) throw badData(directory, `${names.length} other files`, wanted);
  return found.map((name) => join(directory, name));
}
