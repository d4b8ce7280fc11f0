import { describe, expect, test } from 'vitest';
import { compareHello, helloFrame, judgeHello, verdictFrame } from '../../../src/node/handshake.js';
import { decodeFrame } from '../../../src/wire/decode.js';
import { encodeFrame, swarmTagOf } from '../../../src/wire/encode.js';
import type { Hello } from '../../../src/wire/frame.js';

const mine: Hello = {
  protocol: 1,
  swarm: 's',
  configHash: 'c',
  topologyHash: 't',
  layoutHash: 'l',
  maxFrameBytes: 1000,
};
const ends = { node: 2, neighbor: 5, swarmTag: swarmTagOf('s') };

describe('handshake', () => {
  test('equal HELLOs give no reason to refuse', () => {
    expect(compareHello(mine, { ...mine })).toEqual([]);
  });

  test('each field that differs is named, with both values and a remedy', () => {
    expect(compareHello(mine, { ...mine, topologyHash: 'x' })).toEqual([
      'topology hash differs: ours t, theirs x; start both with the same config',
    ]);
    for (const key of Object.keys(mine) as (keyof Hello)[]) {
      const other = { ...mine, [key]: typeof mine[key] === 'number' ? 7 : 'other' };
      expect(compareHello(mine, other)).toHaveLength(1);
    }
  });

  test('a HELLO from or for somebody else, or of another swarm, is refused', () => {
    const good = helloFrame({ node: 5, neighbor: 2, swarmTag: ends.swarmTag }, mine);
    expect(judgeHello(ends, mine, good)).toEqual([]);
    expect(judgeHello(ends, mine, { ...good, sender: 6 })[0]).toContain('peer 6 answered');
    expect(judgeHello(ends, mine, { ...good, receiver: 3 })[0]).toContain('HELLO for peer 3');
    expect(judgeHello(ends, mine, { ...good, swarmTag: swarmTagOf('z') })[0]).toContain('another swarm');
  });

  test('a verdict accepts without objections and refuses with all that fit the frame', () => {
    expect(verdictFrame(ends, [])).toMatchObject({ kind: 'accept', sender: 2, receiver: 5 });
    const long = verdictFrame(ends, ['first', 'x'.repeat(2000)]);
    const decoded = decodeFrame(encodeFrame(long), { maxFrameBytes: 10_000 });
    expect(decoded.kind === 'refuse' && decoded.reason.startsWith('first. xxx')).toBe(true);
  });
});
