import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { createBackoff, FIRST_RETRY_MS, MAX_RETRY_MS, pause } from '../../../src/node/backoff.js';
import { ManualClock } from '../../reference/manual-clock.js';

describe('backoff', () => {
  test('delays double up to the longest, each between half and all of its step, the same for the same seed', () => {
    const delays = (seed: number) => {
      const backoff = createBackoff(createRandom('backoff', seed));
      return Array.from({ length: 10 }, () => backoff.nextMs());
    };
    for (const [k, delayMs] of delays(1).entries()) {
      const stepMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** k);
      expect(delayMs).toBeGreaterThanOrEqual(stepMs / 2);
      expect(delayMs).toBeLessThanOrEqual(stepMs);
    }
    expect(delays(1)).toEqual(delays(1));
    expect(delays(1)).not.toEqual(delays(2));
  });

  test('a success begins anew', () => {
    const backoff = createBackoff(createRandom('backoff', 1));
    for (let k = 0; k < 8; k++) backoff.nextMs();
    backoff.reset();
    expect(backoff.nextMs()).toBeLessThanOrEqual(FIRST_RETRY_MS);
  });

  test('a pause ends with its time or with the signal, and leaves no timer', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const first = pause(clock, 50, stop.signal);
    clock.advance(50);
    await first;
    const second = pause(clock, 50, stop.signal);
    stop.abort();
    await second;
    await pause(clock, 50, stop.signal);
    expect(clock.pending).toBe(0);
  });
});
