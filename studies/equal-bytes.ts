/**
 * `npm run study -- equal-bytes [--short] [--json] [--out DIR]`: edge-CHOCO and PGQ as they come against CHOCO with the
 * best of twelve gammas, at the bytes that CHOCO has sent. Averaging alone, of one Gaussian matrix a peer, with low-rank
 * compressors, which is what the three are for.
 *
 * A cell's budget is what CHOCO sends with its compressor in ROUNDS rounds. edge-CHOCO has the same compressor, and so as
 * many rounds; PGQ has its own rank and bits at their defaults, and stops when it has sent as much.
 */
import { gaussianVectors, gossip } from './gossip.js';
import { type Cell, type Finished, runStudy, type Study } from './study.js';

const GAMMAS = [0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 1];
const CONTENDERS = ['edge-choco', 'pgq'];
const COMPRESSORS = [
  'low-rank:rank=1,bits=32',
  'low-rank:rank=4,bits=4',
  'low-rank:rank=8,bits=4',
  'low-rank:rank=1,bits=4',
  'low-rank:rank=4,bits=32',
];
const GRAPHS = ['ring', 'torus', 'random-regular:degree=4', 'star'];
const SIZES = [8, 16];
const ROUNDS = 100;
const SIDE = 48;
const BLOCKS = [{ name: 'matrix', offset: 0, rows: SIDE, cols: SIDE }];
const CLAIMED_SHARE = 0.9;

interface EqualBytesCell extends Cell {
  readonly peers: number;
  readonly topology: string;
  readonly compressor: string;
  readonly rounds: number;
}

interface Outcome {
  readonly bytes: number;
  /** Of CHOCO, with the gamma that gave it. Errors are shares of the start's. */
  readonly choco: number;
  readonly gamma: number;
  readonly contenders: Readonly<Record<string, { readonly error: number; readonly bytes: number }>>;
}

async function measure({ peers, topology, compressor, rounds }: EqualBytesCell): Promise<Outcome> {
  const start = gaussianVectors(peers, SIDE * SIDE, 1, 1);
  const common = { topology, blocks: BLOCKS, start, seed: 1 };
  let best = { ratio: Number.POSITIVE_INFINITY, gamma: 0, bytes: 0 };
  for (const gamma of GAMMAS) {
    const result = await gossip({ ...common, algorithm: `choco:gamma=${gamma}`, compressor, rounds });
    if (result.ratio < best.ratio) best = { ratio: result.ratio, gamma, bytes: result.bytes };
  }
  const contenders: Record<string, { error: number; bytes: number }> = {};
  for (const algorithm of CONTENDERS) {
    const uses = algorithm === 'pgq' ? 'none' : compressor;
    const most = { rounds: 100 * rounds, payloadBytes: best.bytes };
    const { ratio, bytes } = await gossip({ ...common, algorithm, compressor: uses, ...most });
    contenders[algorithm] = { error: ratio, bytes };
  }
  return { bytes: best.bytes, choco: best.ratio, gamma: best.gamma, contenders };
}

function report(finished: readonly Finished<EqualBytesCell, Outcome>[]): string[] {
  const scientific = (value: number): string => value.toExponential(1);
  const rows = finished.map(({ cell, outcome }) => {
    const { peers, topology, compressor } = cell;
    const errors = CONTENDERS.map((name) => scientific(outcome.contenders[name]!.error));
    const kilobytes = (outcome.bytes / 1000).toFixed(1);
    const choco = `${scientific(outcome.choco)} (${outcome.gamma})`;
    return `| ${topology}, ${peers} | ${compressor} | ${kilobytes} | ${choco} | ${errors.join(' | ')} |`;
  });
  const verdicts = CONTENDERS.map((name) => {
    const won = finished.filter(({ outcome }) => outcome.contenders[name]!.error <= outcome.choco).length;
    const holds = won >= CLAIMED_SHARE * finished.length ? 'holds' : 'does not hold';
    return `${name} is at or below tuned CHOCO in ${won} of ${finished.length} cells: the claim of ${100 * CLAIMED_SHARE} % ${holds}.`;
  });
  return [
    `| graph, peers | compressor | kB a peer | CHOCO (best gamma) | ${CONTENDERS.join(' | ')} |`,
    '|---|---|---:|---:|---:|---:|',
    ...rows,
    '',
    ...verdicts,
  ];
}

const study: Study<EqualBytesCell, Outcome> = {
  name: 'equal-bytes',
  cells({ short }) {
    const rounds = short ? 20 : ROUNDS;
    const all = SIZES.flatMap((peers) =>
      COMPRESSORS.flatMap((compressor) =>
        GRAPHS.map((topology) => ({ peers, topology, compressor, rounds })),
      ),
    );
    return short ? all.filter(({ peers, topology }) => peers === 8 && topology === 'ring') : all;
  },
  measure,
  report,
};

export const run = (args: readonly string[]): Promise<void> => runStudy(study, args);
