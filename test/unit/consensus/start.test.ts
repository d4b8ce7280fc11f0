import { describe, expect, test } from 'vitest';
import { step, TICKS_PER_SILENCE } from '../../../src/consensus/step.js';
import { createHandDrivenPeer } from '../../reference/hand-driven-peer.js';

describe('a peer that waits for its links before round 1', () => {
  const silenceMs = 1000;
  const tickMs = silenceMs / TICKS_PER_SILENCE;
  const waiting = () =>
    createHandDrivenPeer({ node: 0, neighbors: [1, 2], parameters: [1, 2], options: { silenceMs } });

  test('lets the neighbors that it has know that it lives: they may have begun', () => {
    const peer = waiting();
    expect(step(peer, { type: 'neighborUp', neighbor: 1 }, 50)).toEqual([
      { type: 'setTimer', timer: 'tick', atMs: 50 + tickMs },
    ]);
    for (let tick = 1; tick <= 3; tick++) {
      const nowMs = 50 + tick * tickMs;
      expect(step(peer, { type: 'timerFired', timer: 'tick' }, nowMs)).toEqual([
        { type: 'sendHeartbeat', to: 1 },
        { type: 'setTimer', timer: 'tick', atMs: nowMs + tickMs },
      ]);
    }
    expect(peer.phase).toBe('idle');
  });

  test('counts its neighbors silence from the start', () => {
    const peer = waiting();
    step(peer, { type: 'neighborUp', neighbor: 1 }, 0);
    const started = step(peer, { type: 'start' }, 100 * silenceMs);
    expect(started).toContainEqual({ type: 'setTimer', timer: 'tick', atMs: 100 * silenceMs + tickMs });
    const effects = step(peer, { type: 'timerFired', timer: 'tick' }, 100 * silenceMs + tickMs);
    expect(effects.filter(({ type }) => type === 'edgeChanged')).toEqual([]);
  });
});
