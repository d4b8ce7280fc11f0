/**
 * The one grammar that names everything a user can choose, on the command line and in YAML alike:
 *
 *     name            ring
 *     name:key=value,key=value       low-rank:rank=8,bits=4
 *
 * This file reads the grammar; registry.ts gives names and keys their meaning.
 */
import { GrapevineError } from './errors.js';

export interface Spec {
  readonly name: string;
  /** Keys in the order written; values as text. */
  readonly options: Readonly<Record<string, string>>;
}

const NAME = /^[a-z0-9][a-z0-9-]*$/;
const KEY = /^[a-z][A-Za-z0-9-]*$/;

/** Reads `text`; `kind` ("topology", "compressor", ...) heads the error message. */
export function parseSpec(text: string, kind: string): Spec {
  const fail = (problem: string): never => {
    throw new GrapevineError(
      'BAD_SPEC',
      `${kind} "${text}": ${problem}. Wanted name or name:key=value,key=value, for example torus:rows=4,cols=4.`,
      { kind, text },
    );
  };
  const trimmed = text.trim();
  const colon = trimmed.indexOf(':');
  const name = colon < 0 ? trimmed : trimmed.slice(0, colon);
  if (!NAME.test(name)) fail(`"${name}" is not a name`);
  const options: Record<string, string> = {};
  if (colon >= 0) {
    for (const pair of trimmed.slice(colon + 1).split(',')) {
      const equals = pair.indexOf('=');
      const key = (equals < 0 ? pair : pair.slice(0, equals)).trim();
      const value = equals < 0 ? '' : pair.slice(equals + 1).trim();
      if (!KEY.test(key) || value === '') fail(`"${pair}" is not key=value`);
      if (Object.hasOwn(options, key)) fail(`key "${key}" is given twice`);
      options[key] = value;
    }
  }
  return { name, options };
}

/** The canonical text of a spec, with the keys in the order of `options`. */
export function formatSpec(
  name: string,
  options: Readonly<Record<string, string | number | boolean>>,
): string {
  const pairs = Object.entries(options).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? name : `${name}:${pairs.join(',')}`;
}
