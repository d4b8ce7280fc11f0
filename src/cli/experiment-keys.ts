/** Which keys an experiment's file may use: those of a --config file, with specs checked where they stand. */
import type * as z from 'zod';
import { isGrapevineError } from '../base/errors.js';
import type { Registry } from '../base/registry.js';
import { compressors } from '../compression/registry.js';
import { simulationConfigSchema } from '../config/schema.js';
import { algorithms } from '../consensus/registry.js';
import type { KnownKeys } from '../experiment/sweep-file.js';
import { topologies } from '../topology/registry.js';
import { optimizers } from '../training/optimizer.js';
import { partitions } from '../training/partition.js';
import { schedules } from '../training/schedule.js';
import { steppings } from '../training/stepping.js';
import { allShape } from './settings.js';

/** Specs that mean something without the rest of a cell. A task may be a user's file, which only a cell opens. */
const registries: Readonly<Record<string, Pick<Registry<unknown>, 'canonical'>>> = {
  topology: topologies,
  algorithm: algorithms,
  compressor: compressors,
  optimizer: optimizers,
  partition: partitions,
  schedule: schedules,
  stepping: steppings,
};

/** `schema`, and what `registry` has to say. */
function withSpecs(schema: z.ZodType, registry: Pick<Registry<unknown>, 'canonical'>): z.ZodType {
  return schema.superRefine((value, context) => {
    if (typeof value !== 'string') return;
    try {
      registry.canonical(value);
    } catch (error) {
      if (!isGrapevineError(error)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  });
}

const launchOnly: ReadonlySet<string> = new Set(['processes', 'listen', 'startTimeoutMs']);

export const experimentKeys: KnownKeys = {
  shape: Object.fromEntries(
    Object.entries<z.ZodType>(allShape).map(([key, schema]) => {
      const registry = registries[key];
      return [key, registry === undefined ? schema : withSpecs(schema, registry)];
    }),
  ),
  refusal(key, place, driver) {
    if (key === 'out') return 'an experiment decides where its cells write; leave it out, and use --out';
    if (place === 'settings') return null; // as in a --config file, what does not concern the driver is left alone
    if (launchOnly.has(key))
      return 'changes how a swarm is launched and not its result; wanted under settings';
    if (driver === 'swarm' && key in simulationConfigSchema.shape)
      return 'belongs to the simulator; leave it out, or choose driver: simulate';
    return null;
  },
};

/** Keys of `settings` that launch a swarm and are no part of a cell. */
export function launchKeysOf(settings: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => launchOnly.has(key)));
}
