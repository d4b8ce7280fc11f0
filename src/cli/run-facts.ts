/** What heads every metrics file, and where a run writes when --out does not say. */
import { join } from 'node:path';
import type { RunPlan } from '../config/run-plan.js';
import { METRICS_SCHEMA, type RunEvent } from '../metrics/events.js';
import { edgesOf } from '../topology/graph.js';
import type { CommandContext } from './command-context.js';
import { currentCommit, packageVersion } from './package-facts.js';
import type { LaunchConfig, Settings } from './settings.js';

/** What a plan needs to know of this machine. */
export function machineOf({ launch, tasks }: Settings, { cacheDirectory }: CommandContext) {
  return { tasks, cacheDirectory, engine: launch.engine, dataDirectory: launch.dataDirectory };
}

/** Of how a run was launched, what its results depend on, and what it is taken up again with. */
function launchFacts({ engine, dataDirectory, ...launch }: LaunchConfig) {
  const { checkpointEvery, keepCheckpoints, onCheckpointFailure } = launch;
  const given = { dataDirectory, checkpointEvery, keepCheckpoints, onCheckpointFailure };
  return { engine, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

/** The first event of a run; `extra` goes with its configuration. */
export function runEvent(
  plan: RunPlan,
  facts: Pick<RunEvent, 'driver' | 'engine' | 'parameters' | 'peer'>,
  { launch, ...extra }: { readonly launch: LaunchConfig } & Readonly<Record<string, unknown>>,
): RunEvent {
  const { topology, spectrum, config, configHash } = plan;
  return {
    event: 'run',
    schema: METRICS_SCHEMA,
    version: packageVersion,
    commit: currentCommit(),
    ...facts,
    config: { ...config, ...launchFacts(launch), ...extra },
    configHash,
    topology: {
      name: topology.name,
      spec: topology.spec,
      nodes: topology.graph.nodes,
      edges: [...edgesOf(topology.graph)],
      spectralGap: spectrum.gap,
    },
  };
}

/** runs/2026-11-22T08-15-30-torus-edge-choco, below the current directory. */
export function defaultRunDirectory(plan: RunPlan, now: Date): string {
  const time = now.toISOString().slice(0, 19).replaceAll(':', '-');
  const word = (spec: string): string => spec.split(':')[0]!;
  return join('runs', `${time}-${word(plan.config.topology)}-${word(plan.config.algorithm)}`);
}
