/**
 * `npm run study -- divergence [--short] [--json] [--out DIR] [--all]`: does any choice drive peers apart without a
 * word? Every algorithm with every kind of compressor at its defaults, on every kind of graph, from starts far from each
 * other and from the replicas that all begin with, without training, for 2,000 rounds.
 *
 * A cell is one of
 *
 *     converged    the error has come down to a millionth of its start, or a tenth on its way, and nobody was warned
 *     backed off   the guard has spoken, and the error ends below its start
 *     refused      the choices do not fit each other, said before the first round
 *     stalled      no warning, and the error is not even a tenth below its start
 *     diverged     the error ends above its start
 *
 * and the last two must not be. A run ends early when the error is a millionth of a millionth of its start, where
 * float32 has no more digits. Graphs of 64 peers take the default compressor, or all with --all, which is a day's work.
 */
import { isGrapevineError } from '../src/base/errors.js';
import { DEFAULT_COMPRESSOR } from '../src/config/schema.js';
import { verifyRunConfig } from '../src/config/verify.js';
import { algorithms, gossipNames } from '../src/consensus/registry.js';
import { type GossipResult, gaussianVectors, gossip } from './gossip.js';
import { type Cell, type Finished, runStudy, type Study, type StudyOptions } from './study.js';

const COMPRESSORS = [
  ...[1, 4, 8].flatMap((rank) => [4, 32].map((bits) => `low-rank:rank=${rank},bits=${bits}`)),
  'top-k:fraction=0.01',
  'top-k:fraction=0.1',
  'rand-k:fraction=0.1',
  'qsgd',
  'qsgd:scaled=1',
  'quantize:bits=2',
  'quantize:bits=4',
  'quantize:bits=8',
  'sign',
  'natural',
  'ternary',
  'sdd',
  'none',
];
/** One of each kind, for the short form. */
const FEW_COMPRESSORS = [
  'low-rank:rank=8,bits=4',
  'top-k:fraction=0.01',
  'quantize:bits=4',
  'sign',
  'low-rank:rank=1,bits=32',
];
const GRAPHS = ['ring', 'path', 'star', 'torus', 'random-regular:degree=4'];
const SIZES = [8, 16];
const LARGE = 64;
const ROUNDS = 2000;
/** Standard deviation of the starts; replicas begin at 0. */
const SPREAD = 100;
/** A matrix and a vector, as a layer has them. */
const SIDE = 24;
const BLOCKS = [
  { name: 'kernel', offset: 0, rows: SIDE, cols: SIDE },
  { name: 'bias', offset: SIDE * SIDE, rows: 1, cols: SIDE },
];
const SETTLED = 1e-12;
/** Above this share of its start an error has not come down. */
const COMING_DOWN = 0.9;

export interface GossipCell extends Cell {
  readonly algorithm: string;
  readonly compressor: string;
  readonly topology: string;
  readonly peers: number;
  readonly rounds: number;
}

export interface Verdict {
  readonly kind: 'converged' | 'backed off' | 'refused' | 'stalled' | 'diverged';
  /** Error at the end over that at the start; null where nothing ran. */
  readonly ratio: number | null;
  /** Rounds until it had settled. */
  readonly rounds: number;
  readonly notices: number;
  /** Edges that were closed on the way. */
  readonly closed: number;
  /** Why it was refused. */
  readonly reason: string;
}

function cellsOf(compressors: readonly string[], peers: number, rounds = ROUNDS): GossipCell[] {
  return gossipNames.flatMap((name) => {
    const used = algorithms.resolve(name).compresses === 'nothing' ? ['none'] : compressors;
    return used.flatMap((compressor) =>
      GRAPHS.map((topology) => ({ algorithm: name, compressor, topology, peers, rounds })),
    );
  });
}

/** The form for CI: what has gone wrong before, on the two graphs where most does. */
export function shortCells(): GossipCell[] {
  const graphs = ['ring', 'random-regular:degree=4'];
  return cellsOf([...FEW_COMPRESSORS, 'ternary'], 8, 60).filter(({ topology }) => graphs.includes(topology));
}

function cells({ short, switches }: StudyOptions): GossipCell[] {
  if (short) return shortCells();
  return [
    ...SIZES.flatMap((peers) => cellsOf(COMPRESSORS, peers)),
    ...cellsOf(switches.has('all') ? COMPRESSORS : [DEFAULT_COMPRESSOR], LARGE),
  ];
}

function kindOf({ ratio, notices }: GossipResult): Verdict['kind'] {
  if (!(ratio <= 1)) return 'diverged';
  if (notices.length > 0) return 'backed off';
  return ratio < COMING_DOWN ? 'converged' : 'stalled';
}

export async function measure(cell: GossipCell): Promise<Verdict> {
  const { topology, peers, rounds } = cell;
  try {
    // As a user's choices are read: the task stands for any.
    const { algorithm, compressor } = verifyRunConfig({ ...cell, task: 'quadratic' });
    const length = SIDE * SIDE + SIDE;
    const start = gaussianVectors(peers, length, SPREAD, 1);
    const choices = { algorithm, compressor, topology, rounds, seed: 1 };
    const result = await gossip({ ...choices, blocks: BLOCKS, start, settled: SETTLED });
    return {
      kind: kindOf(result),
      ratio: result.ratio,
      rounds: result.rounds,
      notices: result.notices.length,
      closed: result.closed,
      reason: result.notices[0] ?? '',
    };
  } catch (error) {
    if (!isGrapevineError(error) || !['BAD_CONFIG', 'BAD_SPEC'].includes(error.code)) throw error;
    return { kind: 'refused', ratio: null, rounds: 0, notices: 0, closed: 0, reason: error.message };
  }
}

type Result = Finished<GossipCell, Verdict>;

const kinds = ['converged', 'backed off', 'refused', 'stalled', 'diverged'] as const;
const letters = {
  converged: '',
  'backed off': ' b',
  refused: ' r',
  stalled: ' stalled',
  diverged: ' DIVERGED',
};

const familyOf = (spec: string): string => spec.split(':')[0]!;

/** "30, 2b, 1r; 1e-8": converged, backed off, refused, stalled, diverged; and the worst final error over its start. */
function summaryOf(results: readonly Result[]): string {
  if (results.length === 0) return '';
  const counts = kinds.flatMap((kind) => {
    const count = results.filter(({ outcome }) => outcome.kind === kind).length;
    return count === 0 ? [] : [`${count}${letters[kind]}`];
  });
  const ratios = results.flatMap(({ outcome }) => (outcome.ratio === null ? [] : [outcome.ratio]));
  const worst = ratios.length === 0 ? '' : `; ${Math.max(...ratios).toExponential(0)}`;
  return `${counts.join(', ')}${worst}`;
}

/** A row for each value of `of`, a column for each of `by`, in the order in which they are met. */
function table(
  results: readonly Result[],
  of: (cell: GossipCell) => string,
  by: (cell: GossipCell) => string,
): string[] {
  const rows = [...new Set(results.map(({ cell }) => of(cell)))];
  const columns = [...new Set(results.map(({ cell }) => by(cell)))];
  return [
    `| | ${columns.join(' | ')} |`,
    `|---|${'---|'.repeat(columns.length)}`,
    ...rows.map((row) => {
      const own = results.filter(({ cell }) => of(cell) === row);
      const texts = columns.map((column) => summaryOf(own.filter(({ cell }) => by(cell) === column)));
      return `| ${row} | ${texts.join(' | ')} |`;
    }),
  ];
}

/** Counts by algorithm and compressor, by graph and size, and every cell that must not be. */
function report(results: readonly Result[]): string[] {
  const bad = results.filter(({ outcome }) => ['stalled', 'diverged'].includes(outcome.kind));
  return [
    `${results.length} cells: ${summaryOf(results)}.`,
    '',
    ...table(
      results,
      ({ algorithm }) => algorithm,
      ({ compressor }) => familyOf(compressor),
    ),
    '',
    ...table(
      results,
      ({ topology }) => familyOf(topology),
      ({ peers }) => `${peers} peers`,
    ),
    '',
    bad.length === 0 ? 'Nothing stalled, nothing diverged.' : 'Stalled or diverged:',
    ...bad.map(({ cell, outcome }) => `    ${JSON.stringify(cell)} ${JSON.stringify(outcome)}`),
  ];
}

const study: Study<GossipCell, Verdict> = {
  name: 'divergence',
  switches: ['all'],
  cells,
  measure,
  report,
};

export const run = (args: readonly string[]): Promise<void> => runStudy(study, args);
