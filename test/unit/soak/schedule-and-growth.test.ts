/** What the soak test decides by: its schedule of faults, and when memory counts as growing. */
import { describe, expect, it } from 'vitest';
import { faultKinds, scheduleOf } from '../../soak/faults.js';
import { growthOf, slopeOf, WARM_UP_MS } from '../../soak/growth.js';
import type { ProcessSample } from '../../soak/processes.js';

const init = { seed: 7, peers: 12, everyMs: 10_000, untilMs: 600_000 };

describe('the schedule of faults', () => {
  it('is a function of its seed', () => {
    expect(scheduleOf(init)).toEqual(scheduleOf(init));
    expect(scheduleOf(init)).not.toEqual(scheduleOf({ ...init, seed: 8 }));
  });

  it('has a fault every ten seconds, each kind once before one comes again, and victims among the peers', () => {
    const faults = scheduleOf(init);
    expect(faults.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 60 }, (_, k) => 10_000 * (k + 1)));
    const kinds = Object.keys(faultKinds).sort();
    for (let at = 0; at < faults.length; at += kinds.length)
      expect(
        faults
          .slice(at, at + kinds.length)
          .map(({ kind }) => kind)
          .sort(),
      ).toEqual(kinds);
    expect(faults.every(({ peer }) => peer >= 0 && peer < 12)).toBe(true);
    expect(new Set(faults.map(({ peer }) => peer)).size).toBeGreaterThan(6);
  });
});

const HOUR_MS = 3_600_000;

/** A life of `spanMs` after its warm-up, in which memory grows by `perHour` MiB an hour. */
function life(perHour: number, spanMs: number, bornMs = 0): ProcessSample[] {
  const seconds = (WARM_UP_MS + spanMs) / 1000;
  return Array.from({ length: seconds + 1 }, (_, k) => ({
    atMs: bornMs + 1000 * k,
    residentMib: k * 1000 < WARM_UP_MS ? 10 * k : 600 + (perHour * 1000 * k) / HOUR_MS,
    descriptors: 30,
    sockets: 10,
    threads: 12,
  }));
}

describe('growth', () => {
  it('is the slope of the line through the samples', () => {
    expect(
      slopeOf([
        [0, 1],
        [1, 3],
        [2, 2],
      ]),
    ).toBe(0.5); // by hand: ((-1)(-1) + 0 + (1)(0)) / 2
  });

  it('leaves the warm-up out, and lives that are too short to tell', () => {
    const { perHour, incarnations } = growthOf(
      [life(40, 120_000), life(40, 120_000, 5000), life(900, 30_000)],
      'residentMib',
    );
    expect(perHour).toBeCloseTo(40, 6);
    expect(incarnations).toBe(2);
  });

  it('weighs lives by how well they tell, and says how much they differ', () => {
    // Weights 1 and 8: a slope over twice the time has an eighth of the variance.
    const { perHour, standardError } = growthOf([life(90, 100_000), life(0, 200_000)], 'residentMib');
    expect(perHour).toBeCloseTo(10, 6);
    // sqrt(2/(2-1) ((1 * 80)^2 + (8 * 10)^2)) / 9
    expect(standardError).toBeCloseTo(Math.sqrt(2 * (80 ** 2 + 80 ** 2)) / 9, 6);
  });

  it('of what stays is 0, and of nothing is not a number', () => {
    expect(growthOf([life(40, 120_000), life(10, 120_000)], 'descriptors').perHour).toBeCloseTo(0, 9);
    expect(growthOf([], 'residentMib').perHour).toBeNaN();
  });
});
