/**
 * How frames travel between neighbors. One interface, three implementations: libp2p (libp2p-transport.ts),
 * memory (memory-transport.ts) and the simulator's virtual links. test/conformance/transport.ts holds for all.
 *
 * A transport carries whole frames (wire/frame.ts) over links that have said HELLO to each other. On a link
 * that stays up, frames arrive whole, once and in order. A link that goes down loses what was in flight.
 */
import type { GrapevineError } from '../base/errors.js';

export interface TransportHandlers {
  /** The link to `neighbor` is open and both ends have accepted each other's HELLO. */
  onNeighborUp(neighbor: number): void;
  /** The link is gone. It may come back: `onNeighborUp` again. */
  onNeighborDown(neighbor: number, reason: GrapevineError): void;
  /**
   * One frame other than the handshake's, header already checked against the limits. The transport reads no
   * further frame from this neighbor before the promise settles; a rejection closes the link.
   */
  onFrame(neighbor: number, frame: Uint8Array): Promise<void> | void;
  /**
   * A sign of life of another member, neighbor or not, or the last one (`gone`). Handlers that have this change the neighbors
   * while the transport runs: a peer that is no neighbor is then refused with NOT_A_NEIGHBOR, and tried again soon.
   */
  onMember?(member: { readonly index: number; readonly gone: boolean }): void;
}

export interface TransportCounters {
  /** Bytes at the socket, framing, encryption and control traffic included. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export interface Transport {
  /** Registers the handlers, then listens and dials. Resolves when listening. */
  start(handlers: TransportHandlers): Promise<void>;
  /**
   * Resolves when the frame has been handed to the network with its buffers drained below their limit.
   * @throws GrapevineError LINK_DOWN when the link is not up or goes down meanwhile.
   */
  send(neighbor: number, frame: Uint8Array): Promise<void>;
  /**
   * Links with these neighbors from now on, and with no others. The link of a neighbor that is taken away stays up until it
   * is lost, or ended by `unlink`: what is under way on it may be wanted.
   */
  setNeighbors(neighbors: readonly number[]): void;
  /** Ends a link after sending what is queued; handlers hear that it is down. */
  unlink(neighbor: number): void;
  counters(): TransportCounters;
  /** Closes every link, socket and timer. Idempotent. */
  stop(): Promise<void>;
}
