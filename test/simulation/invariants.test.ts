import { describe, expect, it } from 'vitest';
import { algorithms } from '../../src/consensus/registry.js';
import { withFlippedBit } from '../reference/flipped-bit.js';
import {
  type ChaosOutcome,
  chaosAlgorithms,
  HASH_EVERY,
  planChaos,
  runChaos,
  type Sabotage,
} from './chaos.js';

const SEEDS = 500;
/** Of the asynchronous pace. */
const ASYNCHRONOUS_SEEDS = 200;
const BATCH = 100;

const replay = (seed: number): string =>
  `replay: CHAOS_SEED=${seed} npx vitest run --project simulation test/simulation/invariants.test.ts`;

const only = process.env.CHAOS_SEED;
const sabotaged = (sabotage: Sabotage): Promise<ChaosOutcome> => runChaos(planChaos(3), { sabotage });
const seedsUpTo = (count: number): number[] =>
  only === undefined ? Array.from({ length: count }, (_, k) => k + 1) : [Number(only)];

function problems({ plan, violations, halfApplied, differences }: ChaosOutcome): string[] {
  const found = violations.map(({ invariant, message }) => `seed ${plan.seed}: ${invariant}: ${message}`);
  found.push(...differences.map((alarm) => `seed ${plan.seed}: false alarm of ${alarm}`));
  if (halfApplied > 0)
    found.push(`seed ${plan.seed}: ${halfApplied} exchanges between the living are half applied`);
  return found.length === 0 ? [] : [...found.slice(0, 3), JSON.stringify(plan), replay(plan.seed)];
}

describe('under loss, duplication, reordering, corruption, death and silence', () => {
  const seeds = seedsUpTo(SEEDS);

  for (let first = 0; first < seeds.length; first += BATCH) {
    const batch = seeds.slice(first, first + BATCH);
    it(`replicas stay equal, the mean is kept and every living peer finishes: seeds ${batch[0]} to ${batch.at(-1)}`, async () => {
      const found: string[] = [];
      for (const seed of batch) found.push(...problems(await runChaos(planChaos(seed))));
      expect(found).toEqual([]);
    });
  }

  const asynchronous = seedsUpTo(ASYNCHRONOUS_SEEDS);
  for (let first = 0; first < asynchronous.length; first += BATCH) {
    const batch = asynchronous.slice(first, first + BATCH);
    it(`so do asynchronous swarms, with stragglers: seeds ${batch[0]} to ${batch.at(-1)}`, async () => {
      const found: string[] = [];
      for (const seed of batch) found.push(...problems(await runChaos(planChaos(seed, 'asynchronous'))));
      expect(found).toEqual([]);
    });
  }

  it('a flipped bit is seen at both ends, and is gone after the next comparison: seeds 1 to 150', async () => {
    let seen = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const flipped = 1 + (seed % 5);
      const comparedAt = HASH_EVERY * (Math.floor(flipped / HASH_EVERY) + 1);
      const flip = { node: 1, neighbor: 0, at: (exchange: number) => exchange === flipped };
      const outcome = await runChaos(planChaos(seed), {
        sabotage: (algorithm) => withFlippedBit(algorithm, flip),
      });
      const { plan, states, halfApplied, violations, differences } = outcome;
      expect(halfApplied, replay(seed)).toBe(0);
      for (const { invariant, message } of violations) {
        expect(invariant, `${message}; ${replay(seed)}`).toMatch(/replicas|antisymmetry/); // the sum stays what ends say
        const sequence = Number(/^edge 0-1#(\d+):/.exec(message)?.[1]);
        expect(sequence, replay(seed)).toBeGreaterThanOrEqual(flipped);
        expect(sequence, replay(seed)).toBeLessThan(comparedAt);
      }
      for (const alarm of differences)
        expect(alarm, replay(seed)).toMatch(
          new RegExp(`^[01]: exchange ${comparedAt} of peers [01] and [01]: `),
        );
      const sound = plan.faults.length === 0 && states[1]!.edges.some(({ neighbor }) => neighbor === 0);
      if (sound && algorithms.resolve(plan.algorithm).resetEdge !== undefined)
        expect(differences, replay(seed)).toHaveLength(2);
      seen += differences.length;
    }
    expect(seen).toBeGreaterThan(50);
  });

  it('means what it says: the plans hold every algorithm, lost frames, refused frames, deaths and silences', async () => {
    const outcomes = await Promise.all(Array.from({ length: 60 }, (_, k) => runChaos(planChaos(k + 1))));
    const names = new Set(outcomes.map(({ plan }) => plan.algorithm));
    expect([...names].sort()).toEqual([...chaosAlgorithms.lockstep].sort());
    expect(outcomes.some(({ counters }) => counters.framesRefused > 0)).toBe(true);
    expect(outcomes.some(({ plan }) => plan.faults.some((fault) => fault.type === 'kill'))).toBe(true);
    expect(outcomes.some(({ plan }) => plan.faults.some((fault) => fault.type === 'freeze'))).toBe(true);
  });

  it('is caught when one end of one edge moves by a little more than the other', async () => {
    const outcome = await sabotaged((algorithm) => ({
      ...algorithm,
      apply(context, node, exchange) {
        const replicas = algorithm.apply(context, node, exchange);
        if (context.node === 1) context.scratch[0]! += 1e-3;
        return replicas;
      },
    }));
    expect(outcome.violations.map(({ invariant }) => invariant)).toContain('antisymmetry');
  });

  it('is caught when one bit of one replica differs', async () => {
    const outcome = await sabotaged((algorithm) => ({
      ...algorithm,
      apply(context, node, exchange) {
        const replicas = algorithm.apply(context, node, exchange);
        if (context.node === 1 && replicas !== null) replicas.own[0]! *= 1 + 2 ** -23;
        return replicas;
      },
    }));
    expect(outcome.violations.map(({ invariant }) => invariant)).toContain('replicas');
  });

  it('is caught when parameters move outside of an exchange', async () => {
    const outcome = await sabotaged((algorithm) => ({
      ...algorithm,
      compose(context, node, from) {
        from.parameters[0]! += 0.01;
        return algorithm.compose(context, node, from);
      },
    }));
    expect(outcome.violations.length).toBeGreaterThan(0);
  });

  it('repeats a run to the bit from its seed', async () => {
    const [first, second] = [await runChaos(planChaos(17)), await runChaos(planChaos(17))];
    expect(first.endMs).toBe(second.endMs);
    first.states.forEach((state, node) => expect(state.parameters).toEqual(second.states[node]!.parameters));
  });
});
