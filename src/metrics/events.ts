/**
 * What a run writes down. A run directory's metrics.jsonl holds one of these objects a line; the report and the
 * summary are pure functions of them. Every number that counts something is cumulative since the start of the
 * run, so that a lost line loses no bytes. Units are in the names; accuracy and shares are in [0, 1].
 */

export const METRICS_SCHEMA = 1;

/** Seconds since the start, by what the peer was doing. */
export interface PhaseSeconds {
  readonly train: number;
  readonly compress: number;
  readonly exchange: number;
  readonly wait: number;
}

/** First line. */
export interface RunEvent {
  readonly event: 'run';
  readonly schema: number;
  readonly version: string;
  readonly commit: string | null;
  readonly driver: 'swarm' | 'simulation';
  /** The one peer that these events are of; absent where they are of all. */
  readonly peer?: number | undefined;
  readonly config: Readonly<Record<string, unknown>>;
  readonly configHash: string;
  readonly engine: string;
  readonly parameters: number;
  readonly topology: {
    readonly name: string;
    readonly spec: string;
    readonly nodes: number;
    readonly edges: readonly (readonly [number, number])[];
    readonly spectralGap: number;
  };
}

/** One peer has finished one round. */
export interface RoundEvent {
  readonly event: 'round';
  readonly atMs: number;
  readonly peer: number;
  /** Rounds this peer has finished, this one included: the first is 1. */
  readonly round: number;
  /** Mean training loss over the round's local steps. */
  readonly loss: number;
  /** Of this peer's own model on the test set; null in rounds without evaluation. */
  readonly accuracy: number | null;
  /** Edges on which an exchange was applied in this round, and edges in all. */
  readonly activeLinks: number;
  readonly links: number;
  /** Exchanges applied on each edge, ascending by neighbor; absent in lockstep, where they are as many as rounds. */
  readonly exchanges?: readonly number[] | undefined;
  readonly payloadBytes: number;
  readonly wireBytes: number;
  readonly uncompressedBytes: number;
  readonly samples: number;
  /** Local steps of this round; absent where all peers take all. */
  readonly steps?: number | undefined;
  readonly seconds: PhaseSeconds;
  /** What does this peer's arithmetic; absent in rounds without evaluation, and in a simulation. */
  readonly engine?: string | undefined;
  /**
   * omega-hat = 1 - ||z - C(z)||^2 / ||z||^2 of each layer in one difference of this round; absent in rounds
   * without evaluation and where nothing is compressed.
   */
  readonly omega?: Readonly<Record<string, number>> | undefined;
}

/** The swarm seen whole, at a round where every living peer has been evaluated. */
export interface EvaluationEvent {
  readonly event: 'evaluation';
  readonly atMs: number;
  /** Rounds finished; 0 is the model before training. With pace asynchronous the mean over peers, rounded. */
  readonly round: number;
  /** Peers that the means run over. */
  readonly peers: number;
  readonly meanModel: { readonly loss: number; readonly accuracy: number | null };
  /** Over the peers' own models. */
  readonly local: {
    readonly loss: number;
    readonly mean: number | null;
    readonly worst: number | null;
    readonly best: number | null;
  };
  /** sqrt(mean_i ||x_i - mean||^2). */
  readonly consensusDistance: number;
  readonly payloadBytesPerPeer: number;
  readonly wireBytesPerPeer: number;
}

/** An edge of one peer has changed its state. */
export interface EdgeEvent {
  readonly event: 'edge';
  readonly atMs: number;
  readonly peer: number;
  readonly neighbor: number;
  readonly round: number;
  readonly state: 'active' | 'inactive' | 'closed';
  /** An error code or a word: "deadline", "finished", "LINK_DOWN". */
  readonly reason: string;
}

export interface PeerLostEvent {
  readonly event: 'peer-lost';
  readonly atMs: number;
  readonly peer: number;
  readonly round: number;
  readonly reason: string;
}

/** Something worth a person's attention that did not end the run. */
export interface NoticeEvent {
  readonly event: 'notice';
  readonly atMs: number;
  readonly peer: number | null;
  readonly code: string;
  readonly message: string;
}

/** Last line. */
export interface EndEvent {
  readonly event: 'end';
  readonly atMs: number;
  readonly outcome: 'done' | 'failed' | 'interrupted';
}

export type MetricsEvent =
  | RunEvent
  | RoundEvent
  | EvaluationEvent
  | EdgeEvent
  | PeerLostEvent
  | NoticeEvent
  | EndEvent;

/**
 * What `--json` prints and summary.json holds; the keys are a contract with scripts. null stands for what was
 * never measured (a run without an evaluation has no loss, and 0 would rank it best).
 */
export interface RunSummary {
  /** The one peer that this is the summary of (`grapevine peer`); absent where it is of all. */
  readonly peer?: number;
  readonly peers: number;
  readonly rounds: number;
  readonly task: string;
  readonly algorithm: string;
  readonly compressor: string;
  readonly partition: string;
  readonly seed: number;
  readonly configHash: string;
  /** What did the arithmetic; where peers differ: "lean-wasm (0, 1, 3), tfjs-wasm (2)". */
  readonly engine: string;
  readonly topology: {
    readonly name: string;
    readonly nodes: number;
    readonly edges: number;
    readonly spectralGap: number;
  };
  readonly accuracy: {
    readonly meanModel: number | null;
    readonly mean: number | null;
    readonly worst: number | null;
    readonly best: number | null;
  };
  readonly loss: { readonly meanModel: number | null; readonly mean: number | null };
  readonly consensusDistance: number | null;
  readonly payloadBytesPerPeer: number;
  readonly wireBytesPerPeer: number;
  readonly uncompressedBytesPerPeer: number;
  /** uncompressed / payload; null where nothing was sent. */
  readonly compressionRatio: number | null;
  readonly seconds: PhaseSeconds & { readonly total: number };
  readonly samplesPerSecond: number;
  /** Node indices, ascending. */
  readonly peersLost: readonly number[];
}
