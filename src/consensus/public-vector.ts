/**
 * A vector that a node keeps public: every neighbor holds a copy, equal to the bit, and each round moves all copies
 * by one compressed message, the same bytes for everybody (CHOCO's xHat, BEER's H and G, LEAD's H, the replicas of DCD
 * and ECD).
 *
 *     q = C(v - base);   the copy moves by its rule;   CHOCO: base = xHat, xHat += q
 *
 * When an edge has been silent, its neighbor's copy is old: the messages missed travel together in the next exchange
 * or, beyond what one frame may carry, the vector itself. Until then the exchange under way uses the vector as it was
 * when its message was sent (`behind`). Several public vectors of one node are told apart by their stream.
 */
import { createRandom } from '../base/random.js';
import type { Compressor, CompressorState, MatrixBlock } from '../compression/compressor.js';
import { contractionOf, squaresOf } from '../compression/contraction.js';
import { decodeAddInto } from '../compression/message.js';
import { addSignedInto } from '../linalg/pairs.js';
import { type Delta, type DeltaPart, MAX_DELTA_PARTS } from '../wire/frame.js';
import type { AlgorithmContext, EdgeView } from './algorithm.js';
import { encodeDifference } from './replica.js';

/** Weight of the past in the running average of omega: an average over about 20 rounds. */
export const OMEGA_MEMORY = 0.95;

/** One copy: at its node, or at a neighbor. */
export interface PublicCopy {
  /** What mixing reads. */
  readonly value: Float32Array;
  /** What differences are taken from; the value itself in most algorithms. */
  readonly base: Float32Array;
}

/** How messages are made and what they do to a copy. */
export interface PublicRule {
  readonly stream: number;
  /** Streams of the algorithm, which share the parts of a frame. */
  readonly streams: number;
  /** base is a vector of its own. */
  readonly ownBase: boolean;
  /** v itself is compressed, not v - base. */
  readonly plain: boolean;
  /** Moves a copy by message `number` of its node, counted from 1; absent: value += message. */
  advance?(copy: PublicCopy, message: Float32Array, number: number): void;
}

/** The rule of CHOCO: xHat += C(v - xHat). */
export function additive(stream = 0, streams = 1): PublicRule {
  return { stream, streams, ownBase: false, plain: false };
}

/** What compression was seen to do. */
export interface Measured {
  /** Running average of the measured contraction; null before the first message. */
  omega: number | null;
  /** omega-hat of each block in the latest message. */
  blockOmegas: readonly number[];
  /** ||z||^2 of the latest message: what there was to say. */
  residual: number;
}

/** At its node. */
export interface PublicVector extends PublicCopy, Measured {
  readonly compressorState: CompressorState;
}

/** What an edge keeps of its two ends' vectors. */
export interface PublicEdge {
  readonly theirs: PublicCopy;
  /** This node's value as of the exchange under way, where it has moved on since; else null. */
  behind: Float32Array | null;
  /** Messages not yet sent on this edge; null: too many, send the vector itself. */
  unsent: Uint8Array[] | null;
}

function createCopy(context: AlgorithmContext, rule: PublicRule): PublicCopy {
  const value = context.createReplica();
  return { value, base: rule.ownBase ? context.createReplica() : value };
}

/** The random generator of stream 0 is CHOCO's; each other stream has one of its own. */
export function createPublicVector(context: AlgorithmContext, rule: PublicRule): PublicVector {
  const { compressor, blocks } = context;
  const random = context.randomFor('node', context.node);
  const own = rule.stream === 0 ? random : createRandom(rule.stream, ...random);
  return {
    ...createCopy(context, rule),
    ...notMeasured(),
    compressorState: compressor.createState(blocks, own),
  };
}

export function notMeasured(): Measured {
  return { omega: null, blockOmegas: [], residual: 0 };
}

export function createPublicEdge(context: AlgorithmContext, rule: PublicRule): PublicEdge {
  return { theirs: createCopy(context, rule), behind: null, unsent: [] };
}

/** An algorithm's own vectors that start at zero, as trackers do, make their public copies start there too. */
export function startAtZero(copy: PublicCopy): void {
  copy.value.fill(0);
  copy.base.fill(0);
}

function keepForLater(memory: PublicEdge, bytes: Uint8Array, most: number): void {
  if (memory.unsent === null) return;
  if (memory.unsent.length === most) memory.unsent = null;
  else memory.unsent.push(bytes);
}

/** Takes z and its message C(z), decoded, into the measurements. */
export function measure(
  measured: Measured,
  blocks: readonly MatrixBlock[],
  seen: { readonly z: Float32Array; readonly message: Float32Array },
): void {
  const squares = blocks.map((block) => squaresOf(seen.z, seen.message, block));
  measured.blockOmegas = squares.map(contractionOf);
  const energy = squares.reduce((sum, block) => sum + block.energy, 0);
  measured.residual = energy;
  if (energy === 0) return;
  const error = squares.reduce((sum, block) => sum + block.error, 0);
  const omega = Math.max(0, contractionOf({ energy, error }));
  measured.omega =
    measured.omega === null ? omega : OMEGA_MEMORY * measured.omega + (1 - OMEGA_MEMORY) * omega;
}

/** What one round publishes. */
export interface Publication {
  readonly rule: PublicRule;
  /** v. */
  readonly values: Float32Array;
  readonly round: number;
  readonly edges: readonly { readonly edge: EdgeView<unknown>; readonly memory: PublicEdge }[];
  /** @default the context's */
  readonly compressor?: Compressor;
}

/** Compresses v, keeps the message for every edge, and moves the node's own copy. */
export function publish(
  context: AlgorithmContext,
  vector: PublicVector,
  { rule, values, round, edges, compressor = context.compressor }: Publication,
): void {
  const { blocks, scratch } = context;
  const encoder = { compressor, blocks, state: vector.compressorState };
  if (compressor !== context.compressor)
    encoder.state = compressor.createState(blocks, createRandom('dense'));
  if (rule.plain) scratch.set(values);
  const bytes = rule.plain
    ? compressor.encode(scratch, blocks, encoder.state)
    : encodeDifference(encoder, { parameters: values, replica: vector.base, scratch });
  for (const { edge, memory } of edges) {
    if (edge.own !== null && memory.behind === null) memory.behind = vector.value.slice();
    keepForLater(memory, bytes, Math.floor(MAX_DELTA_PARTS / rule.streams));
  }
  const message = new Float32Array(scratch.length);
  decodeAddInto(message, bytes, blocks);
  measure(vector, blocks, { z: scratch, message });
  if (rule.advance === undefined) addSignedInto(vector.value, message, 1);
  else rule.advance(vector, message, round);
}

/** The parts of an edge's next difference: what it has not been sent. */
export function takeUnsent(
  memory: PublicEdge,
  vector: PublicCopy,
  how: { readonly rule: PublicRule; readonly identity: Compressor; readonly blocks: readonly MatrixBlock[] },
): DeltaPart[] {
  const { rule, identity, blocks } = how;
  const of = rule.stream === 0 ? {} : { stream: rule.stream };
  const whole = (values: Float32Array): DeltaPart => {
    const state = identity.createState(blocks, createRandom('dense'));
    return { kind: 'replace', ...of, bytes: identity.encode(values, blocks, state) };
  };
  const parts: DeltaPart[] =
    memory.unsent === null
      ? (rule.ownBase ? [vector.value, vector.base] : [vector.value]).map(whole)
      : memory.unsent.map((bytes) => ({ kind: 'add', ...of, bytes }));
  memory.unsent = [];
  return parts;
}

/**
 * Moves the neighbor's copy by the parts of `theirs` that are of this vector.
 * @throws GrapevineError PAYLOAD_* when a part cannot be decoded
 */
export function receive(
  memory: PublicEdge,
  theirs: Delta,
  { rule, blocks }: { readonly rule: PublicRule; readonly blocks: readonly MatrixBlock[] },
): void {
  const { value, base } = memory.theirs;
  const parts = theirs.parts.filter(({ stream = 0 }) => stream === rule.stream);
  parts.forEach(({ kind, bytes }, p) => {
    if (kind === 'replace') {
      const target = p === 0 ? value : base; // the value comes first, then a base of its own
      target.fill(0);
      decodeAddInto(target, bytes, blocks);
    } else if (rule.advance === undefined) decodeAddInto(value, bytes, blocks);
    else {
      const message = new Float32Array(value.length);
      decodeAddInto(message, bytes, blocks);
      rule.advance(memory.theirs, message, theirs.round - parts.length + 1 + p);
    }
  });
}

/** This node's value as of the exchange that is being applied. */
export function takeOwn(memory: PublicEdge, vector: PublicCopy): Float32Array {
  const own = memory.behind ?? vector.value;
  memory.behind = null;
  return own;
}

/**
 * The two ends' copies of a vector differ: it is sent whole in the next exchange. Until the neighbor's comes, this node's
 * own stands for it, which moves nothing.
 */
export function resendWhole(memory: PublicEdge, vector: PublicCopy): void {
  memory.behind = null;
  memory.unsent = null;
  memory.theirs.value.set(vector.value);
  memory.theirs.base.set(vector.base);
}
