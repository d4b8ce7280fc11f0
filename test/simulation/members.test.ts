/**
 * Topologies that follow their members, in the simulator: peers come and go, each hears of it at a time of its own, and the
 * graph is drawn anew from those that are there.
 */
import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../src/base/random.js';
import { compressors } from '../../src/compression/registry.js';
import type { Pace } from '../../src/consensus/algorithm.js';
import { presentEdges } from '../../src/consensus/neighbor-set.js';
import { setUpPeer } from '../../src/consensus/peer-setup.js';
import type { PeerState } from '../../src/consensus/peer-state.js';
import { algorithms } from '../../src/consensus/registry.js';
import { InvariantChecker } from '../../src/simulation/checkers.js';
import { perfectLink } from '../../src/simulation/link-model.js';
import { type Fault, runSimulation } from '../../src/simulation/simulator.js';
import { neighborsOf } from '../../src/topology/graph.js';
import { graphOfPlaces } from '../../src/topology/members.js';
import { buildTopology } from '../../src/topology/registry.js';
import { spectrumOf } from '../../src/topology/spectrum.js';
import { planMembersRun } from './churn-plan.js';
import { problemsOf, runChurn } from './churn-run.js';

/** `npm run test:chaos` runs 1,000 of each pace; this many are for everyday. */
const SEEDS = Number(process.env.CHAOS_SEEDS ?? 8);
/** Virtual time of a run; the slowest seen took 189 s, on links that lose a quarter of all frames. */
const DEADLINE_MS = 400_000;

/** Milliseconds: a seed takes up to one second of a busy core. */
const TEST_MS = Math.max(300_000, 5_000 * SEEDS);

const only = process.env.CHAOS_SEED;
const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, k) => k + 1) : [Number(only)];

const replay = (seed: number): string =>
  `replay: CHAOS_SEED=${seed} npx vitest run --project simulation test/simulation/members.test.ts`;

describe.each<Pace>(['lockstep', 'asynchronous'])('a topology that follows its members, %s', (pace) => {
  it(
    'breaks no invariant, and everybody goes on, whoever comes and goes',
    async () => {
      const found: string[] = [];
      for (const seed of seeds) {
        const outcome = await runChurn(planMembersRun(seed, pace));
        found.push(...problemsOf(outcome));
        if (outcome.finishedMs > DEADLINE_MS)
          found.push(`seed ${seed}: finished at ${outcome.finishedMs} ms`, replay(seed));
      }
      expect(found.slice(0, 15)).toEqual([]);
    },
    TEST_MS,
  );
});

const DIMENSION = 20;
const SEED = 5;
/** The places of `members:graph=ring`, around the circle. */
function circleOf(places: number): number[] {
  const { graph } = buildTopology('members:graph=ring', places, SEED);
  const around = [0];
  while (around.length < places)
    around.push([...neighborsOf(graph, around.at(-1)!)].find((place) => !around.includes(place))!);
  return around;
}

/** Gossip alone, from different models, of `places` peers under `faults`. */
async function gossip(spec: string, places: number, faults: readonly Fault[]) {
  const topology = buildTopology(spec, places, SEED);
  const random = createRandom(SEED, 'models');
  const model = () => Float32Array.from({ length: DIMENSION }, () => gaussian(random));
  const setup = {
    topology,
    beta: spectrumOf(topology.mixing).beta,
    algorithm: algorithms.resolve('edge-choco'),
    compressor: compressors.resolve('none'),
    blocks: [{ name: 'vector', offset: 0, rows: 1, cols: DIMENSION }],
    initialReplica: new Float32Array(DIMENSION),
    seed: SEED,
    options: {
      rounds: 300,
      silenceMs: 500,
      roundDeadlineMs: 2000,
      retransmitMs: null,
      measureEvery: 0,
      audit: true,
    },
  };
  const states: PeerState[] = Array.from({ length: places }, (_, node) => setUpPeer(setup, node, model()));
  const checker = new InvariantChecker(states.map(({ parameters }) => parameters));
  const rule = topology.membership;
  const { killed } = await runSimulation({
    peers: [...states],
    train: checker.watchTraining(async (_node, _round, parameters) => ({
      parameters: parameters.slice(),
      loss: 0,
      samples: 1,
    })),
    createNewcomer: (node, incarnation) => setUpPeer({ ...setup, incarnation }, node, model()),
    onNewcomer(node, state) {
      states[node] = state;
      checker.welcome(node, state);
    },
    trainingMs: () => 10,
    link: { ...perfectLink, latencyMs: 2 },
    faults,
    ...(rule === undefined ? {} : { membership: { rule, places, absentMs: 300, settleMs: 40 } }),
    seed: SEED,
    maxFrameBytes: 1 << 16,
    horizonMs: 60_000,
    observe: checker.observe,
  });
  const living = states.filter((_, node) => !killed.includes(node));
  const { violations } = checker.conclude(living.map(({ context }) => context.node));
  const spread = Array.from({ length: DIMENSION }, (_, k) => {
    const values = living.map(({ parameters }) => parameters[k]!);
    return Math.max(...values) - Math.min(...values);
  });
  return { living, violations, spread: Math.max(...spread) };
}

const kill = (node: number, atMs: number): Fault => ({ type: 'kill', node, atMs });
/** Of numbers near 1, after 200 rounds or more on a ring of five or seven, whose gap is 0.25 or more: rounding alone. */
const AGREEMENT = 1e-5;

describe('a ring of eight of which three that are not neighbors die for good', () => {
  it('falls apart where its edges are those of the start', async () => {
    const { spread, violations } = await gossip('ring', 8, [kill(0, 35), kill(2, 35), kill(4, 35)]);
    expect(violations).toEqual([]);
    expect(spread).toBeGreaterThan(0.1);
  });

  const around = circleOf(8);
  const dead = [around[0]!, around[2]!, around[4]!];

  it('closes over them where it follows its members, and the five that are left agree', async () => {
    const { living, spread, violations } = await gossip(
      'members:graph=ring',
      8,
      dead.map((node) => kill(node, 35)),
    );
    expect(violations).toEqual([]);
    expect(living).toHaveLength(5);
    expect(spread).toBeLessThan(AGREEMENT);
    for (const state of living)
      expect(presentEdges(state).map(({ neighbor, applied }) => [neighbor, applied > 100])).toEqual(
        neighborsAmong(living, state).map((neighbor) => [neighbor, true]),
      );
  });

  it('opens for newcomers at places that were free, who agree with all others', async () => {
    const ten = circleOf(10);
    const late = [ten[1]!, ten[6]!];
    const { living, spread, violations } = await gossip('members:graph=ring', 10, [
      ...[ten[3]!, ten[5]!, ten[8]!].map((node) => kill(node, 35)),
      ...late.map((node): Fault => ({ type: 'join', node, atMs: 900 })),
    ]);
    expect(violations).toEqual([]);
    expect(living.filter(({ incarnation }) => incarnation > 0).map(({ context }) => context.node)).toEqual(
      [...late].sort((a, b) => a - b),
    );
    expect(living).toHaveLength(7);
    expect(spread).toBeLessThan(AGREEMENT);
  });
});

function neighborsAmong(living: readonly PeerState[], { context }: PeerState): number[] {
  const present = living.map((state) => state.context.node);
  const graph = graphOfPlaces(8, present, { family: 'ring', seed: SEED });
  return [...neighborsOf(graph, context.node)];
}
