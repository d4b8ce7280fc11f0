/**
 * Where configuration comes from, later ones winning: the defaults, a YAML or JSON file, GRAPEVINE_* variables,
 * flags. Each source is read into plain keys here; verify.ts gives them meaning.
 */
import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { GrapevineError, messageOf } from '../base/errors.js';

export type ConfigKeys = Readonly<Record<string, unknown>>;

/** GRAPEVINE_LOCAL_STEPS for localSteps. */
export function environmentName(key: string): string {
  return `GRAPEVINE_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** --local-steps for localSteps. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** A number where the text is one: environment and flags carry text, the schema wants types. */
export function typedValue(text: string): string | number {
  const value = Number(text);
  return text.trim() !== '' && Number.isFinite(value) ? value : text;
}

/** The `keys` that `environment` sets. */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  keys: readonly string[],
): ConfigKeys {
  const found: Record<string, unknown> = {};
  for (const key of keys) {
    const text = environment[environmentName(key)];
    if (text !== undefined && text !== '') found[key] = typedValue(text);
  }
  return found;
}

/**
 * Reads a YAML or JSON file (JSON is YAML).
 * @throws GrapevineError BAD_CONFIG with line and column.
 */
export async function readConfigFile(path: string): Promise<ConfigKeys> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new GrapevineError(
      'BAD_CONFIG',
      `--config ${path}: cannot be read (${messageOf(cause)}).`,
      { path },
      cause,
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new GrapevineError('BAD_CONFIG', `${path}:${line}:${col}: ${error.message.split('\n')[0]}`, {
      path,
      line,
      col,
    });
  }
  const value: unknown = document.toJS();
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new GrapevineError('BAD_CONFIG', `${path}: wanted keys and values such as "peers: 8".`, { path });
  }
  return value as ConfigKeys;
}
