/**
 * The one grammar that names everything a user can choose, on the command line and in YAML alike:
 *
 *     name            ring
 *     name:key=value,key=value       low-rank:rank=8,bits=4
 *
 * A value with a comma, a quote or spaces at its ends stands in double quotes, and a quote inside is written twice:
 *
 *     csv:file="sales, north.csv",target=price
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

/** Cuts at commas outside of quotes. */
function splitPairs(text: string): string[] {
  const pairs = [''];
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted; // a doubled quote leaves and enters again
    if (character === ',' && !quoted) pairs.push('');
    else pairs[pairs.length - 1] += character;
  }
  return pairs;
}

/** The text that stands in quotes; null where quotes are open or followed by something. */
function unquote(value: string): string | null {
  if (!value.startsWith('"')) return value;
  return /^"(?:[^"]|"")*"$/.test(value) ? value.slice(1, -1).replaceAll('""', '"') : null;
}

function quote(value: string): string {
  return /,|^\s|\s$|"/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

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
    for (const pair of splitPairs(trimmed.slice(colon + 1))) {
      const equals = pair.indexOf('=');
      const key = (equals < 0 ? pair : pair.slice(0, equals)).trim();
      const value = equals < 0 ? '' : unquote(pair.slice(equals + 1).trim());
      if (!KEY.test(key) || value === '') fail(`"${pair}" is not key=value`);
      if (Object.hasOwn(options, key)) fail(`key "${key}" is given twice`);
      options[key] = value ?? fail(`${pair} has a quote that does not end`);
    }
  }
  return { name, options };
}

/** The canonical text of a spec, with the keys in the order of `options`. */
export function formatSpec(
  name: string,
  options: Readonly<Record<string, string | number | boolean>>,
): string {
  const pairs = Object.entries(options).map(([key, value]) => `${key}=${quote(String(value))}`);
  return pairs.length === 0 ? name : `${name}:${pairs.join(',')}`;
}
