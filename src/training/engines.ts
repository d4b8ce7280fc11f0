/**
 * Which engine trains a network: what the user asked for, or the fastest that runs it here. The lean engine comes
 * first, then tfjs-node where it is installed, TensorFlow.js on WebAssembly, and its plain JavaScript, which always
 * runs.
 */
import { GrapevineError, isGrapevineError } from '../base/errors.js';
import type { EngineChoice, EngineSubject, NetworkEngine } from './engine.js';
import { createLeanEngine } from './lean/lean-engine.js';
import { createTfjsNetwork } from './tfjs-network.js';
import { startTfjs, type TfjsEngineName } from './tfjs-runtime.js';

export interface StartedEngine {
  readonly engine: NetworkEngine;
  /** Why no faster engine was taken; null where there is none, or where the user chose. */
  readonly reason: string | null;
}

type Attempt = NetworkEngine | { readonly unsupported: string };

/** The lean engine names itself more closely when it runs. */
type Candidate = 'lean-wasm' | TfjsEngineName;

const byChoice: Readonly<Record<Exclude<EngineChoice, 'auto'>, Candidate>> = {
  lean: 'lean-wasm',
  wasm: 'tfjs-wasm',
  'tfjs-node': 'tfjs-node',
  cpu: 'tfjs-cpu',
};

/** From the fastest to the slowest. */
const order: readonly Candidate[] = ['lean-wasm', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'];

async function attempt(name: Candidate, subject: EngineSubject): Promise<Attempt> {
  if (name === 'lean-wasm') return createLeanEngine(subject);
  return createTfjsNetwork(await startTfjs(name), subject);
}

/**
 * An engine for `subject`.
 * @throws GrapevineError BAD_CONFIG where the chosen engine does not run this network, or the network makes no sense;
 * TRAINER_FAILED where the chosen engine does not start here
 */
export async function startEngine(choice: EngineChoice, subject: EngineSubject): Promise<StartedEngine> {
  if (choice === 'auto') return startFastest(subject);
  const made = await attempt(byChoice[choice], subject);
  if (!('unsupported' in made)) return { engine: made, reason: null };
  throw new GrapevineError(
    'BAD_CONFIG',
    `--engine ${choice} does not run this network: ${made.unsupported}; wanted an engine that does. Take --engine auto.`,
    { engine: choice },
  );
}

async function startFastest(subject: EngineSubject): Promise<StartedEngine> {
  const reasons: string[] = [];
  for (const name of order) {
    try {
      const made = await attempt(name, subject);
      if (!('unsupported' in made)) return { engine: made, reason: reasons.join('; ') || null };
      reasons.push(`${name}: ${made.unsupported}`);
    } catch (error) {
      if (!isGrapevineError(error, 'TRAINER_FAILED')) throw error;
      reasons.push(`${name}: ${error.message}`);
    }
  }
  throw new GrapevineError(
    'TRAINER_FAILED',
    `no engine starts (${reasons.join('; ')}); wanted one. Reinstall with "npm ci".`,
  );
}
