/**
 * A whole run in the simulator: the same configuration, algorithms and bytes as a real swarm, the same events
 * written, virtual time on every clock. Seconds in its metrics are simulated seconds.
 */

import { assert } from '../base/assert.js';
import { namedOmegas } from '../compression/contraction.js';
import type { Effect } from '../consensus/events.js';
import { opensRound } from '../consensus/exchange.js';
import type { MembershipOptions } from '../consensus/membership-view.js';
import { presentEdges } from '../consensus/neighbor-set.js';
import type { PeerState } from '../consensus/peer-state.js';
import { meanModelOf } from '../metrics/consensus-distance.js';
import { createEvaluationCollector, type SwarmView } from '../metrics/evaluation-collector.js';
import type { MetricsEvent, RoundEvent } from '../metrics/events.js';
import { createLatestEvaluations } from '../metrics/latest-evaluations.js';
import type { OptimizerState } from '../training/optimizer.js';
import type { Evaluation, GradientModel, Trainer } from '../training/trainer.js';
import { deltaFrameBytes } from '../wire/encode.js';
import { FRAME_HEADER_BYTES } from '../wire/frame.js';
import type { Fault, SuddenFault } from './fault.js';
import type { LinkOptions } from './link-model.js';
import type { NetworkOptions } from './network.js';
import type { Observation, SavedSimulation, SimulationResult } from './simulator.js';
import { runSimulation } from './simulator.js';

/** A run that has been set up: one peer, trainer and link table entry a node. */
export interface SimulatedRun {
  readonly peers: readonly PeerState[];
  /** Read anew each time: a newcomer's replaces that of the process before. */
  readonly trainers: readonly Trainer[];
  /** The state of a peer that is started while others run. */
  createNewcomer?(node: number, incarnation: number): PeerState;
  /** Evaluates mean models. */
  readonly evaluator: GradientModel;
  readonly evaluateEvery: number;
  readonly link: LinkOptions;
  /** @default `link` on every edge */
  readonly network?: NetworkOptions;
  readonly faults: readonly Fault[];
  /** Of a topology that follows its members. */
  readonly membership?: MembershipOptions | undefined;
  /** Virtual duration of one peer's local steps of one round, in milliseconds. */
  readonly trainingMs: number | ((node: number, round: number) => number);
  readonly seed: number;
  readonly maxFrameBytes: number;
  readonly horizonMs: number;
  /** Saves the run whenever its slowest peer has come to a multiple of `every` rounds, and at the end. */
  readonly checkpoints?: { readonly every: number; save(saved: SavedRun): Promise<void> } | undefined;
  /** Goes on from a saved run: moves a part made afresh to the saved one, in place. */
  readonly resume?: { restore(part: string, fresh?: unknown): unknown } | undefined;
  record(event: MetricsEvent): void;
  interrupted?(): boolean;
  /** Called once a round: lets the host process see to its signals and its screen. */
  yieldToHost?(): Promise<void>;
}

/** A run between two events: the very objects, to be read before it goes on. */
export interface SavedRun {
  /** Rounds that all living peers have finished. */
  readonly round: number;
  /** The mean of the living peers' parameters. */
  readonly parameters: Float32Array;
  /** By name; they share nothing. */
  readonly parts: Readonly<Record<string, unknown>>;
}

export interface SimulatedOutcome extends SimulationResult {
  /** The mean of the last complete evaluation; null when there was none. */
  readonly meanModel: Float32Array | null;
}

interface Totals {
  trainSeconds: number;
  waitSeconds: number;
  exchangingSinceMs: number;
  loss: number;
  samples: number;
  payloadBytes: number;
  wireBytes: number;
  uncompressedBytes: number;
}

/** Runs `run` to its end, recording as it goes. */
export async function simulate(run: SimulatedRun): Promise<SimulatedOutcome> {
  const lockstep = run.peers.every(({ context }) => context.pace === 'lockstep');
  const collector = (lockstep ? createEvaluationCollector : createLatestEvaluations)(run.peers.keys());
  const totals = run.peers.map(
    (): Totals => ({
      trainSeconds: 0,
      waitSeconds: 0,
      exchangingSinceMs: 0,
      loss: 0,
      samples: 0,
      payloadBytes: 0,
      wireBytes: 0,
      uncompressedBytes: 0,
    }),
  );
  const states = [...run.peers];
  const liars = new Set<number>();
  const seenSoFar: SeenSoFar = { meanModel: null, finished: new Map(), lost: new Set(), savedRound: 0 };
  const observer = { totals, liars, seenSoFar, collector: collector.state };
  let mayBeDue = false; // who has ended which round is looked at when it has changed, not between any two frames

  const recordViews = (views: readonly SwarmView[], nowMs: number): void => {
    for (const view of views) {
      seenSoFar.meanModel = view.meanModel;
      run.record({ ...view.event, atMs: nowMs, meanModel: run.evaluator.evaluate(view.meanModel) });
    }
  };

  /** A promise where a round has ended: most steps end none, and waiting for each of them takes time. */
  const observe = (seen: Observation): Promise<void> | void => {
    const { effects } = seen;
    account(totals[seen.node]!, seen);
    if (effects.some(({ type }) => type === 'roundFinished')) return recordEnd(seen);
    for (const effect of effects) recordChange(seen, effect);
  };

  const recordChange = ({ node: peer, nowMs: atMs, state }: Observation, effect: Effect): void => {
    if (effect.type === 'edgeChanged') {
      const { neighbor, status, reason } = effect;
      run.record({ event: 'edge', atMs, peer, neighbor, round: state.round, state: status, reason });
    }
    if (effect.type === 'notice') {
      const { code, message } = effect;
      run.record({ event: 'notice', atMs, peer, code, message });
      if (code === 'JOINED') collector.expect(peer, state.round + 1);
    }
  };

  const recordEnd = async (seen: Observation): Promise<void> => {
    const mine = totals[seen.node]!;
    for (const effect of seen.effects) {
      recordChange(seen, effect);
      if (effect.type !== 'roundFinished') continue;
      if (!seenSoFar.lost.has(seen.node)) seenSoFar.finished.set(seen.node, effect.round);
      mayBeDue = true;
      if (seen.node === 0) await run.yieldToHost?.();
      if (liars.has(seen.node)) continue;
      const { round, parameters } = effect;
      const evaluate = round % run.evaluateEvery === 0 || round === seen.state.options.rounds;
      const evaluation = evaluate ? await run.trainers[seen.node]!.evaluate(parameters) : null;
      const event = roundEvent(seen, mine, { ...effect, evaluation });
      run.record(event);
      if (evaluation === null) continue;
      const { payloadBytes, wireBytes, peer } = event;
      recordViews(
        collector.add({
          peer,
          round,
          parameters: parameters.slice(),
          ...evaluation,
          payloadBytes,
          wireBytes,
        }),
        seen.nowMs,
      );
    }
  };

  const onFault = (fault: SuddenFault, nowMs: number): void => {
    const reason = lossOf(fault);
    if (reason === null) return;
    if (fault.type === 'lie') liars.add(fault.node);
    const { round } = states[fault.node]!;
    run.record({ event: 'peer-lost', atMs: nowMs, peer: fault.node, round, reason });
    seenSoFar.lost.add(fault.node);
    seenSoFar.finished.delete(fault.node);
    mayBeDue = true;
    recordViews(collector.forget(fault.node), nowMs);
  };
  const { trainingMs } = run;
  const saveIfDue = (simulation: () => SavedSimulation): Promise<void> | void => {
    const { checkpoints } = run;
    if (checkpoints === undefined || !mayBeDue) return;
    mayBeDue = false;
    const round = dueRound(seenSoFar, run, checkpoints.every);
    if (round === null) return;
    seenSoFar.savedRound = round;
    return savedRun({ run, states, round, simulation: simulation(), observer }).then(checkpoints.save);
  };
  if (run.resume !== undefined) await restoreSurroundings(run, observer);
  const { resume } = run;
  const result = await runSimulation({
    ...run,
    betweenEvents: saveIfDue,
    resume: resume && ((fresh) => resume.restore('simulation', fresh) as SavedSimulation),
    train: (node, round, parameters, steps) => run.trainers[node]!.train(parameters, round, steps),
    trainingMs: (node, round) => (typeof trainingMs === 'number' ? trainingMs : trainingMs(node, round)),
    observe,
    onFault,
    onNewcomer(node, state) {
      states[node] = state;
    },
  });
  return { ...result, meanModel: seenSoFar.meanModel };
}

/** What the run has seen of its peers so far, for results and for checkpoints. */
interface SeenSoFar {
  meanModel: Float32Array | null;
  /** The latest round of each peer. */
  readonly finished: Map<number, number>;
  readonly lost: Set<number>;
  savedRound: number;
}

/** The round to be saved now; null where none is. Peers that are lost are not waited for. */
function dueRound(
  { finished, lost, savedRound }: SeenSoFar,
  { peers }: SimulatedRun,
  every: number,
): number | null {
  if (finished.size === 0) return null;
  const round = Math.min(...finished.values());
  const isLast = round === peers[0]!.options.rounds;
  const waits = finished.size + lost.size < peers.length;
  if (round <= savedRound || waits || !(isLast || Math.floor(round / every) > Math.floor(savedRound / every)))
    return null;
  return round;
}

interface Observer {
  readonly totals: readonly Totals[];
  readonly liars: ReadonlySet<number>;
  readonly seenSoFar: SeenSoFar;
  readonly collector: object;
}

async function savedRun(at: {
  readonly run: SimulatedRun;
  /** As they are now: a peer that was started again has a state of its own. */
  readonly states: readonly PeerState[];
  readonly round: number;
  readonly simulation: SavedSimulation;
  readonly observer: Observer;
}): Promise<SavedRun> {
  const { run, states, round, simulation, observer } = at;
  const optimizers = await Promise.all(
    run.trainers.map((trainer) => {
      assert(trainer.saveState !== undefined, 'a trainer of a run that is saved can be saved');
      return trainer.saveState();
    }),
  );
  const models = states
    .filter((_, node) => observer.seenSoFar.finished.has(node))
    .map((peer) => peer.parameters);
  return { round, parameters: meanModelOf(models), parts: { simulation, observer, optimizers } };
}

/** All but the simulation itself. */
async function restoreSurroundings({ resume, trainers }: SimulatedRun, observer: Observer): Promise<void> {
  resume?.restore('observer', observer);
  const optimizers = resume?.restore('optimizers') as readonly OptimizerState[];
  for (const [node, trainer] of trainers.entries()) await trainer.restoreState?.(optimizers[node]!);
}

/** Why a peer counts no more, for good; null where it does. What a liar reports says nothing about the swarm. */
function lossOf(fault: SuddenFault): string | null {
  if (fault.type === 'kill' || fault.type === 'restart') return 'killed';
  if (fault.type === 'join') return 'absent';
  if (fault.type === 'lie') return 'lying';
  return Number.isFinite(fault.forMs) ? null : 'silent';
}

/** Adds one step of one peer to its totals. */
function account(mine: Totals, { input, effects, nowMs, training, state }: Observation): void {
  if (input.type === 'updateReady') {
    mine.trainSeconds += training!.tookMs / 1000;
    mine.loss = training!.loss;
    mine.samples += training!.samples;
    mine.exchangingSinceMs = nowMs;
  }
  for (const effect of effects) {
    if (effect.type === 'roundFinished') mine.waitSeconds += (nowMs - mine.exchangingSinceMs) / 1000;
    if (effect.type === 'sendHeartbeat') mine.wireBytes += FRAME_HEADER_BYTES;
    if (effect.type !== 'sendDelta') continue;
    const payload = effect.delta.parts.reduce((sum, part) => sum + part.bytes.length, 0);
    mine.payloadBytes += payload;
    mine.wireBytes += deltaFrameBytes(effect.delta);
    if (opensRound(effect.delta, state.algorithm)) mine.uncompressedBytes += 4 * state.parameters.length;
  }
}

/** In lockstep they are as many as rounds. */
function exchangesOf({ context, edges }: PeerState): Pick<RoundEvent, 'exchanges'> {
  return context.pace === 'lockstep' ? {} : { exchanges: edges.map(({ applied }) => applied) };
}

function roundEvent(
  { node, nowMs, state }: Observation,
  mine: Totals,
  finished: {
    readonly round: number;
    readonly appliedEdges: number;
    readonly contraction: readonly number[] | null;
    readonly steps?: number;
    readonly evaluation: Evaluation | null;
  },
): RoundEvent {
  return {
    event: 'round',
    atMs: nowMs,
    peer: node,
    round: finished.round,
    loss: mine.loss,
    accuracy: finished.evaluation?.accuracy ?? null,
    activeLinks: finished.appliedEdges,
    links: presentEdges(state).length,
    ...exchangesOf(state),
    payloadBytes: mine.payloadBytes,
    wireBytes: mine.wireBytes,
    uncompressedBytes: mine.uncompressedBytes,
    samples: mine.samples,
    ...(finished.steps === undefined ? {} : { steps: finished.steps }),
    seconds: { train: mine.trainSeconds, compress: 0, exchange: 0, wait: mine.waitSeconds },
    ...namedOmegas(state.context.blocks, finished.contraction),
  };
}
