/** What commands and workers agree on about checkpoints: when, how many, where, and of which run. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type GrapevineError, isGrapevineError } from '../base/errors.js';
import type { RunPlan } from '../config/run-plan.js';
import type { SimulationConfig } from '../config/schema.js';
import { configHash } from '../config/verify.js';
import type { Checkpoint, Hashes } from '../node/checkpoint.js';
import { type CheckpointDirectory, KEPT_CHECKPOINTS, saveCheckpoint } from '../node/checkpoint-files.js';
import type { PeerInit } from '../node/peer.js';
import type { CheckpointOrders } from '../node/swarm-messages.js';
import { layoutHash, type ParameterLayout } from '../training/parameters.js';
import type { LaunchConfig } from './settings.js';

export type CheckpointSettings = Omit<CheckpointOrders, 'resumeAfter'>;

/** The owner of a simulation's checkpoints. */
export const SIMULATION = 'simulation';

export function checkpointSettings(launch: LaunchConfig, directory: string): CheckpointSettings {
  const { checkpointEvery, keepCheckpoints = KEPT_CHECKPOINTS, onCheckpointFailure = 'continue' } = launch;
  return {
    every: checkpointEvery ?? null,
    keep: keepCheckpoints,
    onFailure: onCheckpointFailure,
    directory: join(directory, 'checkpoints'),
  };
}

export function placeOf({ directory, keep }: CheckpointSettings): CheckpointDirectory {
  return { directory, keep };
}

/** Any number: rounds may become more. */
const ANY_ROUNDS = 1;

/** What must be as it was: all of a run's choices but how long it goes on, the graph, and the model's shape. */
export function hashesOf(
  { config, topologyHash }: Pick<RunPlan, 'config' | 'topologyHash'>,
  layout: ParameterLayout,
  simulation?: SimulationConfig,
): Hashes {
  const hashes = {
    configuration: configHash({ ...config, rounds: ANY_ROUNDS }),
    topology: topologyHash,
    model: layoutHash(layout),
  };
  if (simulation === undefined) return hashes;
  const network = Object.entries(simulation).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...hashes,
    network: createHash('sha256').update(JSON.stringify(network)).digest('hex').slice(0, 16),
  };
}

export interface CheckpointOutcome {
  readonly round: number;
  readonly seconds: number;
  /** null: it is whole, and on the disk. */
  readonly error: string | null;
}

export interface PeerCheckpointsInit extends Pick<Checkpoint, 'owner' | 'hashes' | 'layout'> {
  beforeSave?(): void;
  /** One was written, or could not be. */
  onAttempt?(outcome: CheckpointOutcome): void;
  /** One could not be written, and training goes on. */
  onFailure(error: GrapevineError): void;
}

/** How a peer on real links is saved; undefined where it is not. */
export function peerCheckpoints(
  settings: CheckpointSettings,
  { beforeSave, onAttempt, onFailure, ...facts }: PeerCheckpointsInit,
): PeerInit['checkpoints'] {
  const { every, onFailure: choice } = settings;
  if (every === null) return undefined;
  return {
    every,
    async save(saved) {
      beforeSave?.();
      const startedMs = performance.now();
      const outcome = (error: string | null): CheckpointOutcome => {
        return { round: saved.round, seconds: (performance.now() - startedMs) / 1000, error };
      };
      try {
        await saveCheckpoint(placeOf(settings), { ...facts, ...saved });
        onAttempt?.(outcome(null));
      } catch (error) {
        if (isGrapevineError(error)) onAttempt?.(outcome(error.code));
        if (choice === 'stop' || !isGrapevineError(error, 'CHECKPOINT_FAILED')) throw error;
        onFailure(error);
      }
    },
  };
}
