import { describe, expect, test } from 'vitest';
import { step } from '../../../src/consensus/step.js';
import { kernelsHolding } from '../../../src/linalg/vectors.js';
import { started } from '../../reference/hand-driven-peer.js';

describe('the parameters of a peer', () => {
  const LENGTH = 20_003; // long enough for a memory of its own

  test('lie with its replicas in every round, where kernels mix them, and not where they were trained', () => {
    const peer = started({ node: 0, neighbors: [1], parameters: Array.from({ length: LENGTH }, () => 1) });
    const home = kernelsHolding(peer.context.scratch);
    expect(home).not.toBeNull();
    for (let round = 1; round <= 3; round++) {
      const begun = peer.parameters;
      expect(kernelsHolding(begun)).toBe(home);
      const trained = begun.map((value) => value + round);
      step(peer, { type: 'updateReady', round, parameters: trained }, 0);
      expect(kernelsHolding(peer.parameters)).toBe(home);
      expect(peer.parameters[5]).toBe(trained[5]);
      trained.fill(Number.NaN); // its owner may use it again
      expect(peer.parameters.every(Number.isFinite)).toBe(true);
      expect(begun[5]).toBe(peer.parameters[5]! - round); // what was begun from is still there
      step(peer, { type: 'neighborDown', neighbor: 1, reason: 'gone' }, 0); // ends the round alone
    }
  });
});
