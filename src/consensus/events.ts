/**
 * The whole surface of the consensus core: what goes in and what comes out. A driver (node/peer.ts with real
 * links, simulation/simulator.ts with virtual ones) feeds inputs to `step` and carries out the effects, in order.
 */
import type { ErrorCode } from '../base/errors.js';
import type { Delta, ModelOffer, Sync } from '../wire/frame.js';

export type TimerName = 'tick' | 'retransmit' | 'drain';

export type Input =
  /** Links to the neighbors are up, or as many as will be: round 1 may begin. */
  | { readonly type: 'start' }
  /** The training that effect `train` asked for is done; the core copies `parameters`. */
  | { readonly type: 'updateReady'; readonly round: number; readonly parameters: Float32Array }
  | { readonly type: 'deltaReceived'; readonly from: number; readonly delta: Delta }
  | { readonly type: 'heartbeatReceived'; readonly from: number }
  /** Of incarnations and models (incarnation.ts). */
  | { readonly type: 'syncReceived'; readonly from: number; readonly sync: Sync }
  | { readonly type: 'modelReceived'; readonly from: number; readonly model: ModelOffer }
  | { readonly type: 'timerFired'; readonly timer: TimerName }
  | { readonly type: 'neighborUp'; readonly neighbor: number }
  | { readonly type: 'neighborDown'; readonly neighbor: number; readonly reason: string }
  /** The neighbor has said that it will send nothing more. */
  | { readonly type: 'neighborLeft'; readonly neighbor: number }
  /** The membership view gives this peer a neighbor, or takes one away (topology/membership-topology.ts). */
  | { readonly type: 'neighborAdded'; readonly neighbor: number }
  | { readonly type: 'neighborRemoved'; readonly neighbor: number }
  /** Stop after `afterRound`, or after the round under way if that is later. */
  | { readonly type: 'stopRequested'; readonly afterRound: number };

export type EdgeStatus =
  /** Rounds wait for this edge. */
  | 'active'
  /** Silent or without a link: rounds go on without it; a late difference wakes it up. */
  | 'inactive'
  /** The neighbor has left or broken the protocol: never used again. */
  | 'closed';

export type Effect =
  /** Run the local steps of `round` from `parameters` (read only) and answer with `updateReady`. */
  | {
      readonly type: 'train';
      readonly round: number;
      readonly parameters: Float32Array;
      /** As many of them (adaptive-steps.ts). Absent: all. */
      readonly steps?: number;
    }
  | { readonly type: 'sendDelta'; readonly to: number; readonly delta: Delta }
  | { readonly type: 'sendHeartbeat'; readonly to: number }
  | { readonly type: 'sendSync'; readonly to: number; readonly sync: Sync }
  | { readonly type: 'sendModel'; readonly to: number; readonly model: ModelOffer }
  /** One timer a name: setting replaces, `cancelTimer` removes. */
  | { readonly type: 'setTimer'; readonly timer: TimerName; readonly atMs: number }
  | { readonly type: 'cancelTimer'; readonly timer: TimerName }
  /** Break the link: the neighbor has sent what a correct peer never sends. */
  | { readonly type: 'refuse'; readonly neighbor: number; readonly code: ErrorCode; readonly message: string }
  | {
      readonly type: 'edgeChanged';
      readonly neighbor: number;
      readonly status: EdgeStatus;
      readonly reason: string;
    }
  /** One exchange of one edge has been applied; the audit numbers are there when options.audit is set. */
  | {
      readonly type: 'exchangeApplied';
      readonly neighbor: number;
      readonly sequence: number;
      readonly audit: ExchangeAudit | null;
    }
  | {
      readonly type: 'roundFinished';
      readonly round: number;
      readonly appliedEdges: number;
      /** omega-hat of each block in one difference of this round; null in rounds without a measurement. */
      readonly contraction: readonly number[] | null;
      /** Read only; the core's own array, which training of the next round but one writes again. */
      readonly parameters: Float32Array;
      /** Local steps that were taken; absent where all peers take all. */
      readonly steps?: number;
    }
  /** Something a person should know that does not end the run: the guard has backed off, an edge started anew. */
  | {
      readonly type: 'notice';
      readonly code: NoticeCode;
      readonly round: number;
      readonly message: string;
    }
  /** No round follows. Late differences are still applied if the driver delivers them. */
  | { readonly type: 'finished'; readonly round: number };

export type NoticeCode = 'CONSENSUS_BACKED_OFF' | 'REPLICAS_DIFFER' | 'PEER_RESTARTED' | 'JOINED';

/** What the watchers of a simulation compare between the two ends of an edge. */
export interface ExchangeAudit {
  /** A copy of c, which the lower end adds and the higher subtracts; null where the exchange moves nothing at all. */
  readonly correction: Float32Array | null;
  /** Sum of the entries of the correction that this end added to its parameters. */
  readonly correctionSum: number;
  /** CRC-32 of what both ends hold alike after the exchange (replica-check.ts); 0 where there is nothing. */
  readonly replicaHash: number;
}
