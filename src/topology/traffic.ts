/**
 * What a round of gossip sends: every edge that is used carries one message each way. Bytes follow from the size of a
 * message, which is the compressor's affair and an argument here.
 */
import { periodOf } from './averaging.js';
import type { MixingMatrix, Topology } from './topology.js';

export interface Traffic {
  /** Messages of all peers a round; of a schedule, the mean over its rounds. */
  readonly messages: number;
  /** Messages that a peer sends a round: mean over peers and rounds, and the most of any peer in any round. */
  readonly sentPerPeer: { readonly mean: number; readonly max: number };
}

export interface TrafficBytes {
  readonly message: number;
  /** Of all peers, a round. */
  readonly total: number;
  /** Sent a round, and received as much. */
  readonly perPeer: { readonly mean: number; readonly max: number };
}

export function trafficOf(topology: Topology): Traffic {
  const rounds = periodOf(topology);
  let messages = 0;
  let max = 0;
  for (const round of rounds) {
    const sent = messagesSent(round);
    for (const count of sent) {
      messages += count;
      max = Math.max(max, count);
    }
  }
  messages /= rounds.length;
  return { messages, sentPerPeer: { mean: messages / topology.graph.nodes, max } };
}

/** By node: neighbors with a weight; those of weight 0 rest in this round. */
function messagesSent({ graph, weights }: MixingMatrix): Uint32Array {
  const sent = new Uint32Array(graph.nodes);
  for (let i = 0; i < graph.nodes; i++)
    for (let k = graph.offsets[i]!; k < graph.offsets[i + 1]!; k++) if (weights[k] !== 0) sent[i]!++;
  return sent;
}

export function bytesOf({ messages, sentPerPeer }: Traffic, messageBytes: number): TrafficBytes {
  return {
    message: messageBytes,
    total: messages * messageBytes,
    perPeer: { mean: sentPerPeer.mean * messageBytes, max: sentPerPeer.max * messageBytes },
  };
}
