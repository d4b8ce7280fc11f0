/** Each checker of the seeded runs can fail: what it is there to see is done to a sound run, and it sees it. */
import { describe, expect, it } from 'vitest';
import type { AnyAlgorithm } from '../../src/consensus/algorithm.js';
import type { Violation } from '../../src/simulation/checkers.js';
import type { Observation } from '../../src/simulation/simulator.js';
import { withFlippedBit } from '../reference/flipped-bit.js';
import { type ChaosExtras, type ChaosPlan, chaosPeerOptions } from './chaos.js';
import type { ChurnPlan } from './churn-plan.js';
import { problemsOf, runChurn } from './churn-run.js';

/** Six peers in a ring, of which the third dies, is started again and gets a neighbor's model; links lose frames. */
const plan: ChurnPlan = {
  seed: 11,
  nodes: 6,
  topology: 'ring',
  algorithm: 'edge-choco',
  pace: 'lockstep',
  compressor: 'low-rank:rank=2,bits=4',
  rounds: 20,
  link: { latencyMs: 5, jitterMs: 10, bandwidthMbps: 10, loss: 0.1, duplication: 0.1, corruption: 0.02 },
  faults: [{ type: 'restart', node: 2, atMs: 400, afterMs: 200 }],
  kinds: ['restart', 'loss', 'duplicate', 'reorder', 'corrupt'],
  trainingMs: 40,
  slowLinks: [],
};

/** Two partitions, after which each edge counts the rounds of its ends apart by a number of its own. */
const apart: ChurnPlan = {
  ...plan,
  seed: 15,
  topology: 'complete',
  algorithm: 'all-reduce',
  compressor: 'none',
  rounds: 30,
  link: {
    latencyMs: 3.8078962838398134,
    jitterMs: 23.779255132610622,
    bandwidthMbps: Number.POSITIVE_INFINITY,
    loss: 0.19258691233382952,
    duplication: 0,
    corruption: 0.04977864853590361,
  },
  faults: [
    { type: 'partition', nodes: [4, 2], atMs: 1901.2748482441343, forMs: 1748.8623775960396, silent: false },
    ...Array.from({ length: 5 }, (_, again) => ({
      type: 'partition' as const,
      nodes: [1],
      atMs: 1872.955423236481 + 150 * again,
      forMs: 75,
      silent: true,
    })),
  ],
  kinds: ['partition', 'flap', 'loss', 'reorder', 'corrupt'],
  trainingMs: 60,
};

const invariantsOf = (violations: readonly Violation[]): string[] => [
  ...new Set(violations.map(({ invariant }) => invariant)),
];

async function seenIn(extras: ChaosExtras, over: Partial<ChaosPlan> = {}): Promise<readonly Violation[]> {
  return (await runChurn({ ...plan, ...over }, extras)).violations;
}

/** The algorithm at peer 3, but for `changes`. */
const atThree =
  (changes: (algorithm: AnyAlgorithm) => Partial<AnyAlgorithm>) => (algorithm: AnyAlgorithm, node: number) =>
    node === 3 ? { ...algorithm, ...changes(algorithm) } : algorithm;

/** What peer 3's tenth exchange is reported as. */
function tampering(change: (applied: Observation['effects'][number]) => Observation['effects']) {
  let count = 0;
  return (seen: Observation): Observation => ({
    ...seen,
    effects: seen.effects.flatMap((effect) => {
      if (seen.node !== 3 || effect.type !== 'exchangeApplied') return [effect];
      count += 1;
      return count === 10 ? change(effect) : [effect];
    }),
  });
}

describe('a run that is sound', () => {
  it.each(['lockstep', 'asynchronous'] as const)('has no violation: %s', async (pace) => {
    expect(problemsOf(await runChurn({ ...plan, pace }))).toEqual([]);
  });
});

describe('the checkers notice', () => {
  it('a bit of a replica that flips', async () => {
    const sabotage = (algorithm: AnyAlgorithm): AnyAlgorithm =>
      withFlippedBit(algorithm, { node: 3, neighbor: 4, at: (exchange) => exchange === 5 });
    expect(invariantsOf(await seenIn({ sabotage }))).toContain('replicas');
  });

  it('a contribution that one end drops', async () => {
    const sabotage = atThree(({ apply }) => ({
      apply(context, node, exchange) {
        const replicas = apply(context, node, exchange);
        if (exchange.own.sequence === 5) context.scratch.fill(0);
        return replicas;
      },
    }));
    expect(invariantsOf(await seenIn({ sabotage }))).toContain('antisymmetry');
  });

  it('an entry of a correction that one end moves elsewhere, its sum unchanged', async () => {
    const sabotage = atThree(({ apply }) => ({
      apply(context, node, exchange) {
        const replicas = apply(context, node, exchange);
        if (exchange.own.sequence === 5) context.scratch.reverse();
        return replicas;
      },
    }));
    expect(invariantsOf(await seenIn({ sabotage }))).toContain('antisymmetry');
  });

  it('an exchange that is applied twice', async () => {
    const sabotage = atThree(({ apply }) => ({
      apply(context, node, exchange) {
        const replicas = apply(context, node, exchange);
        const sign = context.node < exchange.edge.neighbor ? 1 : -1;
        if (exchange.own.sequence === 5)
          for (let k = 0; k < context.scratch.length; k++)
            exchange.parameters[k]! += sign * context.scratch[k]!;
        return replicas;
      },
    }));
    expect(invariantsOf(await seenIn({ sabotage }))).toEqual(['movement', 'mean']);
  });

  it('parameters that move by one unit in the last place', async () => {
    const sabotage = atThree(({ beginRound }) => ({
      beginRound(context, node, round) {
        beginRound(context, node, round);
        if (round.round === 5) round.parameters[7]! *= 1 + 2 ** -23;
      },
    }));
    expect(invariantsOf(await seenIn({ sabotage }))).toContain('movement');
  });

  it('an epoch in which one end does not begin anew', async () => {
    const sabotage = atThree(() => ({ resetEdge() {} }));
    expect(invariantsOf(await seenIn({ sabotage }))).toContain('replicas');
  });

  it('an exchange that is reported twice, and one that is left out', async () => {
    const twice = await seenIn({ tamper: tampering((effect) => [effect, effect]) });
    expect(invariantsOf(twice)).toContain('order');
    const never = await seenIn({ tamper: tampering(() => []) });
    expect(invariantsOf(never)).toEqual(expect.arrayContaining(['order', 'movement']));
  });

  it('a newcomer that begins with another model than it was sent', async () => {
    const tamper = (seen: Observation): Observation => {
      if (seen.input.type !== 'modelReceived') return seen;
      const bytes = seen.input.model.bytes.slice();
      bytes[1]! ^= 1;
      return { ...seen, input: { ...seen.input, model: { ...seen.input.model, bytes } } };
    };
    expect(invariantsOf(await seenIn({ tamper }))).toContain('arrival');
  });

  it('a neighbor that is refused', async () => {
    const sabotage = atThree(({ compose }) => ({
      compose(context, node, from) {
        const made = compose(context, node, from);
        const cut = made?.parts.map((part) => ({ ...part, bytes: part.bytes.subarray(1) }));
        return made === null ? made : { ...made, parts: cut! };
      },
    }));
    expect(invariantsOf(await seenIn({ sabotage }))).toContain('refusal');
  });

  it('a peer that does not finish', async () => {
    const never = { trainingMs: (node: number, round: number) => (node === 3 && round > 12 ? 1e9 : 40) };
    const violations = await seenIn(never);
    expect(violations.map(({ message }) => message)).toContain('peer 3 did not finish its rounds');
  });

  it('a wait that only the deadline ends', async () => {
    const late = { trainingMs: (node: number, round: number) => (node === 3 && round === 12 ? 9000 : 40) };
    const violations = await seenIn(late);
    expect(chaosPeerOptions.roundDeadlineMs).toBeLessThan(9000);
    expect(violations.map(({ message }) => message.split(' ')[0])).toEqual(
      expect.arrayContaining(['round', 'deadlock:']),
    );
  });

  it('peers that wait in a circle, as they do where a round waits for whoever is ahead', async () => {
    const sabotage = (algorithm: AnyAlgorithm): AnyAlgorithm => ({ ...algorithm, awaitsAhead: true });
    const messages = problemsOf(await runChurn(apart, { sabotage }));
    expect(messages[0]).toMatch(
      /^seed 15: progress: round of peer \d: \d+ ms since \d+, wanted \d+ at most$/,
    );
    expect(problemsOf(await runChurn(apart))).toEqual([]);
  });

  it('an edge that never comes back', async () => {
    const sabotage = atThree(({ compose }) => ({
      compose: (context, node, from) => (from.edge.neighbor === 2 ? null : compose(context, node, from)),
    }));
    const partition = { type: 'partition', nodes: [2], atMs: 400, forMs: 300, silent: false } as const;
    const messages = (
      await seenIn({ sabotage }, { algorithm: 'exact', compressor: 'none', faults: [partition], rounds: 100 })
    ).map(({ message }) => message);
    expect(messages.some((message) => message.startsWith('edge 2-3: '))).toBe(true);
  });
});

describe('a run with a violation', () => {
  it('ends in the command that repeats it', async () => {
    const tamper = tampering(() => []);
    const problems = problemsOf(await runChurn(plan, { tamper }));
    expect(problems[0]).toMatch(/^seed 11: movement: /);
    expect(JSON.parse(problems.at(-2)!)).toEqual(plan);
    expect(problems.at(-1)).toBe('replay: npm run test:chaos -- --seed 11 --pace lockstep');
  });
});
