/** How many worker processes a swarm gets when --processes does not say. */

/** Resident memory of a worker with one peer of mnist-mlp, in bytes (measured 150 to 170 MB), and room to grow. */
export const WORKER_BYTES = 250 * 1024 * 1024;
/** Workers mostly wait for each other; beyond four a core they only take each other's memory and start-up time. */
export const WORKERS_PER_CORE = 4;

export interface Machine {
  readonly cores: number;
  readonly freeBytes: number;
}

/** One process a peer, up to what the machine bears; at least one. */
export function processCount(peers: number, machine: Machine): number {
  const byCores = WORKERS_PER_CORE * machine.cores;
  const byMemory = Math.floor(machine.freeBytes / 2 / WORKER_BYTES);
  return Math.max(1, Math.min(peers, byCores, byMemory));
}
