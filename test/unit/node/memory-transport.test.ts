import { describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/node/memory-transport.js';
import { swarmTagOf } from '../../../src/wire/encode.js';
import {
  deltaFrame,
  describeTransport,
  hello,
  MAX_FRAME_BYTES,
  SWARM,
  Witness,
} from '../../conformance/transport.js';

const common = { swarmTag: swarmTagOf(SWARM), limits: { maxFrameBytes: MAX_FRAME_BYTES } };

describeTransport('memory', async () => {
  const hub = createMemoryNetwork();
  return {
    create: async (spec) => hub.createTransport({ ...common, ...spec }),
    cut(a, b) {
      hub.cut(a, b);
      hub.mend(a, b);
    },
    dispose: async () => {},
  };
});

async function pair(neighborsOf1: readonly number[] = [0]) {
  const hub = createMemoryNetwork();
  const witnesses = [new Witness(), new Witness()] as const;
  for (const [node, witness] of witnesses.entries()) {
    const neighbors = node === 0 ? [1] : neighborsOf1;
    witness.transport = hub.createTransport({
      ...common,
      hello,
      node,
      neighbors,
      onRefused: witness.onRefused,
    });
    await witness.transport.start(witness);
  }
  return { hub, a: witnesses[0], b: witnesses[1] };
}

describe('memory network', () => {
  test('a peer that is no neighbor is refused', async () => {
    const { a, b } = await pair([]);
    await a.until(() => a.refusals.length === 1);
    await b.until(() => b.refusals.length === 1);
    expect(b.refusals[0]!.error.message).toContain('peer 0 is no neighbor of peer 1');
    expect(a.refusals[0]!.error.code).toBe('HELLO_REFUSED');
  });

  test('a link that was cut stays down until it is mended', async () => {
    const { hub, a, b } = await pair();
    await a.until(() => a.ups.length === 1);
    hub.cut(0, 1);
    await Promise.all([a.until(() => a.downs.length === 1), b.until(() => b.downs.length === 1)]);
    await expect(a.transport.send(1, deltaFrame(0, 1, { sequence: 1, bytes: 4 }))).rejects.toMatchObject({
      code: 'LINK_DOWN',
    });
    expect(a.ups).toHaveLength(1);
    hub.mend(0, 1);
    await Promise.all([a.until(() => a.ups.length === 2), b.until(() => b.ups.length === 2)]);
  });

  test('what is sent is what was given at that moment, whatever becomes of the array', async () => {
    const { a, b } = await pair();
    await a.until(() => a.ups.length === 1);
    const frame = deltaFrame(0, 1, { sequence: 1, bytes: 64 });
    const copy = frame.slice();
    await a.transport.send(1, frame);
    frame.fill(0);
    await b.until(() => b.frames.length === 1);
    expect(b.frames[0]!.frame).toEqual(copy);
  });
});
