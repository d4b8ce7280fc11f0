/** Hub protocols among peers: the papers' sequence to the bit on a star and without a hub, and what happens when peers die. */
import { describe, expect, it } from 'vitest';
import { GrapevineError } from '../../../../src/base/errors.js';
import { createRandom } from '../../../../src/base/random.js';
import { compressors } from '../../../../src/compression/registry.js';
import { hubAlgorithms } from '../../../../src/consensus/hub/registry.js';
import { runHub } from '../../../../src/consensus/hub/run-hub.js';
import { createPeerState, defaultPeerOptions } from '../../../../src/consensus/peer-state.js';
import { algorithms } from '../../../../src/consensus/registry.js';
import { step } from '../../../../src/consensus/step.js';
import { perfectLink } from '../../../../src/simulation/link-model.js';
import { everybody, optimumOf, problem, runHubSwarm, WORKERS } from '../../../reference/hub-swarm.js';

const randK = '"rand-k:fraction=0.5,scaled=1"';
const specs = [
  'ef:up="top-k:fraction=0.25",gamma=1',
  'ef21:up="top-k:fraction=0.25",gamma=1',
  'ef21:up="top-k:fraction=0.25",gamma=1,eta=0.5,down="quantize:bits=12"',
  `diana:up=${randK},gamma=0.7`,
  `artemis:up=${randK},down=natural,gamma=0.6`,
  'power-sgd:rank=1,gamma=1,momentum=0.3',
];
const phasesOf = (spec: string) => (spec.startsWith('power-sgd') ? 2 : 1);

/** The hub's models of run-hub.ts after each round of a swarm, in float32. */
function pathOf(spec: string, rounds: number): Float32Array[] {
  const path: Float32Array[] = [];
  const phases = phasesOf(spec);
  runHub({
    algorithm: hubAlgorithms.resolve(spec),
    problem,
    rounds: rounds * phases,
    seed: 3,
    onRound({ round, model }) {
      if (round % phases === 0) path.push(Float32Array.from(model));
    },
  });
  return path;
}

const distance = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
  Math.hypot(...Array.from(x, (value, k) => value - y[k]!));

/** Distance to the optimum at the end: optima of different peers are 0.9 and more apart. EF keeps a floor from data that differ. */
const floorOf = (spec: string): number => (spec.startsWith('ef:') ? 0.5 : 0.01);

const kill = (node: number, atMs: number) => ({ type: 'kill', node, atMs }) as const;

describe.each(specs)('%s', (spec) => {
  it('on a star goes the way of run-hub.ts to the bit, and every leaf has the hub’s model in every round', async () => {
    const wanted = pathOf(spec, 40);
    const { trace, violations } = await runHubSwarm({ algorithm: spec, topology: 'star', rounds: 40 });
    expect(violations).toEqual([]);
    trace.forEach((models, t) => {
      for (const peer of everybody) expect(models[peer]).toEqual(wanted[t]);
    });
    expect(distance(trace[0]![0]!, trace[39]![0]!)).toBeGreaterThan(1); // it has gone somewhere
  });

  it('on lossy links gives the same bits', async () => {
    const link = { ...perfectLink, latencyMs: 5, jitterMs: 5, loss: 0.2, duplication: 0.1 };
    const lossy = await runHubSwarm({
      algorithm: spec,
      topology: 'star',
      rounds: 12,
      link,
      retransmitMs: 60,
    });
    const perfect = await runHubSwarm({ algorithm: spec, topology: 'star', rounds: 12 });
    expect(lossy.violations).toEqual([]);
    expect(lossy.trace).toEqual(perfect.trace);
  });

  it('goes on without leaves that die, to the optimum of the living: nothing of the dead pulls for ever', async () => {
    const faults = [kill(2, 200), kill(4, 333)];
    const { trace, violations } = await runHubSwarm({
      algorithm: spec,
      topology: 'star',
      rounds: 250,
      faults,
    });
    expect(violations.filter(({ invariant }) => invariant === 'progress')).toEqual([]);
    const last = trace.at(-1)!;
    for (const peer of [0, 1, 3]) expect(last[peer]).toEqual(last[0]);
    expect(distance(last[0]!, optimumOf([0, 1, 3]))).toBeLessThan(floorOf(spec));
  });

  it('takes a leaf back that was silent: it has the hub’s bits, and its data count, again', async () => {
    const rounds = 350;
    const faults = [{ type: 'freeze', node: 2, atMs: 205, forMs: 3000 }] as const;
    const run = { algorithm: spec, topology: 'star', rounds, faults, silenceMs: 400 } as const;
    const { trace, violations } = await runHubSwarm(run);
    expect(violations).toEqual([]);
    const skipped = trace.filter((models) => models[2] === undefined).length;
    expect(skipped).toBeGreaterThan(50); // it has slept through these
    expect(skipped).toBeLessThan(200);
    for (const models of trace.slice(-100)) expect(models[2]).toEqual(models[0]);
    expect(distance(trace.at(-1)![0]!, optimumOf(everybody))).toBeLessThan(floorOf(spec));
  });

  it('stops the leaves when the hub dies, and names the way without a hub', async () => {
    const run = runHubSwarm({ algorithm: spec, topology: 'star', rounds: 40, faults: [kill(0, 200)] });
    await expect(run).rejects.toThrow(
      /peer 0, the hub of this star, has left or is silent.*--topology complete/,
    );
  });
});

describe.each(specs.filter((spec) => !spec.startsWith('artemis')))('%s without a hub', (spec) => {
  it('gives every peer in every round the bits that the star gives', async () => {
    const wanted = pathOf(spec, 30);
    const { trace, violations } = await runHubSwarm({ algorithm: spec, topology: 'complete', rounds: 30 });
    expect(violations).toEqual([]);
    trace.forEach((models, t) => {
      for (const peer of everybody) expect(models[peer]).toEqual(wanted[t]);
    });
  });

  it('stops when a peer dies, and says who and what to do', async () => {
    const run = runHubSwarm({ algorithm: spec, topology: 'complete', rounds: 40, faults: [kill(3, 205)] });
    await expect(run).rejects.toThrow(
      /nothing has come from peer .*3.* all peers must close a round with the same/,
    );
  });
});

it('the optima that these tests tell apart are further apart than the floors', () => {
  expect(distance(optimumOf([0, 1, 3]), optimumOf(everybody))).toBeGreaterThan(0.9);
  expect(distance(optimumOf([0, 1, 3, 4]), optimumOf(everybody))).toBeGreaterThan(0.9);
});

it('Artemis with workers that come and go is run-hub.ts to the bit; who is away keeps its model and catches up', async () => {
  const spec = `artemis:up=${randK},down=${randK},gamma=0.6,p=0.5`;
  const wanted = pathOf(spec, 40);
  const { trace, violations } = await runHubSwarm({ algorithm: spec, topology: 'star', rounds: 40 });
  expect(violations).toEqual([]);
  expect(trace.map(([hub]) => hub)).toEqual(wanted);
  let current = 0;
  trace.forEach((models, t) => {
    for (const model of models.slice(1)) {
      const at = wanted.findIndex((each) => each.every((value, k) => Object.is(value, model[k])));
      expect(at >= 0 || t < 10).toBe(true); // some model of the hub, or the start
      if (at === t) current += 1;
    }
  });
  expect(current).toBeGreaterThan(40);
  expect(current).toBeLessThan(120); // of 160: p = 0.5
});

it('EF21 that sends everything is gradient descent on the mean loss, as all-reduce is', async () => {
  const ef21 = await runHubSwarm({ algorithm: 'ef21:up=none,down=none', topology: 'star', rounds: 40 });
  const exact = await runHubSwarm({ algorithm: 'all-reduce', topology: 'complete', rounds: 40 });
  ef21.trace.forEach((models, t) => {
    // float32 sums round 5 corrections of all-reduce and one message of EF21 a round
    for (const peer of everybody) expect(distance(models[peer]!, exact.trace[t]![peer]!)).toBeLessThan(1e-5);
  });
});

it('a leaf pays for its answers, the hub for its downlinks, and nobody for an empty exchange', async () => {
  const rounds = 10;
  const { payloadBytes } = await runHubSwarm({
    algorithm: 'ef21:up="top-k:fraction=0.25",gamma=1',
    topology: 'star',
    rounds,
  });
  const { records } = runHub({
    algorithm: hubAlgorithms.resolve('ef21:up="top-k:fraction=0.25",gamma=1'),
    problem,
    rounds: rounds + 1, // the first opening is empty, and the last is not counted there
    seed: 3,
  });
  const digest = 4 * rounds;
  expect(payloadBytes[1]).toBe(records[rounds]!.upBytes / WORKERS + digest);
  expect(payloadBytes[0]).toBe((WORKERS - 1) * (records[rounds + 1]!.downBytes / WORKERS + digest));
});

it('a leaf that comes back falls into step at whatever moment of a round it wakes', async () => {
  const link = { ...perfectLink, latencyMs: 2, jitterMs: 6 }; // frames overtake each other: it may come between two exchanges
  for (let wakesMs = 700; wakesMs < 730; wakesMs += 4) {
    const halfDone: number[] = [];
    const { trace, violations } = await runHubSwarm({
      algorithm: 'ef21:up="top-k:fraction=0.25",gamma=1',
      topology: 'star',
      rounds: 70,
      faults: [{ type: 'freeze', node: 2, atMs: 205, forMs: wakesMs - 205 }],
      silenceMs: 150,
      link,
      retransmitMs: 100,
      observe({ node, effects, state }) {
        const ended = effects.some((effect) => effect.type === 'roundFinished' && effect.round > 60);
        if (node !== 0 || !ended) return;
        const odd = state.edges.filter(({ memory }) => (memory as { done: number }).done % 2 === 1);
        halfDone.push(...odd.map(({ neighbor }) => neighbor));
      },
    });
    expect(violations).toEqual([]);
    expect(trace[69]![2]).toEqual(trace[69]![0]);
    expect(halfDone).toEqual([]); // out of step, the last exchange of the hub's round would be the first of the leaf's
  }
});

describe('an uplink of an earlier round', () => {
  const blocks = [{ name: 'x', offset: 0, rows: 3, cols: 3 }];
  const identity = compressors.resolve('none');

  /** What the hub sends down after round 1, in which its leaf sends `values` (null: nothing) as of `round`. */
  function downlinkAfter(spec: string, values: readonly number[] | null, round: number): Uint8Array {
    const peer = createPeerState({
      node: 0,
      neighbors: [{ neighbor: 1, weight: 0.5 }],
      parameters: new Float32Array(9),
      initialReplica: new Float32Array(9),
      blocks,
      compressor: identity,
      beta: 1,
      randomFor: () => createRandom(1),
      algorithm: algorithms.resolve(spec),
      run: { peers: 2, seed: 1, topology: 'star' },
      options: { ...defaultPeerOptions, rounds: 9 },
    });
    step(peer, { type: 'neighborUp', neighbor: 1 }, 0);
    step(peer, { type: 'start' }, 0);
    step(peer, { type: 'updateReady', round: 1, parameters: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 10) }, 0);
    const whole = [{ name: 'all', offset: 0, rows: 1, cols: values?.length ?? 0 }];
    const message =
      values === null ? [] : [0, 0, 0, 0, ...identity.encode(Float32Array.from(values), whole, [{}])];
    const parts = [{ kind: 'add', bytes: Uint8Array.from(message) }] as const;
    const delta = { sequence: 1, round, acknowledged: 0, gamma: 1, parts };
    step(peer, { type: 'deltaReceived', from: 1, delta }, 0);
    return peer.edges[0]!.own!.parts[0]!.bytes;
  }

  it('counts where worker and hub remember it alike (EF21)', () => {
    const answer = [1, 1, 1, 1, 1, 1, 1, 1, 1];
    const inTime = downlinkAfter('ef21:up=none', answer, 1);
    expect(downlinkAfter('ef21:up=none', answer, 0)).toEqual(inTime);
    expect(downlinkAfter('ef21:up=none', null, 1)).not.toEqual(inTime);
  });

  it('does not count where it belongs to another basis (PowerSGD)', () => {
    const factor = [5, -1, 2];
    const nothing = downlinkAfter('power-sgd:rank=1', null, 1);
    expect(downlinkAfter('power-sgd:rank=1', factor, 0)).toEqual(nothing);
    expect(downlinkAfter('power-sgd:rank=1', factor, 1)).not.toEqual(nothing);
  });
});

it('nonsense from a leaf is refused before the hub has moved', () => {
  const algorithm = algorithms.resolve('ef21:up=none').forRun!({ peers: 2, seed: 1, topology: 'star' });
  const blocks = [{ name: 'x', offset: 0, rows: 1, cols: 4 }];
  const vector = () => new Float32Array(4);
  const context = {
    node: 0,
    blocks,
    compressor: compressors.resolve('none'),
    beta: 1,
    gap: null,
    pace: 'lockstep' as const,
    swarm: null,
    initialReplica: vector(),
    randomFor: () => createRandom(1),
    createReplica: vector,
    scratch: vector(),
  };
  const node = algorithm.createNode(context);
  const edge = { neighbor: 1, weight: 0.5, own: null, memory: algorithm.createEdge(context, 1) };
  const round = { round: 1, start: vector(), parameters: Float32Array.of(1, 2, 3, 4), openEdges: [edge] };
  algorithm.beginRound(context, node, round);
  const before = structuredClone({ ...(node as object), protocol: null, swarm: null });
  const own = {
    sequence: 1,
    round: 1,
    acknowledged: 0,
    ...algorithm.compose(context, node, { parameters: vector(), edge, busy: false })!,
  };
  const huge = compressors.resolve('none').encode(new Float32Array(4).fill(1e30), blocks, [{}]);
  for (const bytes of [
    [1, 2],
    [0, 0, 0, 0, 9, 9],
    [0, 0, 0, 0, ...huge],
  ]) {
    const theirs = { ...own, parts: [{ kind: 'add' as const, bytes: Uint8Array.from(bytes) }] };
    expect(() => algorithm.apply(context, node, { edge, own, theirs, parameters: vector() })).toThrow(
      GrapevineError,
    );
  }
  expect(structuredClone({ ...(node as object), protocol: null, swarm: null })).toEqual(before);
});

describe('what a swarm refuses', () => {
  const code = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (error instanceof GrapevineError) return `${error.code} ${error.message}`;
    }
    return 'nothing';
  };

  it.each([
    ['marina', /BAD_CONFIG.*same samples at two models.*npm run study -- hub/],
    ['olga', /BAD_CONFIG.*function of its own.*npm run study -- hub/],
    ['ef-olga', /BAD_CONFIG.*function of its own/],
    ['artemis:average=1', /BAD_CONFIG.*average=1 is a model that the hub alone has/],
    ['ef21:up=nonsense', /BAD_SPEC.*exact or a compressor/],
  ])('%s', (spec, wanted) => {
    expect(code(() => algorithms.resolve(spec))).toMatch(wanted);
  });
});
