/**
 * Peers of the consensus core driven by hand: a test feeds inputs, looks at the effects, and decides which frames
 * arrive, when, in which order and how often. No trainer (updates are given), no clock (times are given), no codec.
 */
import { createRandom } from '../../src/base/random.js';
import { compressors } from '../../src/compression/registry.js';
import type { Effect, Input } from '../../src/consensus/events.js';
import {
  createPeerState,
  defaultPeerOptions,
  type EdgeState,
  type PeerOptions,
  type PeerState,
} from '../../src/consensus/peer-state.js';
import { algorithms } from '../../src/consensus/registry.js';
import { step } from '../../src/consensus/step.js';
import type { Delta } from '../../src/wire/frame.js';
import { oneBlock } from './gossip-run.js';

export interface HandDrivenInit {
  readonly node: number;
  readonly neighbors: readonly number[];
  readonly algorithm?: string;
  readonly compressor?: string;
  readonly parameters: readonly number[];
  readonly options?: Partial<PeerOptions>;
  readonly diameter?: number;
  readonly incarnation?: number;
}

/** w_ij of every edge. */
export const EDGE_WEIGHT = 0.25;

export function createHandDrivenPeer(init: HandDrivenInit): PeerState {
  const { node, neighbors, parameters } = init;
  return createPeerState({
    node,
    neighbors: neighbors.map((neighbor) => ({ neighbor, weight: EDGE_WEIGHT })),
    parameters: Float32Array.from(parameters),
    initialReplica: new Float32Array(parameters.length),
    blocks: oneBlock(1, parameters.length),
    compressor: compressors.resolve(init.compressor ?? 'none'),
    beta: 1,
    diameter: init.diameter ?? 1,
    incarnation: init.incarnation ?? 0,
    randomFor: (purpose, neighbor) => createRandom('hand', purpose, node, neighbor),
    algorithm: algorithms.resolve(init.algorithm ?? 'edge-choco'),
    options: { ...defaultPeerOptions, rounds: 100, audit: true, ...init.options },
  });
}

/** Links up to all neighbors, started, at time 0. */
export function started(init: HandDrivenInit): PeerState {
  const peer = createHandDrivenPeer(init);
  for (const neighbor of init.neighbors) step(peer, { type: 'neighborUp', neighbor }, 0);
  step(peer, { type: 'start' }, 0);
  return peer;
}

/** Answers the training under way with `change` added to every parameter. */
export function finishTraining(peer: PeerState, nowMs = 0, change = 0): Effect[] {
  const parameters = peer.parameters.map((value) => value + change);
  return step(peer, { type: 'updateReady', round: peer.round, parameters }, nowMs);
}

export function receive(peer: PeerState, from: number, delta: Delta, nowMs = 0): Effect[] {
  return step(peer, { type: 'deltaReceived', from, delta }, nowMs);
}

export function feed(peer: PeerState, input: Input, nowMs = 0): Effect[] {
  return step(peer, input, nowMs);
}

/** The effects of one type. */
export function only<T extends Effect['type']>(
  effects: readonly Effect[],
  type: T,
): Extract<Effect, { readonly type: T }>[] {
  return effects.filter((effect): effect is Extract<Effect, { readonly type: T }> => effect.type === type);
}

/** What was sent to `neighbor`. */
export function sentTo(effects: readonly Effect[], neighbor: number): Delta[] {
  return only(effects, 'sendDelta')
    .filter(({ to }) => to === neighbor)
    .map(({ delta }) => delta);
}

export function edgeOf(peer: PeerState, neighbor: number): EdgeState {
  const edge = peer.edges.find((candidate) => candidate.neighbor === neighbor);
  if (edge === undefined) throw new Error(`no edge to ${neighbor}`);
  return edge;
}

/** A message of the `none` operator for one block 1 x values.length. */
export function denseMessage(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 + 4 * values.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 1;
  bytes[1] = 32;
  view.setUint32(4, 4 * values.length, true);
  values.forEach((value, k) => view.setFloat32(8 + 4 * k, value, true));
  return bytes;
}

/** A delta made by hand. */
export function handDelta(sequence: number, values: readonly number[], more: Partial<Delta> = {}): Delta {
  return {
    sequence,
    round: sequence,
    acknowledged: 0,
    gamma: 1,
    parts: [{ kind: 'add', bytes: denseMessage(values) }],
    ...more,
  };
}
