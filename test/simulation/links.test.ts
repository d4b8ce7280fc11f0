/**
 * Time on virtual networks against hand calculation, churn against the invariants, and how much work a simulation does:
 * counted, for seconds say more of the machine.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { maxFrameBytesOf, planRun } from '../../src/config/run-plan.js';
import { type SimulationConfig, simulationConfigSchema } from '../../src/config/schema.js';
import { verifyRunConfig } from '../../src/config/verify.js';
import type { EvaluationEvent, MetricsEvent, RoundEvent } from '../../src/metrics/events.js';
import { readFaults } from '../../src/simulation/faults.js';
import { perfectLink } from '../../src/simulation/link-model.js';
import { retransmitAfter } from '../../src/simulation/network.js';
import { createNetwork, trainingTimes } from '../../src/simulation/network-config.js';
import { simulate } from '../../src/simulation/simulate.js';
import { runSimulation } from '../../src/simulation/simulator.js';
import { neighborsOf } from '../../src/topology/graph.js';
import { gaussianStart, runAlgorithm } from '../reference/algorithm-run.js';
import { oneBlock } from '../reference/gossip-run.js';
import { createHandDrivenPeer } from '../reference/hand-driven-peer.js';

type Given = Readonly<Record<string, unknown>>;

/** What `grapevine simulate` does with these keys: its events. */
async function eventsOf(run: Given, network: Partial<SimulationConfig>): Promise<readonly MetricsEvent[]> {
  const config = verifyRunConfig({ evaluateEvery: 1, ...run });
  const simulation = simulationConfigSchema.parse(network) as SimulationConfig;
  const plan = planRun(config, { cacheDirectory: 'unused: the quadratic has no data' });
  const nodes = Array.from({ length: config.peers }, (_, node) => node);
  const models = await Promise.all(nodes.map((node) => plan.createModel(node)));
  const { layout } = models[0]!;
  const swarm = {
    peers: config.peers,
    neighborsOf: (node: number) => [...neighborsOf(plan.topology.graph, node)],
  };
  const links = createNetwork(simulation, swarm);
  const bytes = plan.compressor.encodedBytes(layout.blocks);
  const events: MetricsEvent[] = [];
  await simulate({
    peers: nodes.map((node) => {
      const retransmitMs = retransmitAfter(links, { ...swarm, node }, bytes);
      return plan.createPeer(node, models[node]!, { retransmitMs, audit: false });
    }),
    trainers: nodes.map((node) => plan.createTrainer(node, models[node]!)),
    evaluator: await plan.createModel(null),
    evaluateEvery: config.evaluateEvery,
    link: perfectLink,
    network: links,
    faults: readFaults(simulation.faults, config),
    trainingMs: trainingTimes(simulation, config),
    seed: config.seed,
    maxFrameBytes: maxFrameBytesOf(plan, layout),
    horizonMs: 10_000_000,
    record: (event) => events.push(event),
  });
  return events;
}

function lastRounds(events: readonly MetricsEvent[], round: number): readonly RoundEvent[] {
  return events.filter((event): event is RoundEvent => event.event === 'round' && event.round === round);
}

const ROUNDS = 12;
/** Local steps of a round: 5 of 3 ms. */
const TRAIN_MS = 15;

describe('a round in lockstep', () => {
  const ring = { peers: 6, topology: 'ring', task: 'quadratic:dimension=1000', rounds: ROUNDS };

  /** Bytes of one frame: two neighbors, one a round. */
  const frameBytes = (event: RoundEvent) => event.wireBytes / (2 * ROUNDS);

  it.each([
    { what: 'a link for each edge', network: { bandwidthMbps: 0.1 }, transfers: 1 },
    { what: 'a downlink for both edges', network: { downlinkMbps: 0.1 }, transfers: 2 },
  ])('takes training, latency and transfer, no more: $what', async ({ network, transfers }) => {
    const events = await eventsOf(ring, { latencyMs: 100, bandwidthMbps: 1e6, ...network });
    const last = lastRounds(events, ROUNDS);
    expect(last).toHaveLength(6);
    for (const event of last) {
      const roundMs = TRAIN_MS + 100 + (transfers * 8 * frameBytes(event)) / 100; // 0.1 Mbit/s: 100 bits a millisecond
      // Where two queues follow each other, the link of 1e6 Mbit/s adds nothing; sums are in float64.
      expect(event.atMs / (ROUNDS * roundMs)).toBeCloseTo(1, 6);
    }
  });

  it('has the second neighbor wait for the first behind an uplink: t_j = max_i(t_i + train + latency + place x)', async () => {
    const events = await eventsOf(ring, { latencyMs: 100, bandwidthMbps: 1e6, uplinkMbps: 0.1 });
    const transfer = (8 * frameBytes(lastRounds(events, ROUNDS)[0]!)) / 100;
    const neighbors = (i: number) => [(i + 1) % 6, (i + 5) % 6].sort((a, b) => a - b);
    let ends = new Array<number>(6).fill(0);
    for (let round = 0; round < ROUNDS; round++) {
      ends = ends.map((_, j) =>
        Math.max(
          ...neighbors(j).map((i) => ends[i]! + TRAIN_MS + 100 + (neighbors(i).indexOf(j) + 1) * transfer),
        ),
      );
    }
    // The link behind the uplink adds a hundred-thousandth of nothing; sums are in float64.
    for (const { peer, atMs } of lastRounds(events, ROUNDS)) expect(atMs / ends[peer]!).toBeCloseTo(1, 6);
  });

  it('takes as long as its slowest link, also where only one is slow', async () => {
    const events = await eventsOf(ring, { latencyMs: 1, bandwidthMbps: 1e6, links: ['2-3:latency=250'] });
    for (const event of lastRounds(events, ROUNDS)) {
      // A peer d edges away learns of it d rounds later: it has done its rounds that much sooner.
      const away = Math.min(Math.abs(event.peer - 2), Math.abs(event.peer - 3), 2);
      const slowRounds = ROUNDS - away;
      const expectedMs = ROUNDS * TRAIN_MS + slowRounds * 250 + away;
      expect(event.atMs / expectedMs, `peer ${event.peer}`).toBeCloseTo(1, 3);
    }
  });

  it('waits for its slowest peer', async () => {
    const faults = ['slow:peer=0,factor=3'];
    const events = await eventsOf(ring, { latencyMs: 0, bandwidthMbps: 1e6, faults });
    const slowest = Math.max(...lastRounds(events, ROUNDS).map(({ atMs }) => atMs));
    expect(slowest / (ROUNDS * 3 * TRAIN_MS)).toBeCloseTo(1, 4);
  });
});

describe('time to a loss at 1 Mbit/s and 100 ms', () => {
  const task = {
    peers: 4,
    topology: 'ring',
    task: 'quadratic:dimension=10000,heterogeneity=0.1',
    rounds: 30,
  };
  const slow = { latencyMs: 100, bandwidthMbps: 1 };
  const timeTo = (events: readonly MetricsEvent[], loss: number): number =>
    events.find(
      (event): event is EvaluationEvent => event.event === 'evaluation' && event.meanModel.loss <= loss,
    )!.atMs;

  it('is what bytes, bandwidth and latency say, and compression wins by it', async () => {
    const dense = await eventsOf({ ...task, algorithm: 'exact' }, slow);
    const compressed = await eventsOf(task, slow);
    const start = dense.find((event) => event.event === 'evaluation')!;
    const target = 0.1 * (start as EvaluationEvent).meanModel.loss;
    const roundMs = (events: readonly MetricsEvent[]) => {
      const { wireBytes } = lastRounds(events, 30)[0]!;
      return TRAIN_MS + 100 + (8 * (wireBytes / (2 * 30))) / 1000;
    };
    for (const events of [dense, compressed]) {
      const reachedMs = timeTo(events, target);
      expect(reachedMs / roundMs(events)).toBeCloseTo(Math.round(reachedMs / roundMs(events)), 6);
      expect(reachedMs).toBeGreaterThan(roundMs(events));
    }
    // 40,000 bytes take 320 ms; low-rank sends under a tenth of them, and needs no more rounds here.
    expect(timeTo(dense, target) / timeTo(compressed, target)).toBeCloseTo(
      roundMs(dense) / roundMs(compressed),
      6,
    );
    expect(roundMs(dense) / roundMs(compressed)).toBeGreaterThan(3);
  });
});

describe('a peer that goes away', () => {
  it('trains on where it was when it comes back', async () => {
    const peer = createHandDrivenPeer({ node: 0, neighbors: [], parameters: [1], options: { rounds: 4 } });
    const endedMs: number[] = [];
    await runSimulation({
      peers: [peer],
      train: async (_node, _round, parameters) => ({ parameters: parameters.slice(), loss: 0, samples: 1 }),
      trainingMs: () => 10,
      link: perfectLink,
      faults: readFaults(['away:at=5,for=20', 'away:at=47,for=100'], { peers: 1, seed: 1 }),
      seed: 1,
      maxFrameBytes: 1000,
      horizonMs: 10_000,
      observe({ effects, nowMs }) {
        if (effects.some(({ type }) => type === 'roundFinished')) endedMs.push(nowMs);
      },
    });
    expect(endedMs).toEqual([30, 40, 150, 160]); // 5 + 20 + 5, + 10, 7 + 100 + 3 later, + 10
  });

  it.each(
    ['edge-choco', 'choco:gamma=0.3', 'exact'].flatMap((algorithm) =>
      [1, 2, 3, 4].map((seed) => ({ algorithm, seed })),
    ),
  )('keeps mean and replicas, and ends its rounds: $algorithm, seed $seed', async ({ algorithm, seed }) => {
    const start = gaussianStart(6, 30);
    const trace = await runAlgorithm({
      topology: 'ring',
      algorithm,
      compressor: algorithm === 'exact' ? 'none' : 'low-rank:rank=2,bits=4',
      blocks: oneBlock(6, 5),
      start,
      initialReplica: new Float32Array(30),
      rounds: 30,
      step: (_node, x) => Array.from(x, (value) => 0.05 * value),
      link: { ...perfectLink, latencyMs: 3, jitterMs: 5 },
      faults: readFaults(['churn:up=150,down=60,until=400'], { peers: 6, seed }),
      seed,
    });
    expect(trace.violations).toEqual([]);
    expect(trace.halfApplied).toBe(0);
    expect(trace.states.every(({ phase }) => phase === 'finished')).toBe(true);
  });
});

describe('a run on a network with everything', () => {
  const run = { peers: 8, topology: 'torus', task: 'quadratic:dimension=50', rounds: 15 };
  const everything: Partial<SimulationConfig> = {
    latencyMs: 20,
    jitterMs: 10,
    jitterShape: 'lognormal',
    uplinkMbps: 5,
    downlinkMbps: 20,
    loss: 0.05,
    lossBurst: 3,
    framing: 'tcp',
    stepJitter: 0.3,
    links: ['0-1:latency=80', '3:uplink=1'],
    faults: ['stragglers:share=0.25,factor=3', 'churn:up=800,down=200'],
  };
  let first: readonly MetricsEvent[];
  beforeAll(async () => {
    first = await eventsOf(run, everything);
  });

  it('repeats itself from its seed', async () => {
    expect(lastRounds(first, 15)).toHaveLength(8);
    expect(await eventsOf(run, everything)).toEqual(first);
  });

  it('differs with another seed', async () => {
    expect(await eventsOf({ ...run, seed: 2 }, everything)).not.toEqual(first);
  });
});

it('a simulation does what its frames and trainings need, and nothing beside', async () => {
  const { peers, rounds } = { peers: 60, rounds: 20 };
  const ends = 4 * peers; // of edges, in a graph of degree 4
  const plan = planRun(
    verifyRunConfig({ peers, rounds, topology: 'random-regular:degree=4', task: 'quadratic:dimension=100' }),
    { cacheDirectory: 'unused: the quadratic has no data' },
  );
  const nodes = Array.from({ length: peers }, (_, node) => node);
  const models = await Promise.all(nodes.map((node) => plan.createModel(node)));
  const trainers = nodes.map((node) => plan.createTrainer(node, models[node]!));
  let steps = 0;
  let timers = 0;
  const { counters } = await runSimulation({
    peers: nodes.map((node) => plan.createPeer(node, models[node]!, { retransmitMs: null, audit: false })),
    train: (node, round, parameters) => trainers[node]!.train(parameters, round),
    trainingMs: () => 15,
    link: { ...perfectLink, latencyMs: 1 },
    faults: [],
    seed: 1,
    maxFrameBytes: 1 << 16,
    horizonMs: 1e6,
    observe({ input }) {
      steps += 1;
      if (input.type === 'timerFired') timers += 1;
    },
  });
  expect(counters.reduce((sum, { deltasSent }) => sum + deltasSent, 0)).toBe(rounds * ends);
  expect(timers).toBeLessThanOrEqual(peers); // a drain each; ticks come every 1.5 s, and the run takes a third of one
  expect(steps - timers).toBe(peers + ends + rounds * (peers + ends)); // start, links up; then trained and received
});
