/**
 * Our algorithms against errors that public reference code has recorded on the same start (ring of eight, one
 * 100 x 100 Gaussian matrix a peer; test/reference/data/README.md). Round t here is step t there: both compress,
 * exchange and mix once a step, from step 1. They ran in float32 throughout and we round once a correction, so
 * errors agree to about 1e-6 relative until they come near the float32 noise floor.
 */
import { describe, expect, it } from 'vitest';
import type { Compressor } from '../../src/compression/compressor.js';
import type { AnyAlgorithm } from '../../src/consensus/algorithm.js';
import { createEdgeChocoWithoutMirror } from '../reference/edge-choco-without-mirror.js';
import { consensusError, oneBlock, runGossip } from '../reference/gossip-run.js';
import {
  RECORDED_SIDE,
  type RecordedRow,
  readRecordedRows,
  readRecordedStart,
} from '../reference/recorded-start.js';
import { createSvdCompressor } from '../reference/svd-compressor.js';

const start = readRecordedStart();
/** Of the start, to float32's accuracy. */
const START_ERROR = 8713.375;
/**
 * Entries are N(0, 1), so an error of 10,000 entries that differ by float32 rounding (6e-8 relative, some times
 * over) is about 1e-9 and its relative error 1e-4 is reached some hundredfold above.
 */
const NOISE_FLOOR = 1e-6;

/** Errors after each of `rounds`. */
async function errorsAfter(
  rounds: readonly number[],
  algorithm: string | AnyAlgorithm,
  compressor: string | Compressor,
  guard = true,
): Promise<RecordedRow[]> {
  const trace = await runGossip({
    topology: 'ring',
    algorithm,
    compressor,
    blocks: oneBlock(RECORDED_SIDE, RECORDED_SIDE),
    start,
    rounds: Math.max(...rounds),
    keep: rounds,
    guard,
  });
  return rounds.map((round) => ({ round, error: consensusError(trace[round]!) }));
}

function expectRecorded(got: readonly RecordedRow[], recorded: readonly RecordedRow[]): void {
  expect(got.length).toBeGreaterThan(0);
  for (const [k, { round, error }] of got.entries()) {
    const wanted = recorded[k]!.error;
    if (wanted < NOISE_FLOOR) expect(error, `round ${round}`).toBeLessThan(1.05 * wanted);
    else
      expect(Math.abs(error / wanted - 1), `round ${round}: ${error}, recorded ${wanted}`).toBeLessThan(1e-4);
  }
}

describe('on the recorded start', () => {
  it('begins at the recorded error', () => {
    expect(Math.abs(consensusError(start) / START_ERROR - 1)).toBeLessThan(1e-6);
  });

  it.each([
    { run: 'exact', algorithm: 'exact', compressor: 'none', last: 100 },
    { run: 'choco identity gamma=1', algorithm: 'choco:gamma=1', compressor: 'none', last: 50 },
    { run: 'choco top-k gamma=0.03', algorithm: 'choco:gamma=0.03', compressor: 'top-k:count=50', last: 200 },
  ])('$algorithm with $compressor has the errors of the reference code to 1e-4', async (given) => {
    const recorded = readRecordedRows(given.run).filter(({ round }) => round <= given.last);
    const rounds = recorded.map(({ round }) => round);
    expectRecorded(await errorsAfter(rounds, given.algorithm, given.compressor), recorded);
  });

  it.each([
    { gamma: 0.02, last: 100, why: 'converging' },
    { gamma: 0.05, last: 30, why: 'about to stop converging' },
  ])('CHOCO with an exact rank-1 SVD at gamma $gamma has them too ($why)', async ({ gamma, last }) => {
    const recorded = readRecordedRows(`choco rank-1 SVD gamma=${gamma}`).filter(({ round }) => round <= last);
    const rounds = recorded.map(({ round }) => round);
    expectRecorded(await errorsAfter(rounds, `choco:gamma=${gamma}`, createSvdCompressor()), recorded);
  });
});

/**
 * 2 neighbors x 2 vectors x 100 numbers x 32 bits = 12,800 bits a round and peer: 500 rounds are 6.4 Mbit, where
 * the reference code has uncompressed gossip at 32.4, PowerGossip at 16.8 and CHOCO at its best gamma at 19.8.
 */
describe('edge-CHOCO at rank 1 in float32', () => {
  const compressor = 'low-rank:rank=1,bits=32';

  it('comes to an error of 3 within 6.4 Mbit a peer, where CHOCO at its best gamma has 19.8', async () => {
    const [end] = await errorsAfter([500], 'edge-choco', compressor);
    expect(end!.error).toBeLessThan(3);
    const choco = readRecordedRows('choco rank-1 SVD gamma=0.025').find(({ round }) => round === 500);
    expect(choco!.error / end!.error).toBeGreaterThan(6);
  });

  it('diverges at the same gamma without the mirror line', async () => {
    const [early, late] = await errorsAfter([100, 200], createEdgeChocoWithoutMirror(1), compressor, false);
    expect(late!.error).toBeGreaterThan(START_ERROR);
    expect(late!.error).toBeGreaterThan(early!.error);
  });

  it('is stopped by the guard even without the mirror line', async () => {
    const [, late] = await errorsAfter([200, 500], createEdgeChocoWithoutMirror(1), compressor);
    expect(late!.error).toBeLessThan(START_ERROR);
  });
});
