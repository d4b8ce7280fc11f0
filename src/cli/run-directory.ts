/**
 * What evaluate and predict find at a path: a run directory, a checkpoint of one, or a model.json. A run directory knows
 * its task, seed and engine by its config.json.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GrapevineError, messageOf } from '../base/errors.js';
import { type EngineChoice, engineChoices } from '../training/engine.js';

export interface RunFacts {
  readonly task: string;
  readonly peers: number;
  readonly seed: number;
  readonly engine: EngineChoice;
}

export type Found =
  | { readonly kind: 'checkpoint'; readonly path: string; readonly run: RunFacts | null }
  | { readonly kind: 'model'; readonly path: string; readonly run: RunFacts | null };

const CHECKPOINT = join('checkpoints', 'mean-model.safetensors');
const MODEL = join('model', 'model.json');

function readRun(directory: string): RunFacts | null {
  const path = join(directory, 'config.json');
  if (!existsSync(path)) return null;
  try {
    const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const engine = engineChoices.find((choice) => choice === config.engine) ?? 'auto';
    const { task, peers, seed } = config;
    if (typeof task === 'string' && typeof peers === 'number' && typeof seed === 'number')
      return { task, peers, seed, engine };
  } catch (cause) {
    throw new GrapevineError('BAD_USAGE', `${path} cannot be read (${messageOf(cause)}).`, { path }, cause);
  }
  return null;
}

function nothingThere(path: string, got: string): GrapevineError {
  return new GrapevineError(
    'BAD_USAGE',
    `${path}: got ${got}; wanted a run directory, a checkpoint (.safetensors) or a model.json.`,
    { path },
  );
}

/** The mean model, or where one peer has written alone, its own. */
function checkpointIn(path: string): string {
  const mean = join(path, CHECKPOINT);
  const directory = join(path, 'checkpoints');
  if (existsSync(mean) || !existsSync(directory)) return mean;
  const own = readdirSync(directory).filter((name) => /^peer-\d+\.safetensors$/.test(name));
  return own.length === 1 ? join(directory, own[0]!) : mean;
}

/** `prefer`: which of a run directory's two forms. @throws GrapevineError BAD_USAGE */
export function findModel(path: string, prefer: Found['kind']): Found {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw nothingThere(path, 'nothing');
  if (!stat.isDirectory()) {
    const run = readRun(join(dirname(path), '..'));
    if (path.endsWith('.safetensors')) return { kind: 'checkpoint', path, run };
    if (path.endsWith('.json')) return { kind: 'model', path, run };
    throw nothingThere(path, 'a file of another kind');
  }
  const run = readRun(path);
  const places = { checkpoint: checkpointIn(path), model: join(path, MODEL) };
  if (existsSync(places[prefer])) return { kind: prefer, path: places[prefer], run };
  if (existsSync(join(path, 'model.json')))
    return { kind: 'model', path: join(path, 'model.json'), run: run ?? readRun(join(path, '..')) };
  throw nothingThere(
    path,
    run === null ? 'a directory without config.json' : `a run that has left no ${places[prefer]}`,
  );
}
