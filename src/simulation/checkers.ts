/**
 * Watchers that see all peers at once, as nobody can in a real swarm, and hold the run to the invariants of
 * docs/consensus.md and docs/membership.md after every single step.
 *
 * - Exchanges: in order, once, at both ends the same, to the bit (exchange-ledger.ts).
 * - Movement: a peer's parameters change by training, by the exchanges that it applied, and by what its algorithm adds by
 *   itself, and by nothing else. Where the algorithm adds nothing, all are worked out again here and must be equal to the bit;
 *   else their sum must be, to within the float32 rounding of this one step.
 * - Mean: the sum over all peers is the sum of what training, arrivals and algorithms added, plus the corrections whose other
 *   end has not been applied, to within the rounding of the steps so far.
 * - Arrival: a newcomer begins with the model that it was sent, to the bit.
 * - Rounds end: every living peer finishes. How soon is in liveness.ts.
 *
 * A peer that is started again, or is new, brings its parameters with it; those of the process that died leave the sum.
 */
import { sumOf } from '../consensus/mixing-step.js';
import type { PeerState } from '../consensus/peer-state.js';
import { ExchangeLedger, type Excuse, type LedgerProblem } from './exchange-ledger.js';
import type { Observation, SimulationInit } from './simulator.js';

export interface Violation {
  readonly invariant: LedgerProblem['invariant'] | 'movement' | 'mean' | 'arrival' | 'refusal' | 'progress';
  readonly message: string;
}

export interface Conclusion {
  readonly violations: readonly Violation[];
  /** Exchanges that one end only has applied, by what excuses it; any other is a violation. */
  readonly excused: Readonly<Record<Excuse, number>>;
  /** Exchanges after which the two ends had something to compare. */
  readonly compared: number;
}

export interface CheckerOptions {
  /** The algorithm moves parameters by nothing but corrections: every step is worked out again. @default false */
  readonly onlyCorrections?: boolean;
}

/** A float32 sum is wrong by this much of itself at most: half a unit in the last place. */
const ROUNDING = 2 ** -24;
/** Relative error of the float64 sums here. */
const NOISE = 1e-12;

type Train = SimulationInit['train'];

/** Watches one simulation; `observe` and `watchTraining(train)` go to SimulationInit. */
export class InvariantChecker {
  private readonly found: Violation[] = [];
  private readonly ledger = new ExchangeLedger();
  private readonly options: CheckerOptions;
  /** Parameters after each peer's latest step. */
  private readonly models: Float32Array[];
  private readonly sums: number[];
  /** Where each peer's latest training began: the array itself soon belongs to the core. */
  private readonly starts: Float32Array[] = [];
  private readonly finished = new Set<number>();
  private readonly hasModel = new Map<number, boolean>();
  /** The latest process of each peer that has done anything. */
  private readonly states = new Map<number, PeerState>();
  /** What the sum would be without corrections and rounding. */
  private expectedSum: number;
  private tolerance = 0;

  constructor(initialParameters: readonly Float32Array[], options: CheckerOptions = {}) {
    this.options = options;
    this.models = initialParameters.map((parameters) => parameters.slice());
    this.sums = initialParameters.map(sumOf);
    this.expectedSum = this.sums.reduce((total, sum) => total + sum, 0);
  }

  /** So far. */
  get violations(): readonly Violation[] {
    return [...this.found, ...this.ledger.problems];
  }

  watchTraining(train: Train): Train {
    return (node, round, parameters) => {
      this.starts[node] = parameters.slice();
      return train(node, round, parameters);
    };
  }

  /** A process for `node` begins, and what an earlier one held is gone. */
  readonly welcome = (node: number, state: PeerState): void => {
    this.ledger.forget(node);
    if (state.resumed) this.ledger.goBack(node, state);
    const sum = sumOf(state.parameters);
    this.expectedSum += sum - (this.sums[node] ?? 0);
    this.sums[node] = sum;
    this.models[node] = state.parameters.slice();
    this.hasModel.set(node, state.hasModel);
    this.finished.delete(node);
    this.states.set(node, state);
  };

  readonly observe = (seen: Observation): void => {
    const { node, state, effects } = seen;
    this.states.set(node, state);
    for (const effect of effects) {
      if (effect.type === 'finished') this.finished.add(node);
      if (effect.type === 'refuse')
        this.fail('refusal', `peer ${node} refused ${effect.neighbor}: ${effect.code}: ${effect.message}`);
    }
    this.ledger.observe(seen);
    this.checkArrival(seen);
    this.checkMovement(seen);
    this.checkMean(seen);
    this.models[node]!.set(state.parameters);
  };

  /** Whoever has just taken a neighbor's model has exactly that. */
  private checkArrival({ node, state, input }: Observation): void {
    const had = this.hasModel.get(node) ?? true;
    this.hasModel.set(node, state.hasModel);
    if (had || !state.hasModel || input.type !== 'modelReceived') return;
    const sent = new Float32Array(input.model.bytes.slice().buffer);
    if (!isSame(sent, state.parameters))
      this.fail('arrival', `peer ${node} does not begin with the model that ${input.from} sent`);
    this.models[node] = sent;
  }

  /** One step of one peer: where it should be now, or at least how far its sum should have moved. */
  private checkMovement(seen: Observation): void {
    const { node, state, input, effects, nowMs } = seen;
    const corrections = effects.flatMap((effect) =>
      effect.type === 'exchangeApplied' && effect.audit?.correction != null
        ? [{ correction: effect.audit.correction, sign: node < effect.neighbor ? 1 : -1 }]
        : [],
    );
    const before = this.models[node]!;
    const trained = input.type === 'updateReady' ? this.trainedFrom(seen, input.parameters) : before;
    if (this.options.onlyCorrections === true) {
      const expected = trained.slice();
      for (const { correction, sign } of corrections)
        for (let k = 0; k < expected.length; k++) expected[k]! += sign * correction[k]!;
      if (!isSame(expected, state.parameters))
        this.fail('movement', `at ${nowMs} ms peer ${node} is not where training and exchanges put it`);
    }
    const added = sumOf(trained) - sumOf(before) + this.shiftOf(seen);
    this.expectedSum += added;
    const moved = corrections.reduce((sum, { correction, sign }) => sum + sign * sumOf(correction), 0);
    const sum = sumOf(state.parameters);
    const rounding = roundingOf([before, trained, state.parameters], corrections);
    this.tolerance += rounding;
    const off = sum - (this.sums[node]! + added + moved);
    if (!(Math.abs(off) <= rounding))
      this.fail(
        'movement',
        `at ${nowMs} ms the sum of peer ${node} moved by ${off} more than it should have`,
      );
    this.sums[node] = sum;
  }

  /** What training makes of a peer's parameters; exchanges that were applied meanwhile stay. */
  private trainedFrom({ node, state }: Observation, trained: Float32Array): Float32Array {
    if (state.context.pace !== 'asynchronous') return trained;
    const [before, start] = [this.models[node]!, this.starts[node]!];
    return trained.map((value, k) => value + (before[k]! - start[k]!));
  }

  /** By how much the algorithm itself moved the sum; the model that a newcomer was sent is no such move. */
  private shiftOf({ node, state, input }: Observation): number {
    const { shiftSum } = state;
    if (input.type === 'modelReceived') {
      const arrived = sumOf(this.models[node]!) - this.sums[node]!;
      this.sums[node]! += arrived;
      this.expectedSum += arrived;
      return shiftSum - arrived;
    }
    if (this.options.onlyCorrections === true && shiftSum !== 0)
      this.fail('movement', `peer ${node}: the algorithm moved the sum by ${shiftSum}, wanted 0`);
    return shiftSum;
  }

  private checkMean({ node, nowMs }: Observation): void {
    const total = this.sums.reduce((sum, value) => sum + value, 0);
    const expected = this.expectedSum + this.ledger.correctionSum;
    if (!(Math.abs(total - expected) <= this.tolerance + NOISE * Math.abs(expected)))
      this.fail('mean', `at ${nowMs} ms after a step of peer ${node}: sum ${total}, expected ${expected}`);
  }

  /** At the end: who should have finished, and which exchanges are half applied without an excuse. */
  conclude(living: readonly number[]): Conclusion {
    for (const node of living) {
      const state = this.states.get(node);
      // Nobody to get a model from: waiting is right.
      const alone = state?.edges.every(({ neighbor }) => !living.includes(neighbor));
      if (state?.phase === 'joining' && alone === true) continue;
      if (!this.finished.has(node)) this.fail('progress', `peer ${node} did not finish its rounds`);
    }
    const excused = this.ledger.conclude(new Set(living), this.states);
    return { violations: this.violations, excused, compared: this.ledger.compared };
  }

  private fail(invariant: Violation['invariant'], message: string): void {
    this.found.push({ invariant, message });
  }
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, k) => value === b[k]);
}

function lengthOf(vector: Float32Array): number {
  return vector.reduce((sum, value) => sum + Math.abs(value), 0);
}

/** What the float32 additions of one step may be off by, in the sum: each by ROUNDING of its result. */
function roundingOf(
  models: readonly Float32Array[],
  corrections: readonly { readonly correction: Float32Array }[],
): number {
  const longest = Math.max(...models.map(lengthOf));
  const along = corrections.reduce((sum, { correction }) => sum + lengthOf(correction), 0);
  return (corrections.length * ROUNDING + NOISE) * (longest + along);
}
