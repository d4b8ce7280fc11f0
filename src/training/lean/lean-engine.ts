/**
 * The lean engine: a network compiled once into a fixed plan over WebAssembly memory, without a tensor a step.
 */
import type { EngineSubject, NetworkEngine } from '../engine.js';

/** Why the lean engine does not run a network. */
export interface Unsupported {
  readonly unsupported: string;
}

/** The engine at work on `subject`, or why it cannot be. */
export function createLeanEngine(_subject: EngineSubject): NetworkEngine | Unsupported {
  return { unsupported: 'the lean engine is not built yet' };
}
