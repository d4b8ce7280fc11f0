/**
 * A peer of a swarm in a hub protocol: as worker with its own data, and with the hub's state beside it where it has one.
 * What the protocol asks for as a gradient is u = x_start - x_trained, so gamma is 1 and the learning rate the trainer's.
 */
import { assert } from '../../base/assert.js';
import { rebuilt } from '../../base/snapshot.js';
import type { AlgorithmContext } from '../algorithm.js';
import type { AnyHubAlgorithm, HubProtocol, SwarmProtocol, SwarmUse } from './hub-algorithm.js';

export interface ProtocolPeer {
  readonly use: SwarmUse;
  readonly protocol: HubProtocol<unknown, unknown>;
  readonly swarm: SwarmProtocol<unknown, unknown>;
  readonly hub: unknown;
  readonly worker: unknown;
  /** Whether the hub wants an answer of this worker. */
  asked: boolean;
  /** What training starts from: the protocol's model in float32. A new array when it moves. */
  model: Float32Array;
  /** u of this round. */
  gradient: Float64Array;
}

/** u = x_start - x_trained */
export function pseudoGradient(start: Float32Array, trained: Float32Array): Float64Array {
  return Float64Array.from(start, (value, k) => value - trained[k]);
}

/** A peer that has followed the first downlink, which needs no message: it comes of the start and the seed. */
export function startPeer(
  algorithm: AnyHubAlgorithm,
  run: { readonly use: SwarmUse; readonly peers: number; readonly seed: number },
  { node, blocks, initialReplica }: AlgorithmContext,
): ProtocolPeer {
  const start = Float64Array.from(initialReplica);
  const { peers: workers, seed, use } = run;
  const protocol = algorithm.prepare({ workers, blocks, start, constants: null, batch: null, seed });
  const { swarm } = protocol;
  assert(swarm !== undefined, `${algorithm.spec} has what a swarm needs`);
  const hub = protocol.createHub();
  const worker = protocol.createWorker(node);
  const first = protocol.open(hub).find((message) => message.worker === node);
  if (first !== undefined) protocol.follow(worker, first.bytes);
  return {
    use,
    protocol: rebuilt(protocol),
    swarm: rebuilt(swarm),
    hub,
    worker,
    asked: first !== undefined,
    model: initialReplica.slice(),
    gradient: new Float64Array(start.length),
  };
}
