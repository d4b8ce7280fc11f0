/**
 * Watchers that see all peers at once, as nobody can in a real swarm, and hold the run to the invariants of
 * docs/consensus.md after every single step.
 *
 * - Replicas: the two ends of an edge have equal replicas, to the bit, after every exchange that both applied.
 * - Antisymmetry: the corrections of the two ends sum to exactly zero.
 * - Mean: the sum of all parameters is the sum of what trainers and, before gossip, algorithms added, plus
 *   corrections whose other end has not been applied (its peer is dead or behind), to within float32 rounding.
 * - Rounds end: every living peer finishes.
 *
 * A peer that is started again, or is new, brings its parameters with it; those of the process that died leave the sum.
 * What it takes from a neighbor counts as moved by the algorithm. An exchange that only the survivor has applied is the drift
 * that a death may cost, one an edge and epoch at most.
 */
import { epochOf } from '../consensus/exchange.js';
import { sumOf } from '../consensus/mixing-step.js';
import type { PeerState } from '../consensus/peer-state.js';
import type { Observation, SimulationInit } from './simulator.js';

export interface Violation {
  readonly invariant: 'replicas' | 'antisymmetry' | 'mean' | 'drift' | 'progress';
  readonly message: string;
}

interface ExchangeRecord {
  readonly node: number;
  readonly correctionSum: number;
  readonly replicaHash: number;
}

/** Relative float32 rounding allowed per parameter and applied exchange in the check of the mean. */
export const ROUNDING = 2 ** -24;

type Train = SimulationInit['train'];

/** An edge in one of its epochs: 2-6, later 2-6@1, ... */
function lifeOf(state: PeerState, edge: PeerState['edges'][number]): string {
  const { neighbor } = edge;
  const { node } = state.context;
  const epoch = epochOf(state, edge);
  return `${Math.min(node, neighbor)}-${Math.max(node, neighbor)}${epoch === 0 ? '' : `@${epoch}`}`;
}

/** Watches one simulation; `observe` and `watchTraining(train)` go to SimulationInit. */
export class InvariantChecker {
  readonly violations: Violation[] = [];
  /** Exchanges applied at one end only, so far: edge and sequence -> that end. */
  private readonly halves = new Map<string, ExchangeRecord>();
  /** The exchange of each edge and epoch that both ends have applied last, as they did. */
  private readonly latest = new Map<string, readonly [key: string, ends: readonly ExchangeRecord[]]>();
  private readonly sums: number[];
  /** What each peer's latest training added: the arrays themselves soon belong to the core. */
  private readonly trainedShifts: number[] = [];
  private readonly finished = new Set<number>();
  /** Edges without a link when one of their ends finished: what was under way there stays so. */
  private readonly cutOff = new Set<string>();
  /** Edges on which an end had waited in vain, for the time of a silence, when it finished: frame after frame was lost. */
  private readonly gaveUp = new Set<string>();
  /** Of peers that were not there at the start. */
  private readonly states = new Map<number, PeerState>();
  private expectedSum: number;
  private tolerance = 0;

  constructor(initialParameters: readonly Float32Array[]) {
    this.sums = initialParameters.map(sumOf);
    this.expectedSum = this.sums.reduce((total, sum) => total + sum, 0);
  }

  watchTraining(train: Train): Train {
    return async (node, round, parameters) => {
      const before = sumOf(parameters);
      const result = await train(node, round, parameters);
      this.trainedShifts[node] = sumOf(result.parameters) - before;
      return result;
    };
  }

  /** A process for `node` begins, and what an earlier one held is gone. */
  readonly welcome = (node: number, state: PeerState): void => {
    const sum = sumOf(state.parameters);
    this.expectedSum += sum - (this.sums[node] ?? 0);
    this.sums[node] = sum;
    this.finished.delete(node);
    this.states.set(node, state);
    for (const edge of state.edges) if (state.resumed) this.forgetAfter(state, edge);
  };

  /** What a checkpoint does not hold has gone with the process; it may be applied anew. */
  private forgetAfter(state: PeerState, edge: PeerState['edges'][number]): void {
    const { node } = state.context;
    const life = lifeOf(state, edge);
    const [lastKey, last] = this.latest.get(life) ?? ['', []];
    if (Number(lastKey.split('#')[1]) > edge.applied)
      this.latest.set(life, [lastKey, last.filter((end) => end.node !== node)]);
    for (const [key, half] of this.halves) {
      const [its, sequence] = key.split('#');
      if (half.node === node && its === life && Number(sequence) > edge.applied) this.halves.delete(key);
    }
  }

  readonly observe = (seen: Observation): void => {
    const { node, state, input, effects } = seen;
    if (input.type === 'updateReady') this.expectedSum += this.trainedShifts[node]!;
    this.expectedSum += state.shiftSum;
    for (const effect of effects) {
      if (effect.type === 'finished') this.finish(node, state);
      if (effect.type === 'exchangeApplied') this.checkExchange(seen, effect);
    }
    this.sums[node] = sumOf(state.parameters);
    this.checkMean(seen);
  };

  private finish(node: number, state: PeerState): void {
    this.finished.add(node);
    for (const { neighbor, linked, own } of state.edges) {
      const edge = `${Math.min(node, neighbor)}-${Math.max(node, neighbor)}`;
      if (!linked) this.cutOff.add(edge);
      else if (own !== null) this.gaveUp.add(edge);
    }
  }

  private checkExchange(
    { node, state }: Observation,
    effect: Extract<Observation['effects'][number], { type: 'exchangeApplied' }>,
  ) {
    const { neighbor, sequence } = effect;
    const { correctionSum, replicaHash } = effect.audit!;
    const edge = lifeOf(state, state.edges.find((one) => one.neighbor === neighbor)!);
    const key = `${edge}#${sequence}`;
    this.expectedSum += correctionSum;
    const record = { node, correctionSum, replicaHash };
    const [lastKey, last] = this.latest.get(edge) ?? [null, []];
    // An end that goes on from a checkpoint may have been there before: it comes to the same.
    const again = lastKey === key ? last.find((end) => end.node !== node) : undefined;
    const other = this.halves.get(key) ?? again;
    if (other === undefined) {
      this.halves.set(key, record);
      return;
    }
    this.halves.delete(key);
    this.latest.set(edge, [key, [other, record]]);
    if (other.replicaHash !== replicaHash) {
      this.fail(
        'replicas',
        `edge ${key}: replicas ${other.replicaHash} at ${other.node}, ${replicaHash} at ${node}`,
      );
    }
    if (other.correctionSum + correctionSum !== 0) {
      this.fail('antisymmetry', `edge ${key}: corrections sum to ${other.correctionSum + correctionSum}`);
    }
  }

  private checkMean({ node, state, input, effects, nowMs }: Observation): void {
    let applied = effects.filter((effect) => effect.type === 'exchangeApplied').length;
    // What was exchanged during training is added to what training returns: one rounding more.
    if (input.type === 'updateReady' && state.context.pace === 'asynchronous') applied += 1;
    if (applied > 0) {
      let magnitude = 0;
      for (const value of state.parameters) magnitude += Math.abs(value);
      this.tolerance += (applied + 1) * ROUNDING * (magnitude + state.parameters.length);
    }
    const total = this.sums.reduce((sum, value) => sum + value, 0);
    const drift = Math.abs(total - this.expectedSum);
    if (drift > this.tolerance + 1e-9 * Math.abs(this.expectedSum)) {
      this.fail(
        'mean',
        `at ${nowMs} ms after a step of peer ${node}: sum ${total}, expected ${this.expectedSum}`,
      );
    }
  }

  /** At the end: who should have finished, and which exchanges between the living are still half applied. */
  conclude(living: readonly number[]): {
    readonly halfApplied: number;
    /** Of them, those that an end had waited for in vain when it finished. */
    readonly gaveUp: number;
    readonly violations: readonly Violation[];
  } {
    for (const node of living) {
      const state = this.states.get(node);
      // Nobody to get a model from: waiting is right.
      if (state?.phase === 'joining' && !state.edges.some(({ linked }) => linked)) continue;
      if (!this.finished.has(node)) this.fail('progress', `peer ${node} did not finish its rounds`);
    }
    let halfApplied = 0;
    let gaveUp = 0;
    const epochs = new Map<string, number>();
    for (const key of this.halves.keys()) {
      const life = key.slice(0, key.indexOf('#'));
      epochs.set(life, (epochs.get(life) ?? 0) + 1);
      const [edge, epoch = '0'] = life.split('@');
      const ends = edge!.split('-').map(Number);
      if (this.cutOff.has(edge!)) continue;
      if (!ends.every((end) => living.includes(end)) || Number(epoch) !== this.latestEpoch(ends)) continue;
      halfApplied += 1;
      if (this.gaveUp.has(edge!)) gaveUp += 1;
    }
    for (const [life, count] of epochs)
      if (count > 1)
        this.fail('drift', `edge ${life}: ${count} exchanges are half applied, wanted one at most`);
    return { halfApplied, gaveUp, violations: this.violations };
  }

  /** Both ends' incarnations: 0 for founders. */
  private latestEpoch(ends: readonly number[]): number {
    return ends.reduce((sum, end) => sum + (this.states.get(end)?.incarnation ?? 0), 0);
  }

  private fail(invariant: Violation['invariant'], message: string): void {
    this.violations.push({ invariant, message });
  }
}
