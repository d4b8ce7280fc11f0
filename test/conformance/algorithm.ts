/**
 * What every algorithm promises, whatever it sends: it is what its paper's matrices say for all peers at once; gossip
 * keeps the mean and training moves it as published; it comes to the optimum of quadratics at the published order; its
 * degenerate cases are the algorithms they should be; frames may be lost, doubled and overtake each other; wrong options
 * are refused. A new algorithm adds one case to algorithm.test.ts.
 */
import { describe, expect, it } from 'vitest';
import type { PeerState } from '../../src/consensus/peer-state.js';
import { algorithms } from '../../src/consensus/registry.js';
import type { LinkOptions } from '../../src/simulation/link-model.js';
import { buildTopology } from '../../src/topology/registry.js';
import {
  type AlgorithmRun,
  createQuadratics,
  distanceTo,
  gaussianStart,
  meanOf,
  runAlgorithm,
} from '../reference/algorithm-run.js';
import { consensusError, oneBlock } from '../reference/gossip-run.js';
import { denseMixing } from '../reference/matrix-form.js';
import type { Twin } from '../reference/matrix-form-training.js';
import { naiveSelectTop } from '../reference/naive-compression.js';

export const NODES = 8;
const ROWS = 3;
const COLS = 4;
const DIMENSION = ROWS * COLS;

export interface AlgorithmCase {
  readonly spec: string;
  /** For convergence and faults; `none` where nothing is compressed. */
  readonly compressor: string;
  /** @default torus */
  readonly topology?: string;
  /** Its matrix form with top-k of `top` entries (none for 0); absent where another test has the twin. */
  readonly twin?: { readonly of: Twin; readonly top: number; readonly spec?: string };
  /** 'exact': to the optimum. 'biased': to a distance in proportion to eta. 'near': nearer than peers' own optima. */
  readonly reaches: 'exact' | 'biased' | 'near';
  /** Rounds to get there. @default 250 */
  readonly rounds?: number;
  /** With C = identity and the like: the same as another algorithm's twin. */
  readonly degenerate: {
    readonly title: string;
    readonly spec: string;
    readonly compressor?: string;
    readonly topology?: string;
    readonly twin: Twin;
  };
  /** Sums over peers that are 0 in every round, entry by entry. */
  readonly invariants?: readonly {
    readonly title: string;
    of(state: PeerState): ArrayLike<number>;
  }[];
  /** The mean of gossip alone is kept only to the compressor's accuracy (DCD, ECD). */
  readonly meanInExpectation?: true;
  /** Gossip moves the mean, and says so. */
  readonly movesMean?: true;
  /** Specs to be refused. */
  readonly bad: readonly string[];
}

const FAULTY: LinkOptions = {
  latencyMs: 8,
  jitterMs: 40,
  bandwidthMbps: 10,
  loss: 0.2,
  duplication: 0.15,
  corruption: 0.03,
};

const topOf =
  (count: number) =>
  (row: readonly number[]): number[] => {
    if (count === 0) return [...row];
    const kept = new Set(naiveSelectTop(Float32Array.from(row), count));
    return row.map((value, k) => (kept.has(k) ? value : 0));
  };

const compressorOf = (top: number): string => (top === 0 ? 'none' : `top-k:count=${top}`);

/** Peers that start from one model, as in training. */
function trainingRun(given: AlgorithmCase, over: Partial<AlgorithmRun>): AlgorithmRun {
  const common = gaussianStart(1, DIMENSION, 'common')[0]!;
  return {
    topology: given.topology ?? 'torus',
    algorithm: given.spec,
    compressor: given.compressor,
    blocks: oneBlock(ROWS, COLS),
    start: Array.from({ length: NODES }, () => common),
    rounds: 20,
    step: createQuadratics(NODES, DIMENSION).step(0.1),
    ...over,
  };
}

/** Peers that start apart and do not train. */
function gossipRun(given: AlgorithmCase, over: Partial<AlgorithmRun> = {}): AlgorithmRun {
  return trainingRun(given, {
    start: gaussianStart(NODES, DIMENSION),
    initialReplica: new Float32Array(DIMENSION),
    step: (_node, x) => Array.from(x, () => 0),
    ...over,
  });
}

async function expectTwin(run: AlgorithmRun, twin: Twin, top: number): Promise<void> {
  const { models } = await runAlgorithm({ ...run, guard: false });
  const w = denseMixing(buildTopology(run.topology, NODES, 1));
  const wanted = twin({ w, start: run.start, rounds: run.rounds, step: run.step, compress: topOf(top) });
  for (const [t, rows] of wanted.entries())
    rows.forEach((row, i) =>
      row.forEach((value, k) => {
        const got = models[t]![i]![k]!;
        expect(Math.abs(got - value), `round ${t}, peer ${i}, entry ${k}: ${got}, ${value}`).toBeLessThan(
          2e-4 * Math.max(1, Math.abs(value)),
        );
      }),
    );
}

/** Mean over the last rounds of the distance to the optimum. */
async function finalDistance(given: AlgorithmCase, eta: number): Promise<number> {
  const problem = createQuadratics(NODES, DIMENSION);
  const rounds = given.rounds ?? 250;
  const { models } = await runAlgorithm(trainingRun(given, { rounds, step: problem.step(eta) }));
  const last = models.slice(-20).map((row) => distanceTo(problem.optimum, row));
  return last.reduce((sum, distance) => sum + distance, 0) / last.length;
}

function testTwin(given: AlgorithmCase): void {
  const { twin, degenerate } = given;
  if (twin !== undefined)
    it(`is what its matrices say for all peers at once${twin.top > 0 ? `, with top-${twin.top}` : ''}`, async () => {
      const run = trainingRun(given, {
        algorithm: twin.spec ?? given.spec,
        compressor: compressorOf(twin.top),
      });
      await expectTwin(run, twin.of, twin.top);
    });
  it(degenerate.title, async () => {
    const { spec, compressor = 'none', topology = given.topology ?? 'torus' } = degenerate;
    await expectTwin(trainingRun(given, { algorithm: spec, compressor, topology }), degenerate.twin, 0);
  });
}

function testMean(given: AlgorithmCase): void {
  it(`${given.movesMean ? 'moves' : 'keeps'} the mean of gossip alone, and brings peers together`, async () => {
    const compressor = given.meanInExpectation === true ? 'none' : given.compressor;
    const { models, notices } = await runAlgorithm(gossipRun(given, { rounds: 120, compressor }));
    const [before, after] = [meanOf(models[0]!), meanOf(models[120]!)];
    const moved = Math.max(...before.map((value, k) => Math.abs(after[k]! - value)));
    if (given.movesMean) expect(moved).toBeGreaterThan(1e-3);
    else expect(moved).toBeLessThan(1e-5);
    const errors = models.map((model) => consensusError([...model]));
    expect(errors[120]!).toBeLessThan(0.05 * errors[0]!);
    expect(notices).toEqual([]);
  });

  for (const { title, of } of given.invariants ?? [])
    it(`keeps ${title} in every round of training`, async () => {
      let rounds = 0;
      const check = (states: readonly PeerState[], round: number): void => {
        rounds = round;
        const largest = Math.max(...states.flatMap((state) => Array.from(of(state), Math.abs)));
        for (const value of meanOf(states.map(of)))
          expect(Math.abs(value), `round ${round}`).toBeLessThan(2e-6 * Math.max(1, largest));
      };
      await runAlgorithm(trainingRun(given, { rounds: 60, onRound: check }));
      expect(rounds).toBe(60);
    });
}

function testConvergence(given: AlgorithmCase): void {
  if (given.reaches === 'exact')
    it('comes to the optimum of quadratics that differ, at constant eta', async () => {
      expect(await finalDistance(given, 0.1)).toBeLessThan(1e-4);
    });
  else if (given.reaches === 'near')
    it('comes nearer to the optimum of quadratics that differ than peers do alone', async () => {
      const { optimum, centers } = createQuadratics(NODES, DIMENSION);
      expect(await finalDistance(given, 0.1)).toBeLessThan(0.5 * distanceTo(optimum, centers));
    });
  else
    it('comes to a distance from the optimum that is in proportion to eta', async () => {
      const [whole, half] = [await finalDistance(given, 0.1), await finalDistance(given, 0.05)];
      expect(whole).toBeGreaterThan(1e-3); // ten times what counts as the optimum
      expect(whole / half).toBeGreaterThan(1.5);
      expect(whole / half).toBeLessThan(3);
    });
}

export function algorithmConformance(given: AlgorithmCase): void {
  describe(`algorithm ${given.spec}`, () => {
    testTwin(given);
    testMean(given);
    testConvergence(given);

    it.each([1, 2, 3])(
      'keeps its invariants and ends under loss, doubling and reordering: seed %i',
      async (seed) => {
        const run = trainingRun(given, { link: FAULTY, seed, rounds: 12 });
        const { violations, halfApplied, models } = await runAlgorithm(run);
        expect(violations).toEqual([]);
        expect(halfApplied).toBe(0);
        expect(models[12]!.flatMap((model) => [...model]).every(Number.isFinite)).toBe(true);
      },
    );

    it('is named by its canonical spec, and refuses options that make no sense', () => {
      const canonical = algorithms.canonical(given.spec);
      expect(algorithms.canonical(canonical)).toBe(canonical);
      expect(algorithms.resolve(given.spec).spec).toBe(canonical);
      for (const spec of given.bad)
        expect(() => algorithms.resolve(spec), spec).toThrow(expect.objectContaining({ code: 'BAD_SPEC' }));
    });
  });
}
