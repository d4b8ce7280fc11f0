/** One cell of an experiment: a run of `grapevine simulate` or `grapevine swarm`, kept as numbers. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { isGrapevineError } from '../base/errors.js';
import { planRun } from '../config/run-plan.js';
import { configHash } from '../config/verify.js';
import { algorithms } from '../consensus/registry.js';
import { requireFit } from '../consensus/topology-fit.js';
import type { VerifiedCell } from '../experiment/manifest.js';
import type { CellAnswer, CellTask } from '../experiment/run-cells.js';
import type { Driver, Keys } from '../experiment/sweep-file.js';
import { type CellSettings, cellSummaryOf, seriesOf } from '../metrics/cell-results.js';
import type { MetricsEvent, RoundEvent, RunEvent } from '../metrics/events.js';
import { readMetrics } from '../metrics/read-metrics.js';
import { METRICS_FILE } from '../metrics/recorder.js';
import { summarize } from '../metrics/summary.js';
import { readFaults } from '../simulation/faults.js';
import { buildTopology } from '../topology/registry.js';
import type { CommandContext } from './command-context.js';
import { machineOf, runEvent } from './run-facts.js';
import { type Settings, settingsFrom } from './settings.js';
import { simulatePlan } from './simulate-command.js';
import { runSwarm } from './swarm-command.js';

/** Of how a run is launched, what its results depend on; absent where the machine decides. */
function launchSettings({ engine, dataDirectory }: Settings['launch']): Keys {
  return {
    ...(engine === 'auto' ? {} : { engine }),
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
  };
}

/**
 * The settings of a cell with everything filled in.
 * @throws GrapevineError where its choices do not fit each other
 */
export async function verifyCell(driver: Driver, keys: Keys): Promise<VerifiedCell> {
  const settings = await settingsFrom(keys);
  const { run, simulation, launch } = settings;
  const topology = buildTopology(run.topology, run.peers, run.seed);
  requireFit(algorithms.resolve(run.algorithm), topology, run);
  if (driver === 'simulate') readFaults(simulation.faults, run);
  const all = { ...run, ...(driver === 'simulate' ? simulation : {}), ...launchSettings(launch) };
  // As it will be read again from the manifest.
  return { settings: JSON.parse(JSON.stringify(all)) as CellSettings, configHash: configHash(run) };
}

/** Keeps of a run's events what its summary and series are made of: a long run has a million others. */
function createDigest() {
  const kept: MetricsEvent[] = [];
  const lastRounds = new Map<number, RoundEvent>();
  return {
    record(event: MetricsEvent): void {
      if (event.event === 'round') lastRounds.set(event.peer, event);
      else if (event.event !== 'edge' && event.event !== 'notice') kept.push(event);
    },
    events: (): MetricsEvent[] => [...kept, ...lastRounds.values()],
  };
}

async function simulateCell(settings: Settings, context: CommandContext): Promise<MetricsEvent[]> {
  const plan = planRun(settings.run, machineOf(settings, context));
  const evaluator = await plan.createModel(null);
  try {
    const { engine, layout } = evaluator;
    const { launch, simulation } = settings;
    const digest = createDigest();
    const facts = { driver: 'simulation', engine, parameters: layout.size } as const;
    digest.record(runEvent(plan, facts, { launch, ...simulation }));
    const { endMs } = await simulatePlan(plan, settings, {
      monitor: digest,
      evaluator,
      interrupted: () => false,
    });
    digest.record({ event: 'end', atMs: endMs, outcome: 'done' });
    return digest.events();
  } finally {
    evaluator.dispose();
  }
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** The cell's run directory stays: it has the report and the model of a real swarm. */
async function swarmCell(settings: Settings, context: CommandContext, out: string): Promise<MetricsEvent[]> {
  rmSync(out, { recursive: true, force: true }); // of an attempt that was cut off
  const output = { json: false, quiet: true, stdout: nowhere(), stderr: process.stderr, colorAllowed: false };
  await runSwarm({ ...settings, launch: { ...settings.launch, out } }, { ...context, output });
  return readMetrics(join(out, METRICS_FILE));
}

function topologyOf({ topology }: RunEvent) {
  const { name, spec, nodes, edges, spectralGap } = topology;
  return { name, spec, nodes, edges: edges.length, spectralGap };
}

function answerOf(events: readonly MetricsEvent[], driver: Driver): CellAnswer {
  const summary = summarize(events);
  const run = events.find((event) => event.event === 'run')!;
  const { total, ...phases } = summary.seconds;
  return {
    kind: 'done',
    topology: topologyOf(run),
    summary: cellSummaryOf(summary, driver),
    series: seriesOf(events, driver),
    engine: summary.engine,
    phases: driver === 'swarm' ? { total, ...phases } : null,
  };
}

/** @param directory of the experiment. Rejects where Grapevine itself is at fault. */
export async function runCell(
  { cell, driver, launch }: CellTask,
  context: CommandContext,
  directory: string,
): Promise<CellAnswer> {
  try {
    const settings = await settingsFrom({ ...launch, ...cell.settings });
    const events =
      driver === 'simulate'
        ? await simulateCell(settings, context)
        : await swarmCell(settings, context, join(directory, 'swarms', cell.cell));
    return answerOf(events, driver);
  } catch (error) {
    if (!isGrapevineError(error)) throw error;
    const { code, message } = error;
    return { kind: 'failed', error: { code, message } };
  }
}
