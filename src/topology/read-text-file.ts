/** Files that name a topology, read whole: a graph, or a matrix of latencies. */
import { readFileSync, statSync } from 'node:fs';
import { GrapevineError, messageOf } from '../base/errors.js';

/** A million nodes with the five million edges that a topology may have, as text, need less. */
const MAX_FILE_BYTES = 256 * 2 ** 20;

/** @throws GrapevineError BAD_SPEC where `file` cannot be read or is larger than MAX_FILE_BYTES */
export function readTextFile(family: string, file: string): string {
  try {
    const { size } = statSync(file);
    if (size <= MAX_FILE_BYTES) return readFileSync(file, 'utf8');
    throw badFile(family, file, `${size} bytes, wanted at most ${MAX_FILE_BYTES}`);
  } catch (error) {
    if (error instanceof GrapevineError) throw error;
    const advice = 'check the path; it is read from the directory in which grapevine was started';
    throw badFile(family, file, `cannot be read (${messageOf(error)}); ${advice}`);
  }
}

/** "topology graph-file, lan.json: <problem>." */
export function badFile(family: string, file: string, problem: string): GrapevineError {
  return new GrapevineError('BAD_SPEC', `topology ${family}, ${file}: ${problem}.`, { family, file });
}
