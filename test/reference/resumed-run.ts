/**
 * A run, and the same run stopped in its middle: saved to the bytes of checkpoints, dropped, made afresh from its
 * configuration and these bytes, and run to its end. Everything that a peer sends and every parameter is written down.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../../src/base/assert.js';
import { type PeerModel, planRun, type RunPlan } from '../../src/config/run-plan.js';
import { verifyRunConfig } from '../../src/config/verify.js';
import type { PeerState } from '../../src/consensus/peer-state.js';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  type SavedState,
  snapshotOf,
} from '../../src/node/checkpoint.js';
import { loadCheckpoint, saveCheckpoint } from '../../src/node/checkpoint-files.js';
import type { RoundReport } from '../../src/node/peer.js';
import { ownerOf, restorePeer, type SavedPeer, savePeer } from '../../src/node/peer-checkpoint.js';
import type { LinkOptions } from '../../src/simulation/link-model.js';
import { perfectLink } from '../../src/simulation/link-model.js';
import type { AccessOptions } from '../../src/simulation/network.js';
import {
  type Fault,
  runSimulation,
  type SavedSimulation,
  type SimulationInit,
} from '../../src/simulation/simulator.js';
import type { Trainer } from '../../src/training/trainer.js';
import { type Trace, traceOnTransport, type Watch } from './keystone.js';

export interface ResumedRun {
  readonly topology: string;
  readonly algorithm: string;
  readonly compressor?: string;
  readonly optimizer?: string;
  readonly pace?: 'asynchronous';
  readonly edgeActivity?: number;
  /** @default 2 */
  readonly localSteps?: number;
  readonly stepping?: string;
  readonly peers?: number;
  readonly rounds: number;
  readonly link?: Partial<LinkOptions>;
  readonly faults?: readonly Fault[];
  /** What every peer's own connection bears. */
  readonly access?: AccessOptions;
}

/** One line for each difference sent, and for each round's parameters: who, what, and a digest of the numbers. */
export type Diary = string[];

const ROUND_TRIP_MS = 40;

export function planOf(run: ResumedRun): RunPlan {
  const {
    link: _link,
    faults: _faults,
    access: _access,
    peers = run.topology === 'torus' ? 6 : 4,
    localSteps = 2,
    ...choices
  } = run;
  const config = verifyRunConfig({
    ...choices,
    peers,
    task: 'quadratic:dimension=24',
    learningRate: 0.05,
    localSteps,
    seed: 7,
  });
  const plan = planRun(config, { cacheDirectory: 'unused: the quadratic has no data' });
  return {
    ...plan,
    createPeer: (peer, model, ...rest) => plan.createPeer(peer, inMatrices(model), ...rest),
  };
}

const digestOf = (...parts: readonly ArrayBufferView[]): string => {
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of parts)
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex').slice(0, 16);
};

/** A model whose numbers are a matrix and a bias, so that low rank has warm starts to keep. */
function inMatrices(model: PeerModel): PeerModel {
  const blocks = [
    { name: 'matrix', offset: 0, rows: 4, cols: 5 },
    { name: 'vector', offset: 20, rows: 1, cols: 4 },
  ];
  return { layout: { ...model.layout, blocks }, initialParameters: () => model.initialParameters() };
}

interface Swarm {
  readonly states: readonly PeerState[];
  readonly trainers: readonly Trainer[];
  createNewcomer(node: number, incarnation: number): PeerState;
}

async function createSwarm(plan: RunPlan, run: ResumedRun): Promise<Swarm> {
  const nodes = Array.from({ length: plan.config.peers }, (_, node) => node);
  const models = await Promise.all(nodes.map((node) => plan.createModel(node)));
  const delivery = { retransmitMs: (run.link?.loss ?? 0) > 0 ? ROUND_TRIP_MS : null, audit: false };
  return {
    states: models.map((model, node) => plan.createPeer(node, model, delivery)),
    trainers: models.map((model, node) => plan.createTrainer(node, model)),
    createNewcomer: (node, incarnation) => plan.createPeer(node, models[node]!, delivery, incarnation),
  };
}

function simulationOf(
  run: ResumedRun,
  { states, trainers, createNewcomer }: Swarm,
  diary: Diary,
): SimulationInit {
  const link = { ...perfectLink, latencyMs: 2, ...run.link };
  return {
    peers: states,
    createNewcomer,
    train: (node, round, parameters, steps) => trainers[node]!.train(parameters, round, steps),
    trainingMs: (node, round) => 1 + ((node * 7 + round) % 5), // unequal speeds must not matter
    link,
    ...(run.access === undefined ? {} : { network: { linkBetween: () => link, access: () => run.access! } }),
    faults: run.faults ?? [],
    seed: 7,
    maxFrameBytes: 1 << 20,
    horizonMs: 100_000,
    observe({ node, nowMs, effects }) {
      for (const effect of effects) {
        if (effect.type === 'roundFinished')
          diary.push(`${node} ends ${effect.round} at ${nowMs} ${digestOf(effect.parameters)}`);
        if (effect.type !== 'sendDelta') continue;
        const { sequence, round, gamma, acknowledged, parts } = effect.delta;
        const bytes = digestOf(...parts.map((part) => part.bytes));
        diary.push(
          `${node} sends ${effect.to} at ${nowMs} ${sequence} of ${round} after ${acknowledged}, ${gamma} ${bytes}`,
        );
      }
    },
  };
}

/** From the bytes of a file. */
function reread(saved: Omit<SavedPeer, 'parameters'>): SavedState {
  const layout = { size: 0, tensors: [], blocks: [] };
  const checkpoint = { owner: 'peer', hashes: {}, layout, parameters: new Float32Array(0), ...saved };
  const bytes = Buffer.concat(encodeCheckpoint(checkpoint));
  return decodeCheckpoint(bytes, { name: 'test', owner: 'peer', hashes: {} });
}

/** The run to its end. */
export async function runThrough(
  run: ResumedRun,
): Promise<{ readonly diary: Diary; readonly result: unknown }> {
  const diary: Diary = [];
  const result = await runSimulation(simulationOf(run, await createSwarm(planOf(run), run), diary));
  return { diary, result };
}

/** The run with a break between two events, after `events` of them: what comes is the same, and when. */
export async function runWithBreak(
  run: ResumedRun,
  events: number,
): Promise<{ readonly diary: Diary; readonly result: unknown }> {
  const diary: Diary = [];
  let saved: SavedState | null = null;
  let seen = 0;
  const before = await createSwarm(planOf(run), run);
  await runSimulation({
    ...simulationOf(run, before, diary),
    interrupted: () => saved !== null,
    async betweenEvents(simulation) {
      seen += 1;
      if (seen !== events) return;
      const optimizers = await Promise.all(before.trainers.map((trainer) => trainer.saveState!()));
      const parts = {
        simulation: snapshotOf('simulation', simulation()),
        optimizers: snapshotOf('optimizers', optimizers),
      };
      saved = reread({ round: 0, parts });
    },
  });
  const after = await createSwarm(planOf(run), run);
  const { restore } = saved!;
  const optimizers = restore('optimizers') as Awaited<ReturnType<NonNullable<Trainer['saveState']>>>[];
  for (const [node, trainer] of after.trainers.entries()) await trainer.restoreState!(optimizers[node]!);
  const result = await runSimulation({
    ...simulationOf(run, after, diary),
    resume: (fresh) => restore('simulation', fresh) as SavedSimulation,
  });
  return { diary, result };
}

/** What each peer sends and has, without times: those of a swarm that starts anew are others. */
export function withoutTimes(diary: Diary): string[] {
  return diary.map((line) => line.replace(/ at \S+/, '').replace(/ after \d+/, '')).sort();
}

/** Every peer saved when it has ended `round`, all dropped, and a swarm of peers that go on from there. */
export async function runFromCheckpoints(run: ResumedRun, round: number): Promise<Diary> {
  const diary: Diary = [];
  const before = await createSwarm(planOf(run), run);
  const saved: Promise<SavedPeer>[] = [];
  const first = simulationOf(run, before, diary);
  await runSimulation({
    ...first,
    async observe(seen) {
      await first.observe?.(seen);
      if (!seen.effects.some((effect) => effect.type === 'roundFinished' && effect.round === round)) return;
      const [state, trainer] = [before.states[seen.node]!, before.trainers[seen.node]!];
      const counts = {
        seconds: { train: 0, compress: 0, exchange: 0, wait: 0 },
        totals: noTotals,
        sentBytes: 0,
      };
      saved[seen.node] = savePeer({ state, trainer, round, counts });
      await saved[seen.node];
    },
  });
  // Peers are saved a round apart, and some were ahead: what they did after is not of the run that goes on.
  const kept = diary.filter((line) => roundOf(line) <= round);
  const after = await createSwarm(planOf(run), run);
  for (const [node, state] of after.states.entries())
    await restorePeer(reread(await saved[node]!), { state, trainer: after.trainers[node]! });
  const rest: Diary = [];
  await runSimulation(simulationOf(run, after, rest));
  return [...kept, ...rest];
}

/** What every peer has at the ends of its rounds, without times. */
export function endsIn(diary: Diary): string[] {
  return [...new Set(withoutTimes(diary).filter((line) => line.includes(' ends ')))].sort();
}

/**
 * All peers are killed once each has ended `round`, start again one after the other from checkpoints of it, and ask each
 * other where they are (consensus/coming-back.ts). `whole` is the run without that.
 */
export async function runWithPowerCut(run: ResumedRun, round: number, whole: Diary): Promise<Diary> {
  const diary: Diary = [];
  const ends = whole.filter((line) => line.includes(` ends ${round} `));
  const atMs = Math.max(...ends.map((line) => Number(/ at (\S+)/.exec(line)![1]))) + 0.001;
  const swarm = await createSwarm(planOf(run), run);
  const optimizers: unknown[] = [];
  const restored: (Promise<void> | undefined)[] = [];
  const faults = swarm.states.map((_, node): Fault => {
    return { type: 'restart', node, atMs, afterMs: 50 + 7 * ((node * 5) % 4), checkpointEvery: round };
  });
  const init = simulationOf({ ...run, faults }, swarm, diary);
  await runSimulation({
    ...init,
    async train(node, trained, parameters) {
      await restored[node];
      return init.train(node, trained, parameters);
    },
    onNewcomer(node) {
      restored[node] = swarm.trainers[node]!.restoreState!(optimizers[node] as never);
    },
    async observe(seen) {
      await init.observe?.(seen);
      if (seen.effects.some((effect) => effect.type === 'roundFinished' && effect.round === round))
        optimizers[seen.node] ??= await swarm.trainers[seen.node]!.saveState!();
    },
  });
  assert(restored.filter(Boolean).length === swarm.states.length, 'every peer was started again');
  return diary;
}

const noTotals = { payloadBytes: 0, uncompressedBytes: 0, samples: 0 };

function roundOf(line: string): number {
  return Number(/ (?:ends|of) (\d+)/.exec(line)![1]);
}

type CreateTransport = Parameters<typeof traceOnTransport>[1];

/** What a run's peers had at the end of each round, and what they had counted at the end. */
export interface TransportOutcome {
  readonly trace: Trace;
  readonly payloadBytes: readonly number[];
  readonly samples: readonly number[];
}

/**
 * The run on the links of `first`, with checkpoints in the middle that go to files; and what comes of these files in a
 * swarm on the links of `second`.
 */
export async function resumeOnTransport(
  run: ResumedRun,
  links: { readonly first: CreateTransport; readonly second: CreateTransport },
): Promise<{ readonly whole: TransportOutcome; readonly resumed: TransportOutcome }> {
  const place = { directory: await mkdtemp(join(tmpdir(), 'grapevine-resume-')) };
  const plan = planOf(run);
  const hashes = { configuration: plan.configHash };
  const { layout } = await plan.createModel(null);
  const outcomeOf = async (links: CreateTransport, watch: Watch): Promise<TransportOutcome> => {
    const last = new Array<RoundReport['event']>(plan.config.peers);
    const round = (event: RoundReport['event']): void => void last.splice(event.peer, 1, event);
    const trace = await traceOnTransport(plan, links, { ...watch, round });
    return {
      trace,
      payloadBytes: last.map((event) => event.payloadBytes),
      samples: last.map((event) => event.samples),
    };
  };
  const every = run.rounds / 2;
  const whole = await outcomeOf(links.first, {
    checkpoints: (node) => ({
      every,
      save: (saved) => saveCheckpoint(place, { owner: ownerOf(node), hashes, layout, ...saved }),
    }),
  });
  const resumed = await outcomeOf(links.second, {
    resume: async (node, peer) =>
      restorePeer(await loadCheckpoint(place, { owner: ownerOf(node), hashes, round: every }), peer),
  });
  await rm(place.directory, { recursive: true });
  return { whole, resumed };
}
