/**
 * What both ends of every edge have applied, seen from outside: pairs up the two applications of each exchange and holds them
 * to what src/consensus/exchange.ts promises.
 *
 * - Order: an end applies exchange 1, 2, 3, ... of a life of its edge, each once, and never goes back to an earlier life. The
 *   two ends are one exchange apart at most (stop and wait). A life is named by the two incarnations that meet.
 * - Antisymmetry: what one end adds, the other subtracts: the same vector, to the bit.
 * - Replicas: what both hold alike afterwards has the same CRC-32.
 *
 * At the end of a run an exchange may be applied at one end only for five reasons, each of them looked at and counted
 * (docs/membership.md, "The mean"); any other is a violation:
 *
 * - gone: one of the two is dead.
 * - restarted: one of the two has begun a new life. Where the survivor is the one that applied it, its driftBound must cover
 *   ||c||.
 * - cut: whoever has not applied it had no link when it finished.
 * - refused: whoever has not applied it has refused the other's difference and closed the edge. Among honest peers that is a
 *   violation by itself.
 * - unheard: whoever has not applied it sent its own difference again and again, for a silence, and was never answered.
 */
import { sumOf } from '../consensus/mixing-step.js';
import type { EdgeState, PeerState } from '../consensus/peer-state.js';
import type { Delta } from '../wire/frame.js';
import type { Observation } from './simulator.js';

export type Excuse = 'gone' | 'restarted' | 'cut' | 'refused' | 'unheard';

type Applied = Extract<Observation['effects'][number], { type: 'exchangeApplied' }>;

interface Half {
  readonly node: number;
  readonly neighbor: number;
  readonly life: readonly [number, number];
  readonly sequence: number;
  readonly correction: Float32Array | null;
  readonly correctionSum: number;
  readonly replicaHash: number;
}

interface Both {
  readonly sequence: number;
  /** By node; without that of a process that is gone and had no checkpoint of it. */
  readonly ends: Map<number, Half>;
}

/** How an edge stood at one end when that end finished. */
interface Farewell {
  readonly linked: boolean;
  /** How often the difference that is still unanswered was sent; 0 where none is. */
  readonly tries: number;
}

/** Where one end of an edge is. */
interface Position {
  readonly incarnation: number;
  life: readonly [number, number];
  applied: number;
}

export interface LedgerProblem {
  readonly invariant: 'order' | 'antisymmetry' | 'replicas' | 'half-applied' | 'drift';
  readonly message: string;
}

/** Whoever gives up has tried as often as fits into a silence, but for the first and the last time. */
const SPARED_TRIES = 2;
/** ||c|| is summed from squares in float32 by the core, and in float64 here. */
const NORM_TOLERANCE = 1e-5;

const edgeName = (a: number, b: number): string => `${Math.min(a, b)}-${Math.max(a, b)}`;
const endName = (node: number, neighbor: number): string => `${node}>${neighbor}`;
const isSameLife = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  a[0] === b[0] && a[1] === b[1];
const lifeName = ([low, high]: readonly [number, number]): string =>
  low + high === 0 ? '' : `@${low}+${high}`;

const lifeOf = (
  node: number,
  neighbor: number,
  { incarnation, theirIncarnation }: { readonly incarnation: number; readonly theirIncarnation: number },
): Half['life'] => (node < neighbor ? [incarnation, theirIncarnation] : [theirIncarnation, incarnation]);

function isSameVector(a: Float32Array | null, b: Float32Array | null): boolean {
  return a === null || b === null ? a === b : a.every((value, k) => Object.is(value, b[k]));
}

function normOf(vector: Float32Array | null): number {
  return Math.sqrt((vector ?? new Float32Array(0)).reduce((sum, value) => sum + value * value, 0));
}

export class ExchangeLedger {
  readonly problems: LedgerProblem[] = [];
  /** Sum of all corrections: that of those whose other end has not been applied, as long as the ends are antisymmetric. */
  correctionSum = 0;
  /** Exchanges that both ends applied and that left something to compare. */
  compared = 0;
  private readonly halves = new Map<string, Half>();
  /** Of each life of an edge: the exchange that both ends have applied last, as they did. */
  private readonly latest = new Map<string, Both>();
  private readonly positions = new Map<string, Position>();
  private readonly farewells = new Map<string, Farewell>();
  /** Ends that have closed their edge for what the other sent. */
  private readonly refusals = new Map<string, string>();
  /** Of the difference under way at each end: its number, and how often it was sent. */
  private readonly sent = new Map<
    string,
    { readonly epoch: number; readonly sequence: number; tries: number }
  >();

  /**
   * The process of `node` that begins goes on from a checkpoint: what that does not hold it may apply anew, where the other
   * end has it still.
   */
  goBack(node: number, state: PeerState): void {
    for (const edge of state.edges) {
      const { neighbor, theirIncarnation } = edge;
      const { incarnation } = state;
      const applied = edge.begun ? edge.applied : 0; // of an edge that has not begun, the number is that of its life before
      const life = lifeOf(node, neighbor, { incarnation, theirIncarnation });
      this.positions.set(endName(node, neighbor), { incarnation, life, applied });
      const key = `${edgeName(node, neighbor)}${lifeName(life)}`;
      const half = this.halves.get(key);
      if (half?.node === node && half.sequence > applied) this.halves.delete(key);
      const latest = this.latest.get(key);
      if (latest !== undefined && latest.sequence > applied) latest.ends.delete(node);
    }
  }

  /** A process for `node` begins: nothing of what an earlier one did is known to it. */
  forget(node: number): void {
    for (const memory of [this.positions, this.sent, this.farewells, this.refusals])
      for (const end of memory.keys()) if (end.startsWith(`${node}>`)) memory.delete(end);
  }

  observe({ node, state, effects }: Observation): void {
    for (const effect of effects) {
      if (effect.type === 'exchangeApplied') this.apply(node, state, effect);
      if (effect.type === 'sendDelta') this.send(endName(node, effect.to), effect.delta);
      if (effect.type === 'refuse') this.refusals.set(endName(node, effect.neighbor), effect.code);
      if (effect.type === 'finished') for (const edge of state.edges) this.part(node, edge);
    }
  }

  private send(end: string, { epoch = 0, sequence }: Delta): void {
    const last = this.sent.get(end);
    if (last === undefined || epoch > last.epoch || (epoch === last.epoch && sequence > last.sequence))
      this.sent.set(end, { epoch, sequence, tries: 1 });
    else if (epoch === last.epoch && sequence === last.sequence) last.tries += 1;
  }

  private part(node: number, { neighbor, linked, own }: EdgeState): void {
    const end = endName(node, neighbor);
    const sent = this.sent.get(end);
    const tries = own !== null && sent?.sequence === own.sequence ? sent.tries : 0;
    this.farewells.set(end, { linked, tries });
  }

  private apply(node: number, state: PeerState, { neighbor, sequence, audit }: Applied): void {
    const { incarnation, edges } = state;
    const { theirIncarnation } = edges.find((edge) => edge.neighbor === neighbor)!;
    const life = lifeOf(node, neighbor, { incarnation, theirIncarnation });
    const half: Half = { node, neighbor, life, sequence, ...audit! };
    this.checkOrder(half, incarnation);
    const key = `${edgeName(node, neighbor)}${lifeName(life)}`;
    this.correctionSum += half.correctionSum;
    const other = this.halves.get(key) ?? this.appliedBefore(key, half);
    if (other === undefined) {
      this.halves.set(key, half);
      return;
    }
    if (other.node === node || other.sequence !== sequence) {
      const there = `${other.sequence} at ${other.node}`;
      this.fail(
        'order',
        `edge ${key}: exchange ${sequence} applied at ${node}, with only ${there} before it`,
      );
      return;
    }
    this.halves.delete(key);
    this.latest.set(key, {
      sequence,
      ends: new Map([
        [node, half],
        [neighbor, other],
      ]),
    });
    this.compare(`${key}#${sequence}`, other, half);
  }

  /** What the other end did in the exchange that this end applies again, since it has gone back to before it. */
  private appliedBefore(key: string, { node, neighbor, sequence }: Half): Half | undefined {
    const latest = this.latest.get(key);
    if (latest?.sequence !== sequence || latest.ends.has(node)) return undefined;
    return latest.ends.get(neighbor);
  }

  /** Each exchange of a life once, in order; lives only go on. */
  private checkOrder({ node, neighbor, life, sequence }: Half, incarnation: number): void {
    const end = endName(node, neighbor);
    const last = this.positions.get(end);
    const goesOn = last !== undefined && isSameLife(last.life, life);
    const wanted = goesOn ? last.applied + 1 : 1;
    const back = last !== undefined && (life[0] < last.life[0] || life[1] < last.life[1]);
    if (sequence !== wanted || back) {
      const of = `edge ${edgeName(node, neighbor)}${lifeName(life)}`;
      this.fail(
        'order',
        `${of}: peer ${node} applied exchange ${sequence}, wanted ${back ? 'none' : wanted}`,
      );
    }
    this.positions.set(end, { incarnation, life, applied: sequence });
  }

  private compare(exchange: string, one: Half, two: Half): void {
    if (one.replicaHash !== 0 || two.replicaHash !== 0) this.compared += 1;
    if (one.replicaHash !== two.replicaHash) {
      const there = `replicas ${one.replicaHash} at ${one.node}, ${two.replicaHash} at ${two.node}`;
      this.fail('replicas', `edge ${exchange}: ${there}`);
    }
    if (!isSameVector(one.correction, two.correction)) {
      const [here, there] = [one, two].map(({ correction }) => sumOf(correction ?? new Float32Array(0)));
      this.fail(
        'antisymmetry',
        `edge ${exchange}: the ends moved by other vectors, of sums ${here} and ${there}`,
      );
    }
  }

  /** At the end of a run: why exchanges are half applied, and how many for each reason. `states` of the latest processes. */
  conclude(living: ReadonlySet<number>, states: ReadonlyMap<number, PeerState>): Record<Excuse, number> {
    const excused: Record<Excuse, number> = { gone: 0, restarted: 0, cut: 0, refused: 0, unheard: 0 };
    const drifts = new Map<number, number>();
    for (const [key, half] of this.halves) {
      const excuse = this.excuseOf(half, living, states);
      if (excuse !== null) excused[excuse] += 1;
      else {
        const { sequence, node, neighbor } = half;
        this.fail(
          'half-applied',
          `edge ${key}#${sequence}: applied at ${node}, not at ${neighbor}, both living`,
        );
      }
      if (excuse === 'restarted' && this.isSurvivor(half, states)) {
        const drift = (drifts.get(half.node) ?? 0) + normOf(half.correction);
        drifts.set(half.node, drift);
      }
    }
    for (const [node, drift] of drifts) {
      const { driftBound } = states.get(node)!;
      if (drift > driftBound * (1 + NORM_TOLERANCE))
        this.fail('drift', `peer ${node}: restarted neighbors did not apply ${drift}, counted ${driftBound}`);
    }
    return excused;
  }

  private excuseOf(
    { node, neighbor, life }: Half,
    living: ReadonlySet<number>,
    states: ReadonlyMap<number, PeerState>,
  ): Excuse | null {
    const ends = [Math.min(node, neighbor), Math.max(node, neighbor)];
    if (!ends.every((end) => living.has(end))) return 'gone';
    if (ends.some((end, k) => states.get(end)?.incarnation !== life[k])) return 'restarted';
    if (this.refusals.has(endName(neighbor, node))) return 'refused';
    const lagging = this.farewells.get(endName(neighbor, node));
    if (lagging === undefined) return null;
    if (!lagging.linked) return 'cut';
    const { silenceMs, retransmitMs } = states.get(neighbor)!.options;
    if (retransmitMs === null) return null;
    return lagging.tries >= Math.floor(silenceMs / retransmitMs) - SPARED_TRIES ? 'unheard' : null;
  }

  /** Whoever applied it lives on, and has heard of the neighbor's new life. */
  private isSurvivor({ node, neighbor, life }: Half, states: ReadonlyMap<number, PeerState>): boolean {
    const state = states.get(node)!;
    const [own, theirs] = node < neighbor ? life : [life[1], life[0]];
    const edge = state.edges.find((each) => each.neighbor === neighbor)!;
    return state.incarnation === own && edge.theirIncarnation > theirs;
  }

  private fail(invariant: LedgerProblem['invariant'], message: string): void {
    this.problems.push({ invariant, message });
  }
}
