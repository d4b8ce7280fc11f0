import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import {
  canBurst,
  createVirtualLink,
  type JitterShape,
  type LinkOptions,
  losesFrames,
  perfectLink,
  sentBytes,
} from '../../../src/simulation/link-model.js';

const linkOf = (options: Partial<LinkOptions>, seed = 1) =>
  createVirtualLink({ ...perfectLink, ...options }, createRandom('link', seed));

const frame = Uint8Array.from({ length: 125 }, (_, k) => k); // 1000 bits

/** Arrivals of `count` frames, one sent every millisecond. */
function carryMany(options: Partial<LinkOptions>, count: number) {
  const link = linkOf(options);
  return Array.from({ length: count }, (_, k) => link.carry(frame, k));
}

function flippedBits(received: Uint8Array): number {
  return received.reduce(
    (sum, byte, k) => sum + (byte ^ frame[k]!).toString(2).replaceAll('0', '').length,
    0,
  );
}

describe('a virtual link', () => {
  it('delivers at once and unchanged when it is perfect', () => {
    expect(linkOf({}).carry(frame, 7)).toEqual([{ atMs: 7, headMs: 7, frame }]);
  });

  it('adds its latency', () => {
    expect(linkOf({ latencyMs: 30 }).carry(frame, 7)[0]!.atMs).toBe(37);
  });

  it('sends frames one after another at its bandwidth, and waits for none when it has been idle', () => {
    const link = linkOf({ bandwidthMbps: 0.5, latencyMs: 10 }); // 1000 bits take 2 ms
    expect([0, 0, 1, 100].map((nowMs) => link.carry(frame, nowMs)[0]!.atMs)).toEqual([12, 14, 16, 112]);
  });

  it('delays by up to the jitter, so that frames overtake each other', () => {
    const times = carryMany({ latencyMs: 5, jitterMs: 20 }, 1000).map((arrivals) => arrivals[0]!.atMs);
    const delays = times.map((atMs, k) => atMs - k);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...delays)).toBeLessThan(25);
    expect(delays.reduce((sum, delay) => sum + delay, 0) / 1000).toBeCloseTo(15, 0);
    expect(times.some((atMs, k) => k > 0 && atMs < times[k - 1]!)).toBe(true);
  });

  it.each([
    // Binomial with n = 5000, p = 0.3: standard deviation 32, bounds at five of them.
    { name: 'loses', options: { loss: 0.3 }, arrivals: 0 },
    { name: 'repeats', options: { duplication: 0.3 }, arrivals: 2 },
  ])('$name the share of frames that it is told to', ({ options, arrivals }) => {
    const hit = carryMany(options, 5000).filter((each) => each.length === arrivals).length;
    expect(Math.abs(hit - 1500)).toBeLessThan(5 * 32.4);
  });

  it('flips one bit in the share of frames that it is told to, of a copy', () => {
    const received = carryMany({ corruption: 0.3 }, 5000).map((arrivals) => flippedBits(arrivals[0]!.frame));
    expect(new Set(received)).toEqual(new Set([0, 1]));
    expect(Math.abs(received.filter((bits) => bits === 1).length - 1500)).toBeLessThan(5 * 32.4);
    expect(Array.from(frame.slice(0, 4))).toEqual([0, 1, 2, 3]);
  });

  it('spends its bandwidth on frames that are lost', () => {
    const link = linkOf({ bandwidthMbps: 0.5, loss: 0.5 });
    let last = 0;
    for (let k = 0; k < 200; k++) last = link.carry(frame, 0)[0]?.atMs ?? last;
    expect(last).toBeGreaterThan(350); // 200 frames take 400 ms, however few arrive
  });

  it.each<{ shape: JitterShape; spread: number; least: number }>([
    { shape: 'uniform', spread: 20 / Math.sqrt(12), least: 0 },
    { shape: 'exponential', spread: 10, least: 0 },
    { shape: 'lognormal', spread: 10 * Math.sqrt(Math.E - 1), least: 0 },
  ])('$shape jitter has half of jitterMs as its mean', ({ shape, spread, least }) => {
    const count = 20_000;
    const delays = carryMany({ jitterMs: 20, jitterShape: shape }, count).map(
      ([arrival], k) => arrival!.atMs - k,
    );
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / count;
    const variance = delays.reduce((sum, delay) => sum + (delay - mean) ** 2, 0) / count;
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(least);
    expect(Math.abs(mean - 10)).toBeLessThan((5 * spread) / Math.sqrt(count)); // five standard deviations
    expect(Math.sqrt(variance) / spread).toBeGreaterThan(0.85);
    expect(Math.sqrt(variance) / spread).toBeLessThan(1.15); // heavy tails make this estimate a rough one
  });

  it('loses frames in bursts of the mean length it is told, and no more of them', () => {
    const lost = carryMany({ loss: 0.2, lossBurst: 5 }, 50_000).map((arrivals) => arrivals.length === 0);
    const count = lost.filter(Boolean).length;
    const runs = lost.filter((is, k) => is && lost[k - 1] !== true).length;
    // Some 2000 bursts: their number and length each spread by a fortieth; five standard deviations of both.
    expect(Math.abs(count / 50_000 / 0.2 - 1)).toBeLessThan(0.2);
    expect(Math.abs(count / runs / 5 - 1)).toBeLessThan(0.12);
  });

  it('refuses bursts that the share of losses does not allow', () => {
    expect(canBurst(0.5, 1)).toBe(true); // every second frame at the most
    expect(canBurst(0.6, 1)).toBe(false);
    expect(canBurst(0.9, 9.001)).toBe(true);
    expect(canBurst(0.1, 0.5)).toBe(false);
  });

  it('spends its time on what TCP, noise and yamux put around a frame', () => {
    // 125 + 12 (yamux) + 18 (noise) = 155 bytes: one segment, 52 more.
    expect(sentBytes(125, 'tcp')).toBe(207);
    // 100,000 + 12 in two noise messages: 100,048 bytes in 70 segments.
    expect(sentBytes(100_000, 'tcp')).toBe(100_048 + 70 * 52);
    expect(sentBytes(125)).toBe(125);
    const link = linkOf({ bandwidthMbps: 1, framing: 'tcp' });
    expect(link.carry(frame, 0)[0]!.atMs).toBeCloseTo((207 * 8) / 1000, 12);
  });

  it('repeats itself from its seed', () => {
    const options = { jitterMs: 20, loss: 0.2, duplication: 0.2, corruption: 0.2 };
    expect(carryMany(options, 100)).toEqual(carryMany(options, 100));
  });
});

it('links lose frames when they drop or damage them, and not when they only delay or repeat them', () => {
  expect(losesFrames({ ...perfectLink, loss: 0.1 })).toBe(true);
  expect(losesFrames({ ...perfectLink, corruption: 0.1 })).toBe(true);
  expect(losesFrames({ ...perfectLink, jitterMs: 9, duplication: 0.5 })).toBe(false);
});
