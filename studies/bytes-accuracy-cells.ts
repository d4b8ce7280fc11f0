/**
 * The cells of the study of bytes and accuracy: methods with what they were tuned to, graphs, partitions, seeds; and
 * what a cell gives.
 */
import type { Cell, StudyOptions } from './study.js';

export interface Method {
  readonly name: string;
  readonly algorithm: string;
  /** Absent: what the algorithm takes. */
  readonly compressor?: string;
  /** Chosen by --tune. */
  readonly optimizer: string;
  readonly learningRate: number;
}

const QUASI_GLOBAL = 'qg';
const NESTEROV = 'sgd:momentum=0.9,nesterov=1';
const LOW_RANK = 'low-rank:rank=8,bits=4';

/** Rank and iterations of PowerGossip make its bytes those of edge-CHOCO; sign and top-k have what they have. */
export const METHODS: readonly Method[] = [
  { name: 'D-PSGD', algorithm: 'exact', optimizer: QUASI_GLOBAL, learningRate: 0.1 },
  {
    name: 'CHOCO sign',
    algorithm: 'choco:gamma=1',
    compressor: 'sign',
    optimizer: NESTEROV,
    learningRate: 0.1,
  },
  {
    name: 'CHOCO top-1 %',
    algorithm: 'choco',
    compressor: 'top-k:fraction=0.01',
    optimizer: NESTEROV,
    learningRate: 0.1,
  },
  {
    name: 'CHOCO low-rank',
    algorithm: 'choco',
    compressor: LOW_RANK,
    optimizer: QUASI_GLOBAL,
    learningRate: 0.1,
  },
  {
    name: 'PowerGossip',
    algorithm: 'power-gossip:rank=1,iterations=2',
    optimizer: QUASI_GLOBAL,
    learningRate: 0.1,
  },
  {
    name: 'edge-CHOCO',
    algorithm: 'edge-choco',
    compressor: LOW_RANK,
    optimizer: QUASI_GLOBAL,
    learningRate: 0.1,
  },
  { name: 'PGQ', algorithm: 'pgq', optimizer: NESTEROV, learningRate: 0.1 },
  { name: 'MoTEF', algorithm: 'motef', compressor: LOW_RANK, optimizer: QUASI_GLOBAL, learningRate: 0.1 },
];

/** The methods that are run again with half of the edges inactive. */
const WITH_INACTIVE_EDGES = ['D-PSGD', 'edge-CHOCO', 'PGQ'];

const PEERS = 16;
const ROUNDS = 40;
export const EVALUATE_EVERY = 10;
export const GRAPHS = ['ring', 'torus', 'random-regular:degree=4'];
export const PARTITIONS = ['iid', 'dirichlet:alpha=0.1', 'sorted'];
const SEEDS = [1, 2, 3];
export const TUNING_SEED = 100;
const TUNING_PEERS = 8;
const TUNING_ROUNDS = 20;
const TUNED_RATES = [0.03, 0.1, 0.3];
const TUNED_OPTIMIZERS = [QUASI_GLOBAL, NESTEROV];

export interface TrainingCell extends Cell {
  readonly method: string;
  readonly topology: string;
  readonly partition: string;
  /** Share of the rounds in which an edge exchanges. */
  readonly activity: number;
  readonly peers: number;
  readonly rounds: number;
  readonly seed: number;
  readonly optimizer: string;
  readonly learningRate: number;
}

export interface CurvePoint {
  readonly round: number;
  readonly meanModel: number;
  readonly meanLocal: number;
  readonly worstLocal: number;
  readonly bytes: number;
}

/** Evaluations by round; `diverged`: training ended in numbers that are none, and the curve with it. */
export interface TrainingOutcome {
  readonly curve: readonly CurvePoint[];
  readonly diverged: boolean;
  readonly notices: number;
}

function cellOf({ name, optimizer, learningRate }: Method, rest: Partial<TrainingCell>): TrainingCell {
  return {
    method: name,
    topology: 'ring',
    partition: 'iid',
    activity: 1,
    peers: PEERS,
    rounds: ROUNDS,
    seed: 1,
    optimizer,
    learningRate,
    ...rest,
  };
}

export function tuningCells({ short }: StudyOptions): TrainingCell[] {
  const rounds = short ? 2 : TUNING_ROUNDS;
  const base = { partition: 'dirichlet:alpha=0.1', seed: TUNING_SEED, peers: TUNING_PEERS, rounds };
  return METHODS.flatMap((method) =>
    TUNED_OPTIMIZERS.flatMap((optimizer) =>
      TUNED_RATES.map((learningRate) => cellOf(method, { ...base, optimizer, learningRate })),
    ),
  );
}

/** Seed by seed, so that what a run has finished when it is stopped is a whole study of fewer seeds. */
export function allCells(): TrainingCell[] {
  return SEEDS.flatMap((seed) =>
    [1, 0.5].flatMap((activity) =>
      GRAPHS.flatMap((topology) =>
        PARTITIONS.flatMap((partition) =>
          METHODS.filter(({ name }) => activity === 1 || WITH_INACTIVE_EDGES.includes(name)).map((method) =>
            cellOf(method, { topology, partition, activity, seed }),
          ),
        ),
      ),
    ),
  );
}

export function shortCells(): TrainingCell[] {
  return METHODS.map((method) => cellOf(method, { peers: 4, rounds: 4 }));
}
