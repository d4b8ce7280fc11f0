/**
 * The frame: what travels between two neighbors. A fixed header of 48 bytes, then a body. docs/wire-format.md
 * holds the same table for implementers in other languages.
 *
 * offset bytes field      meaning
 *      0     4 magic      "GVN1"
 *      4     1 version    4
 *      5     1 kind       FrameKind
 *      6     2 epoch      of the edge: the sum of both ends' incarnations, modulo 65536; 0 in control frames
 *      8     4 bodyBytes  length of the body; refused above the receiver's limit before anything is allocated
 *     12     4 bodyCrc    CRC-32 of the body
 *     16     8 swarmTag   first 8 bytes of SHA-256 of the swarm id: a frame of another swarm is refused
 *     24     4 sender     node index in the topology
 *     28     4 receiver   node index in the topology
 *     32     4 sequence   exchange number on this edge, from 1; 0 in control and model frames
 *     36     4 round      the sender's round; 0 in control frames
 *     40     4 acknowledged  highest sequence the sender has received from the receiver; 0 in control frames
 *     44     4 headerCrc  CRC-32 of bytes 0 to 43
 */

export const FRAME_MAGIC = 0x314e5647; // "GVN1" read as little-endian u32
/**
 * 2: parts of a delta name the stream they belong to. 3: a delta has flags, and may carry a replica hash. 4: a delta is of
 * an epoch and may carry its sender's degree; sync and model frames.
 */
export const FRAME_VERSION = 4;
/** Epochs are counted modulo this: far more than can be confused on links that carry a few frames at a time. */
export const EPOCHS = 2 ** 16;
export const FRAME_HEADER_BYTES = 48;
/** A control body (JSON) is a page of text at most. */
export const MAX_CONTROL_BODY_BYTES = 8192;
/** Differences that one delta frame may carry: those of one round, or a short backlog after a silence. */
export const MAX_DELTA_PARTS = 16;
/** Neighbors that a peer may count: as many as members that are remembered (node/membership.ts). */
export const MAX_DEGREE = 4096;
/** Vectors that an algorithm may send side by side: parameters and a tracker, and room for two more. */
export const MAX_STREAMS = 4;

export const frameKinds = {
  hello: 1,
  accept: 2,
  refuse: 3,
  delta: 4,
  bye: 5,
  heartbeat: 6,
  sync: 7,
  model: 8,
} as const;
export type FrameKind = keyof typeof frameKinds;

/** How a part of a delta changes the receiver's replica. */
export const partKinds = { add: 1, replace: 2 } as const;
export type PartKind = keyof typeof partKinds;

/** Bits of a delta's flags: what follows its fixed fields, before the parts. */
export const deltaFlags = { replicaHash: 1, degree: 2 } as const;

export interface DeltaPart {
  readonly kind: PartKind;
  /** Which of the algorithm's vectors this part is of, 0 to MAX_STREAMS - 1; absent for 0, the parameters. */
  readonly stream?: number;
  /** A message of compression/: decodeAddInto reads it. */
  readonly bytes: Uint8Array;
}

/** One end's contribution to one exchange on one edge. */
export interface Delta {
  /**
   * Which life of the edge it belongs to: the sum of its ends' incarnations modulo EPOCHS (docs/membership.md). Absent
   * for 0: neither end has ever been started again.
   */
  readonly epoch?: number;
  /** Exchange number on the edge, from 1. */
  readonly sequence: number;
  /** The sender's round when it was made. */
  readonly round: number;
  /** Highest sequence the sender has received on this edge: tells the receiver what to send again. */
  readonly acknowledged: number;
  /** The sender's consensus step size gamma (float32); the edge uses the smaller of the two ends'. */
  readonly gamma: number;
  /**
   * CRC-32 of what the sender holds for this edge after the exchange before, where the ends are to compare; u32. Sent
   * every so many exchanges (consensus/replica-check.ts).
   */
  readonly replicaHash?: number;
  /**
   * Neighbors that the sender counts, where that is no longer what the topology said at the start: the edge's weight then
   * is Metropolis' of the two ends' (consensus/edge-weight.ts). 1 to MAX_DEGREE.
   */
  readonly degree?: number;
  /** 1 to MAX_DELTA_PARTS. */
  readonly parts: readonly DeltaPart[];
}

interface FrameBase {
  readonly swarmTag: Uint8Array;
  readonly sender: number;
  readonly receiver: number;
}

export interface DeltaFrame extends FrameBase {
  readonly kind: 'delta';
  readonly delta: Delta;
}

/** What a peer says first on every link. Both ends must agree on all but the address fields. */
export interface Hello {
  readonly protocol: number;
  readonly swarm: string;
  readonly configHash: string;
  readonly topologyHash: string;
  readonly layoutHash: string;
  readonly maxFrameBytes: number;
}

export interface HelloFrame extends FrameBase {
  readonly kind: 'hello';
  readonly hello: Hello;
}

export interface AcceptFrame extends FrameBase {
  readonly kind: 'accept';
}

export interface RefuseFrame extends FrameBase {
  readonly kind: 'refuse';
  /** Why, for a person; at most 500 characters. */
  readonly reason: string;
}

/** The sender leaves: it has finished, was interrupted or failed. No delta follows. */
export interface ByeFrame extends FrameBase {
  readonly kind: 'bye';
  readonly reason: 'finished' | 'interrupted' | 'failed';
}

/** The sender lives, though it has no delta to send yet: it trains, or waits for another neighbor. */
export interface HeartbeatFrame extends FrameBase {
  readonly kind: 'heartbeat';
}

export const syncModels = ['has', 'none', 'wanted'] as const;

/** What one end of an edge knows of the two lives that meet on it (consensus/incarnation.ts). */
export interface Sync {
  /** How often the sender has been started again; u32. */
  readonly incarnation: number;
  /** The receiver's incarnation as the sender knows it. */
  readonly known: number;
  /** The sender does not know yet that the receiver knows its incarnation: answer. */
  readonly ask: boolean;
  /** Whether the sender has the model of the swarm; 'wanted': it has none, and asks the receiver for its own. */
  readonly model: (typeof syncModels)[number];
  /** Absent where neither end goes on from a checkpoint. */
  readonly at?: Whereabouts | undefined;
}

/** Where the sender stands on the edge: said by a peer that goes on from a checkpoint, and in answer (consensus/coming-back.ts). */
export interface Whereabouts {
  /** The round that it is in, or that it will begin with. */
  readonly round: number;
  /** Exchanges of the edge's epoch that it has applied. */
  readonly applied: number;
  /** Of those, and the next, the highest that it has made its difference for. */
  readonly sent: number;
  /** It has not begun since it was started again. */
  readonly waits: boolean;
}

export interface SyncFrame extends FrameBase {
  readonly kind: 'sync';
  readonly sync: Sync;
}

/** A peer's model, for a neighbor that has none. */
export interface ModelOffer {
  readonly epoch: number;
  /** The round that begins from this model, from 1. */
  readonly round: number;
  /** float32, little-endian, in the order of the parameters. */
  readonly bytes: Uint8Array;
}

export interface ModelFrame extends FrameBase {
  readonly kind: 'model';
  readonly model: ModelOffer;
}

export type Frame =
  | DeltaFrame
  | HelloFrame
  | AcceptFrame
  | RefuseFrame
  | ByeFrame
  | HeartbeatFrame
  | SyncFrame
  | ModelFrame;

/** A frame but for its addresses. */
export type Words = Frame extends infer Kind
  ? Kind extends Frame
    ? Omit<Kind, 'swarmTag' | 'sender' | 'receiver'>
    : never
  : never;

export interface FrameLimits {
  /** Longest frame, header included. */
  readonly maxFrameBytes: number;
}

/** Two frames with the same name say the same. */
export function nameOf(frame: Frame): string {
  if (frame.kind === 'delta') return `delta ${frame.delta.epoch ?? 0} ${frame.delta.sequence}`;
  if (frame.kind === 'sync') return `sync ${JSON.stringify(frame.sync)}`;
  return frame.kind;
}
