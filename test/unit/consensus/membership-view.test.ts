import { describe, expect, it } from 'vitest';
import {
  createView,
  type MembershipOptions,
  setPresent,
  settle,
  settlesAtMs,
} from '../../../src/consensus/membership-view.js';
import { neighborsOf } from '../../../src/topology/graph.js';
import { buildTopology } from '../../../src/topology/registry.js';

const options: MembershipOptions = {
  rule: { family: 'ring', seed: 3 },
  places: 8,
  absentMs: 1000,
  settleMs: 100,
};
/** The places in the order of the circle, from 0. */
function circle(): number[] {
  const { graph } = buildTopology('members:graph=ring', options.places, options.rule.seed);
  const around = [0];
  while (around.length < options.places)
    around.push([...neighborsOf(graph, around.at(-1)!)].find((place) => !around.includes(place))!);
  return around;
}
const [self, next, second] = circle() as [number, number, number];
const last = circle().at(-1)!;
const ascending = (...places: number[]): number[] => places.sort((a, b) => a - b);

describe('the view of the members', () => {
  it('of a founder has everybody in it, and so the neighbors of the topology', () => {
    expect(createView(self, options, true).neighbors).toEqual(ascending(next, last));
  });

  it('of a newcomer has nobody in it', () => {
    expect(createView(self, options, false).neighbors).toEqual([]);
  });

  it('closes the ring over a place that nobody is at, once it is settled', () => {
    const view = createView(self, options, true);
    setPresent(view, next, false, 50);
    expect(settlesAtMs(view)).toBe(150);
    expect(settle(view, 149)).toBeNull();
    expect(settle(view, 150)).toEqual({ added: [second], removed: [next] });
    expect(view.neighbors).toEqual(ascending(second, last));
    expect(settlesAtMs(view)).toBeNull();
  });

  it('does not rewire for who is back before it is settled', () => {
    const view = createView(self, options, true);
    setPresent(view, next, false, 0);
    setPresent(view, next, true, 90);
    expect(settle(view, 189)).toBeNull();
    expect(settle(view, 190)).toBeNull();
    expect(settlesAtMs(view)).toBeNull();
  });

  it('settles after a while although somebody comes and goes all the time', () => {
    const view = createView(self, options, true);
    setPresent(view, next, false, 0);
    for (let nowMs = 50; nowMs < 500; nowMs += 50) {
      setPresent(view, second, nowMs % 100 !== 0, nowMs);
      expect(settle(view, nowMs)).toBeNull();
    }
    expect(settle(view, 500)).toMatchObject({ removed: [next] });
  });

  it('is not changed by word of its own peer, of what it knows, or of a place that the swarm has not', () => {
    const view = createView(self, options, true);
    for (const [place, present] of [
      [self, false],
      [next, true],
      [8, false],
      [-1, true],
    ] as const)
      setPresent(view, place, present, 0);
    expect(settlesAtMs(view)).toBeNull();
  });
});
