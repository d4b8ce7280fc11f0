import { describe, expect, it } from 'vitest';
import type { Input } from '../../../src/consensus/events.js';
import type { MembershipOptions } from '../../../src/consensus/membership-view.js';
import { presentEdges } from '../../../src/consensus/neighbor-set.js';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import { step } from '../../../src/consensus/step.js';
import { membershipOf, Presence } from '../../../src/node/presence.js';
import { neighborsOf } from '../../../src/topology/graph.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { createHandDrivenPeer, finishTraining, started } from '../../reference/hand-driven-peer.js';
import { ManualClock } from '../../reference/manual-clock.js';

const options: MembershipOptions = {
  rule: { family: 'ring', seed: 2 },
  places: 6,
  absentMs: 10_000,
  settleMs: 1_000,
};
/** The places in the order of the circle, from 0. */
const around = [0];
const { graph } = buildTopology('members:graph=ring', options.places, options.rule.seed);
while (around.length < options.places)
  around.push([...neighborsOf(graph, around.at(-1)!)].find((place) => !around.includes(place))!);
const [self, next, second, , , last] = around as [number, number, number, number, number, number];
const ascending = (...places: number[]): number[] => places.sort((a, b) => a - b);

interface Rig {
  readonly clock: ManualClock;
  readonly state: PeerState;
  readonly presence: Presence;
  readonly inputs: Input[];
  readonly unlinked: number[];
  linked(): readonly number[];
  neighbors(): number[];
  /** Time passes, in which these members are heard each second. */
  pass(ms: number, heard?: readonly number[]): void;
}

function rig(incarnation = 0, from: 'fresh' | 'started' = 'fresh'): Rig {
  const clock = new ManualClock();
  const init = { node: self, neighbors: [next, last], parameters: [1, 2], algorithm: 'exact', incarnation };
  const state = from === 'started' ? started(init) : createHandDrivenPeer(init);
  const inputs: Input[] = [];
  const unlinked: number[] = [];
  let linked: readonly number[] = [next, last];
  const presence = new Presence({
    options,
    state,
    transport: {
      setNeighbors(neighbors) {
        linked = neighbors;
      },
      unlink: (neighbor) => unlinked.push(neighbor),
    },
    clock,
    feed(input) {
      inputs.push(input);
      for (const effect of step(state, input, clock.nowMs()))
        if (effect.type === 'edgeChanged' && effect.status === 'closed' && effect.reason === 'removed')
          presence.onClosed(effect.neighbor);
    },
    onRewired() {},
  });
  presence.start();
  return {
    clock,
    state,
    presence,
    inputs,
    unlinked,
    linked: () => linked,
    neighbors: () => presentEdges(state).map(({ neighbor }) => neighbor),
    pass(ms, heard = []) {
      for (let passed = 0; passed < ms; passed += 1000) {
        for (const place of heard) presence.hear(place);
        clock.advance(1000);
      }
    },
  };
}

const everybody = around.slice(1);

describe('the presence of members', () => {
  it('of a founder counts everybody before round 1, heard or not, and so changes nothing', () => {
    const { presence, pass, inputs, linked } = rig();
    pass(60_000);
    expect(inputs).toEqual([]);
    expect(linked()).toEqual([next, last]);
    presence.stop();
  });

  it('drops who has never been heard once round 1 has begun, and closes the ring over the place', () => {
    const { presence, pass, neighbors, linked } = rig();
    const heard = everybody.filter((place) => place !== next);
    pass(12_000, heard);
    presence.begin();
    pass(1_000, heard);
    expect(neighbors()).toEqual(ascending(next, last));
    pass(2_000, heard);
    expect(neighbors()).toEqual(ascending(second, last));
    expect(linked()).toEqual(ascending(second, last));
    presence.stop();
  });

  it('gives a founder whose round 1 begins at once the same time to be heard', () => {
    const { presence, pass, neighbors } = rig();
    presence.begin();
    pass(9_000);
    expect(neighbors()).toEqual(ascending(next, last));
    pass(3_000);
    expect(neighbors()).toEqual([]);
    presence.stop();
  });

  it('of a newcomer begins with nobody, and grows with each that is heard', () => {
    const { presence, pass, neighbors, linked, inputs } = rig(1);
    expect(neighbors()).toEqual([]);
    expect(linked()).toEqual([]);
    expect(inputs).toEqual(ascending(next, last).map((neighbor) => ({ type: 'neighborRemoved', neighbor })));
    pass(2_000, [second]);
    expect(neighbors()).toEqual([second]);
    pass(2_000, [second, next, last]);
    expect(neighbors()).toEqual(ascending(next, last));
    presence.stop();
  });

  it('drops who gives no sign of life for absentMs, and takes back who is heard again', () => {
    const { presence, pass, neighbors } = rig();
    presence.begin();
    pass(5_000, everybody);
    const rest = everybody.filter((place) => place !== next);
    pass(9_000, rest);
    expect(neighbors()).toEqual(ascending(next, last));
    pass(2_000, rest);
    expect(neighbors()).toEqual(ascending(second, last));
    pass(2_000, everybody);
    expect(neighbors()).toEqual(ascending(next, last));
    presence.stop();
  });

  it('drops who says that it leaves as soon as the view has settled', () => {
    const { presence, pass, neighbors } = rig();
    presence.leave(next);
    pass(
      2_000,
      everybody.filter((place) => place !== next),
    );
    expect(neighbors()).toEqual(ascending(second, last));
    presence.stop();
  });

  it('blames nobody for a sleep of this process', () => {
    const { presence, pass, clock, inputs } = rig();
    presence.begin();
    pass(3_000, everybody);
    clock.block(600_000);
    pass(5_000, everybody);
    expect(inputs).toEqual([]);
    presence.stop();
  });

  it('leaves no timer behind', () => {
    const { presence, clock } = rig(0, 'started');
    presence.leave(next);
    clock.advance(2_000);
    presence.stop();
    expect(clock.pending).toBe(0);
  });
});

describe('the link of a neighbor that is taken away', () => {
  it('ends at once where nothing is under way', () => {
    const { presence, pass, unlinked } = rig(0, 'started');
    presence.leave(next);
    pass(
      2_000,
      everybody.filter((place) => place !== next),
    );
    expect(unlinked).toEqual([next]);
    presence.stop();
  });

  it('outlasts an exchange under way for as long as a straggler has, and no longer', () => {
    const { presence, pass, unlinked, state } = rig(0, 'started');
    finishTraining(state);
    presence.leave(next);
    const rest = everybody.filter((place) => place !== next);
    pass(2_000, rest);
    expect(unlinked).toEqual([]);
    pass(state.options.roundDeadlineMs, rest);
    expect(unlinked).toEqual([next]);
    presence.stop();
  });

  it('stays where the neighbor is one again before that', () => {
    const { presence, pass, unlinked, state } = rig(0, 'started');
    finishTraining(state);
    presence.leave(next);
    pass(
      2_000,
      everybody.filter((place) => place !== next),
    );
    pass(state.options.roundDeadlineMs, everybody);
    expect(unlinked).toEqual([second]); // who stood in for it
    expect(presentEdges(state).map(({ neighbor }) => neighbor)).toEqual(ascending(next, last));
    presence.stop();
  });
});

it('members are absent after four silences, or four announcements of a large swarm', () => {
  const rule = { family: 'ring', seed: 1 } as const;
  const plan = (peers: number, silenceMs: number) =>
    membershipOf({ topology: { membership: rule }, config: { peers, silenceMs } })?.absentMs;
  expect(plan(8, 6_000)).toBe(24_000);
  expect(plan(8, 100)).toBe(20_000);
  expect(plan(64, 6_000)).toBe(128_000);
  expect(membershipOf({ topology: {}, config: { peers: 8, silenceMs: 6_000 } })).toBeUndefined();
});
