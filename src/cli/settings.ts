/**
 * From command line, environment and file to settings: the run itself, the simulator's network, and how to launch.
 * A file may hold keys of all three; each command uses what concerns it.
 */
import * as z from 'zod';
import type { Registry } from '../base/registry.js';
import { withLatencyMatrix } from '../config/latency-matrix.js';
import {
  type RunConfig,
  runConfigSchema,
  type SimulationConfig,
  simulationConfigSchema,
} from '../config/schema.js';
import type { ConfigKeys } from '../config/sources.js';
import { readConfigFile, readEnvironment, typedValue } from '../config/sources.js';
import { parseConfig, verifyRunConfig } from '../config/verify.js';
import { engineChoices } from '../training/engine.js';
import type { Task } from '../training/tasks/task.js';
import { openTasks } from '../training/tasks/task-file.js';
import { logFormats } from './display.js';
import type { Flags } from './flags.js';
import { logLevels } from './log-entry.js';
import { reachSchema } from './reach-flags.js';

/**
 * What concerns this machine: how a swarm is launched, where it writes, what does its arithmetic and whose data it
 * has. It does not belong to the configuration that peers compare: they gossip alike whatever their engine is, whose
 * results differ in the last bits, and each device of a real swarm has data of its own.
 */
export const launchConfigSchema = z.strictObject({
  /** Worker processes; absent: as many as this machine bears (cli/process-count.ts). */
  processes: z.int().min(1).max(1024).optional(),
  /** Processes that are killed are started again. */
  restart: z.boolean().optional(),
  ...reachSchema.shape,
  /** How long round 1 waits for links. Milliseconds. */
  startTimeoutMs: z.number().min(100).max(3_600_000).default(60_000),
  /** What does the arithmetic; the summary says what did. */
  engine: z.enum(engineChoices).default('auto'),
  /** This device's own data instead of a share of the task's; {peer} stands for the peer's index. */
  dataDirectory: z.string().min(1).optional(),
  /** Run directory; absent: runs/ and a name made of time and choices. */
  out: z.string().min(1).optional(),
  /** Rounds between two checkpoints of a peer's whole state (docs/checkpoints.md); absent: none. */
  checkpointEvery: z.int().min(1).max(10_000_000).optional(),
  /** Checkpoints kept of each peer. Absent: node/checkpoint-files.ts. */
  keepCheckpoints: z.int().min(1).max(1000).optional(),
  /** What happens where one cannot be written: a notice, or the end of training. Absent: continue. */
  onCheckpointFailure: z.enum(['continue', 'stop']).optional(),
  /** What is said of the run while it goes on (cli/log-entry.ts), and how: for people, or a JSON object a line. */
  logLevel: z.enum(logLevels).optional(),
  logFormat: z.enum(logFormats).optional(),
});

export type LaunchConfig = z.output<typeof launchConfigSchema>;

export interface Settings {
  readonly run: RunConfig;
  readonly simulation: SimulationConfig;
  readonly launch: LaunchConfig;
  /** The shipped tasks and that of the user's file, if there is one. */
  readonly tasks: Registry<Task>;
  /** The run directory that this run goes on in (cli/resume.ts). */
  readonly resume?: string;
}

const runKeys = Object.keys(runConfigSchema.shape);
const simulationKeys = Object.keys(simulationConfigSchema.shape);
const launchKeys = Object.keys(launchConfigSchema.shape);
/** Every key that a configuration file may hold. */
export const allShape = {
  ...runConfigSchema.shape,
  ...simulationConfigSchema.shape,
  ...launchConfigSchema.shape,
};
const allKeys = z.strictObject(allShape).partial();

function only(keys: readonly string[], values: ConfigKeys): ConfigKeys {
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)));
}

function readFlags(flags: Flags): ConfigKeys {
  const found: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(flags)) {
    if (value === undefined || !(key in allShape)) continue;
    // --websocket without a port: any that is free.
    const given = key === 'websocket' && value === true ? 0 : value;
    found[key] = typeof given === 'string' ? typedValue(given) : given;
  }
  return found;
}

/** @throws GrapevineError BAD_CONFIG, BAD_SPEC */
export async function readSettings(
  flags: Flags,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Settings> {
  const path = flags.config;
  const fromFile = typeof path === 'string' ? await readConfigFile(path) : {};
  parseConfig(allKeys, fromFile, typeof path === 'string' ? path : 'config');
  const fromEnvironment = readEnvironment(environment, Object.keys(allShape));
  parseConfig(allKeys, fromEnvironment, 'environment (GRAPEVINE_*)');
  const fromFlags = readFlags(flags);
  parseConfig(allKeys, Object.fromEntries(Object.entries(fromFlags).map(([k, v]) => [k, v])), 'flags');
  return settingsFrom({ ...fromFile, ...fromEnvironment, ...fromFlags });
}

/** Verified settings of keys of one `source`, as from a run's config.json. @throws GrapevineError BAD_CONFIG, BAD_SPEC */
export async function settingsFrom(merged: ConfigKeys, source = 'config'): Promise<Settings> {
  const tasks = await openTasks(typeof merged.task === 'string' ? merged.task : '');
  const run = verifyRunConfig(only(runKeys, merged), source, tasks);
  const simulation = parseConfig(simulationConfigSchema, only(simulationKeys, merged), source);
  return {
    run,
    tasks,
    simulation: await withLatencyMatrix(simulation, run.peers),
    launch: parseConfig(launchConfigSchema, only(launchKeys, merged), source),
  };
}
