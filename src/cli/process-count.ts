/** How many worker processes a swarm gets when --processes does not say. */
import { availableParallelism, platform, totalmem } from 'node:os';

/** Resident memory of a worker with one peer of mnist-mlp, in bytes and the thread that trains it (measured 200 to 230 MB). */
export const WORKER_BYTES = 250 * 1024 * 1024;
/**
 * Each has two threads, one trains while the other speaks to neighbors, so two workers leave no core idle; further ones
 * only take memory, and a second of processor time each to load. --processes has one a peer, so that a crash costs one.
 */
export const WORKERS_PER_CORE = 2;

export interface Machine {
  readonly cores: number;
  readonly freeBytes: number;
}

/** Cores and memory that are there for us, container limits respected. */
export function thisMachine(): Machine {
  // macOS keeps hardly any page free: what it calls free says nothing about what it would give.
  const freeBytes = platform() === 'darwin' ? totalmem() / 2 : process.availableMemory();
  return { cores: availableParallelism(), freeBytes };
}

/** One process a peer, up to what the machine has use for; at least one. */
export function processCount(peers: number, machine: Machine): number {
  const byCores = WORKERS_PER_CORE * machine.cores;
  const byMemory = Math.floor(machine.freeBytes / 2 / WORKER_BYTES);
  return Math.max(1, Math.min(peers, byCores, byMemory));
}
