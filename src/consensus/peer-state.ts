/**
 * The state of one peer: plain data, owned by its driver, changed only by `step`.
 *
 * An edge is a stop-and-wait protocol of exchanges numbered from 1. Each end contributes one difference to an
 * exchange; whoever has both applies it. At most one own difference is unapplied, and the one before it is kept
 * until the neighbor says that it has it, so two differences a direction are all that is ever in flight or held.
 */
import { GrapevineError } from '../base/errors.js';
import type { MatrixBlock } from '../compression/compressor.js';
import { createVectorSource } from '../linalg/vectors.js';
import type { Delta } from '../wire/frame.js';
import { createStepping, type SteppingOptions, type SteppingState } from './adaptive-steps.js';
import type { AlgorithmContext, AnyAlgorithm, EdgeView, Pace, RunFacts } from './algorithm.js';
import type { EdgeStatus } from './events.js';
import { createGuard, type GuardState } from './guard.js';

export interface PeerOptions {
  /** Rounds to run. */
  readonly rounds: number;
  /** @default lockstep */
  readonly pace?: Pace;
  /**
   * A neighbor that has sent nothing for this long is silent: its edge goes inactive and rounds go on.
   * Milliseconds.
   */
  readonly silenceMs: number;
  /** A neighbor that lives but has sent no difference for this long is a straggler: likewise. Milliseconds. */
  readonly roundDeadlineMs: number;
  /** Who has lost all its neighbors waits for one this long before it does rounds alone. Milliseconds. @default 0 */
  readonly cutOffMs?: number;
  /** On links that lose frames: send again what has not been acknowledged after this long; else null. */
  readonly retransmitMs: number | null;
  /** Rounds between measurements of the compressor's contraction; 0: never. Costs one decoding. */
  readonly measureEvery: number;
  /** Share of the rounds in which an edge exchanges, above 0 (edge-activity.ts). @default 1 */
  readonly edgeActivity?: number;
  /** In lockstep: a peer takes fewer local steps where its neighbors would wait for it. @default all take all */
  readonly stepping?: SteppingOptions;
  /** Backs gamma off where the neighborhood drifts apart (guard.ts). @default true */
  readonly guard?: boolean;
  /** Exchanges of an edge between two comparisons of its ends (replica-check.ts); 0: never. @default HASH_EVERY */
  readonly hashEvery?: number;
  /** Who has missed more rounds takes a neighbor's model (coming-back.ts). @default RECENT_ROUNDS */
  readonly recentRounds?: number;
  /** Adds ExchangeAudit numbers to every exchange. Costs two passes over the replicas. */
  readonly audit: boolean;
}

export const defaultPeerOptions = {
  /** A stopped process is noticed after this; far above any pause of a busy event loop seen (under 2 s). */
  silenceMs: 6_000,
  /** Ten times the slowest round measured with 64 peers on two cores. */
  roundDeadlineMs: 60_000,
  retransmitMs: null,
  measureEvery: 0,
  audit: false,
} as const;

export type Phase =
  /** Before round 1. */
  | 'idle'
  /** Started again, or new: without a model to begin from (incarnation.ts). */
  | 'joining'
  /** The trainer has the parameters; in the asynchronous pace exchanges go on. */
  | 'training'
  /** Differences of this round are under way. */
  | 'exchanging'
  /** All rounds done; late differences still come in or are asked for. */
  | 'draining'
  | 'finished';

/** What an edge remembers of the comparisons of its two ends (replica-check.ts). */
export interface ReplicaCheck {
  /** For the next delta; null where the next exchange is not one to compare. */
  hash: number | null;
  /** Resets so far, the same at both ends. */
  resets: number;
  /** Of them, those since the last comparison that agreed. */
  resetsInRow: number;
}

export interface EdgeState extends EdgeView<unknown> {
  /** Of the exchange at hand (edge-activity.ts, edge-weight.ts). */
  weight: number;
  /** What the mixing matrix says; 0 for an edge that it does not know. */
  readonly matrixWeight: number;
  own: Delta | null;
  /** Contribution to the last applied exchange, until the neighbor is known to have it. */
  previous: Delta | null;
  /** The neighbor's contribution to exchange applied + 1, and, where it is ahead, to the one after. */
  theirs: Delta | null;
  theirsNext: Delta | null;
  /** Number of exchanges applied. */
  applied: number;
  status: EdgeStatus;
  /** The transport has a link. */
  linked: boolean;
  lastHeardMs: number;
  lastSentMs: number;
  /** When `own` was made; when it and `previous` were last sent; and when a difference last came. */
  ownSinceMs: number;
  ownSentMs: number;
  previousSentMs: number;
  /** A difference that was sent within this time is on its way, whatever seems to be missing (exchange.ts). */
  readonly quietMs: number;
  deltaHeardMs: number;
  /** Of the asynchronous pace: exchanges that this end has still to begin; below 0, answers given beyond its share. */
  owed: number;
  /** Latest round or level (asynchronous.ts) in the neighbor's differences. */
  heardRound: number;
  /** The neighbor's round in the exchange applied last, and how many exchanges of that round there were. */
  theirRound: number;
  theirExchange: number;
  /** `applied` when this peer's last round ended. */
  appliedBefore: number;
  readonly check: ReplicaCheck;
  /** How often the neighbor has been started again, as far as it has said. */
  theirIncarnation: number;
  /** The memory is of the edge's epoch. False until a peer that was started again hears the neighbor. */
  begun: boolean;
  /** The neighbor is known to know this peer's incarnation: exchanges may be made. */
  synced: boolean;
  /** False when it has said that it has no model. */
  mayHaveModel: boolean;
  /** The neighbor has said where it stands: it is told where this peer does. */
  tellsWhere: boolean;
  /** Taken away by the membership view: nothing new is begun. */
  retiring: boolean;
  /** ||c|| of the exchange applied last. */
  correctionNorm: number;
  memory: unknown;
}

export interface PeerState {
  readonly context: AlgorithmContext;
  readonly algorithm: AnyAlgorithm;
  readonly options: PeerOptions;
  /** Ascending by neighbor: the order of every sum. */
  readonly edges: EdgeState[];
  /** Neighbors have come or gone since the start: their number is said in every delta. */
  rewired: boolean;
  node: unknown;
  /** How often this peer has been started again; 0: a founder of the swarm. */
  incarnation: number;
  /** It goes on from a checkpoint, and asks its neighbors where they are (coming-back.ts). */
  resumed: boolean;
  /** The incarnation that it takes where it cannot go on with this one; null where none has been put aside. */
  nextLife: number | null;
  /** A neighbor has ended a round since this peer was saved. */
  overtaken: boolean;
  /** The parameters are the swarm's: a founder's initial model, or what a neighbor sent. */
  hasModel: boolean;
  /** The neighbor that is asked for its model; null where none is. */
  donor: number | null;
  /** When joining began. */
  joiningSinceMs: number;
  /** Sum of ||c|| over exchanges that a neighbor may not have applied before it died: bounds what the sum over peers drifted. */
  driftBound: number;
  parameters: Float32Array;
  /** Where training began. In lockstep the two serve in turn (takeIn); else it is the trainer's copy (round-end.ts). */
  spare: Float32Array;
  phase: Phase;
  /** The round under way, from 1; 0 before the start. */
  round: number;
  /** Rounds without training after the last, in which an asynchronous run closes. */
  level: number;
  /** Longest way between two peers in edges: the levels that a run closes in. */
  readonly diameter: number;
  /** Exchanges of this round that are done: all edges that could have applied one. */
  exchangesDone: number;
  /** When the exchange of this round began. */
  exchangingSinceMs: number;
  lastTickMs: number;
  /** Measured in this round. */
  contraction: readonly number[] | null;
  /** What says when gossip makes peers drift apart; null where it is off or could do nothing. */
  guard: GuardState | null;
  /** How many local steps this peer takes; null where all take all. */
  readonly stepping: SteppingState | null;
  /** With options.audit: sum of what the algorithm itself added to the parameters in the latest step. */
  shiftSum: number;
  /** Rounds end after this one: options.rounds, or sooner when a stop was asked for. */
  lastRound: number;
}

export interface PeerInit {
  readonly node: number;
  /** Neighbors with their mixing weights w_ij, any order. */
  readonly neighbors: readonly { readonly neighbor: number; readonly weight: number }[];
  readonly parameters: Float32Array;
  readonly initialReplica: Float32Array;
  readonly blocks: readonly MatrixBlock[];
  readonly compressor: AlgorithmContext['compressor'];
  readonly beta: number;
  /** @default null */
  readonly gap?: number | null;
  /** Of the graph; what an asynchronous run needs to know when all have trained. @default 1 */
  readonly diameter?: number;
  /** @default null */
  readonly swarm?: AlgorithmContext['swarm'];
  readonly randomFor: AlgorithmContext['randomFor'];
  readonly algorithm: AnyAlgorithm;
  /** Needed by algorithms whose form depends on it. */
  readonly run?: RunFacts;
  readonly options: PeerOptions;
  /**
   * How often this index has been started in this swarm before, which whoever starts it has to count; above 0 it joins,
   * with the model of a neighbor. @default 0
   */
  readonly incarnation?: number;
}

/** Of the time after which a neighbor sends again what it misses: its asking is never taken for an echo. */
const QUIET_SHARE = 0.5;
/**
 * Of silenceMs, on links that lose nothing: what a repeated difference lacks is under way there, except that a new link has
 * carried nothing yet (step.ts). Above any round trip.
 */
const LOSSLESS_QUIET_SHARE = 0.25;

function quietMsOf({ retransmitMs, silenceMs }: PeerOptions): number {
  return retransmitMs === null ? LOSSLESS_QUIET_SHARE * silenceMs : QUIET_SHARE * retransmitMs;
}

export function createEdge(
  { neighbor, weight }: PeerInit['neighbors'][number],
  { algorithm, options, incarnation = 0 }: Pick<PeerInit, 'algorithm' | 'options' | 'incarnation'>,
  context: AlgorithmContext,
): EdgeState {
  return {
    neighbor,
    weight,
    matrixWeight: weight,
    own: null,
    previous: null,
    theirs: null,
    theirsNext: null,
    applied: 0,
    status: 'inactive',
    linked: false,
    lastHeardMs: 0,
    lastSentMs: 0,
    ownSinceMs: 0,
    ownSentMs: 0,
    previousSentMs: 0,
    quietMs: quietMsOf(options),
    deltaHeardMs: 0,
    owed: 0,
    heardRound: 0,
    theirRound: 0,
    theirExchange: 0,
    appliedBefore: 0,
    check: { hash: null, resets: 0, resetsInRow: 0 },
    theirIncarnation: 0,
    begun: incarnation === 0,
    synced: incarnation === 0,
    mayHaveModel: true,
    tellsWhere: false,
    retiring: false,
    correctionNorm: 0,
    memory: algorithm.createEdge(context, neighbor),
  };
}

/**
 * 0 for -0, else `value`. A replica must not hold -0: whether an addition of zero clears its sign depends on whether
 * the 0 is added at all, as a sparse decoder does not, or as +0 or -0; with one's own replica CHOCO adds the decoded
 * difference, a neighbor decodes into it. Where there is no -0 at the start, none can come of sums and differences.
 */
const withoutSign = (value: number): number => value + 0;

function requireChurn({ name, toleratesChurn }: AnyAlgorithm): void {
  if (toleratesChurn === true) return;
  throw new GrapevineError(
    'BAD_CONFIG',
    `algorithm ${name} keeps sums over all peers, which a peer that joins a running swarm would break: resume all peers ` +
      'from checkpoints, or run an algorithm that docs/membership.md lists.',
  );
}

/**
 * A peer before round 1, without links.
 * @throws GrapevineError BAD_CONFIG where the algorithm cannot run among these neighbors
 */
export function createPeerState(init: PeerInit): PeerState {
  const { node, blocks, compressor, beta, randomFor, options } = init;
  const run = init.run ?? { peers: init.neighbors.length + 1, seed: 0, topology: '' };
  const algorithm = init.algorithm.forRun?.(run) ?? init.algorithm;
  algorithm.checkEdges?.(init.neighbors);
  const { incarnation = 0 } = init;
  if (incarnation > 0) requireChurn(algorithm);
  const initialReplica = init.initialReplica.map(withoutSign);
  // As many as an algorithm asks for at most: both replicas of each edge, one more for the node; and our own three.
  const createVector = createVectorSource(2 * init.neighbors.length + 4, init.parameters.length);
  const scratch = createVector();
  const parameters = createVector();
  parameters.set(init.parameters);
  const spare = createVector();
  const createReplica = (): Float32Array => {
    const replica = createVector();
    replica.set(initialReplica);
    return replica;
  };
  const { pace = 'lockstep' } = options;
  const context: AlgorithmContext = {
    node,
    pace,
    blocks,
    compressor,
    beta,
    gap: init.gap ?? null,
    swarm: init.swarm ?? null,
    initialReplica,
    randomFor,
    createReplica,
    scratch,
  };
  return {
    context,
    algorithm,
    options,
    edges: init.neighbors
      .map((end) => createEdge(end, { algorithm, options, incarnation }, context))
      .sort((a, b) => a.neighbor - b.neighbor),
    node: algorithm.createNode(context),
    incarnation,
    resumed: false,
    nextLife: null,
    overtaken: false,
    rewired: false,
    hasModel: incarnation === 0,
    donor: null,
    joiningSinceMs: 0,
    driftBound: 0,
    parameters,
    spare,
    phase: 'idle',
    round: 0,
    level: 0,
    diameter: init.diameter ?? 1,
    exchangesDone: 0,
    exchangingSinceMs: 0,
    lastTickMs: 0,
    contraction: null,
    guard: options.guard !== false && algorithm.guarded === true ? createGuard(algorithm.guardSlack) : null,
    stepping: options.stepping === undefined ? null : createStepping(options.stepping),
    shiftSum: 0,
    lastRound: options.rounds,
  };
}

/**
 * Copies what was trained to beside the replicas, where kernels mix it; where training began stays as it is until the
 * next round is trained, and is returned.
 */
export function takeIn(state: PeerState, trained: Float32Array): Float32Array {
  const start = state.parameters;
  state.parameters = state.spare;
  state.parameters.set(trained);
  state.spare = start;
  return start;
}
