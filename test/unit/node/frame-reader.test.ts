/** The reader and writer on libp2p's own stream implementation, over a connection in memory. */
import '../../../src/node/polyfills.js';
import { streamPair } from '@libp2p/utils';
import { describe, expect, test } from 'vitest';
import {
  FRAME_GRACE_MS,
  MIN_BYTES_PER_SECOND,
  READ_QUEUE_BYTES,
  readFrames,
} from '../../../src/node/frame-reader.js';
import { createFrameWriter } from '../../../src/node/frame-writer.js';
import { deltaFrame } from '../../conformance/transport.js';
import { ManualClock } from '../../reference/manual-clock.js';

const limits = () => ({ maxFrameBytes: 10_000_000 });

async function pair() {
  const clock = new ManualClock();
  const [near, far] = await streamPair();
  return { clock, near, far, frames: readFrames(far, { limits, clock }) };
}

describe('frame reader and writer', () => {
  test('frames written together arrive whole, in the order of the calls', async () => {
    const { near, frames } = await pair();
    const writer = createFrameWriter(near);
    const sent = [70_000, 0, 65_443, 12].map((bytes, k) => deltaFrame(0, 1, { sequence: k + 1, bytes }));
    const writes = Promise.all(sent.map((frame) => writer.write(frame)));
    for (const frame of sent) expect((await frames.next()).value).toEqual(frame);
    await writes;
    await near.close();
    expect(await frames.next()).toEqual({ done: true, value: undefined });
  });

  test('bytes sent before anybody reads are not lost, nor are those before the end', async () => {
    const { near, far, frames } = await pair();
    const frame = deltaFrame(0, 1, { sequence: 1, bytes: 1000 });
    near.send(frame);
    await near.close();
    if (far.remoteWriteStatus !== 'closed') {
      await new Promise((resolve) => far.addEventListener('remoteCloseWrite', resolve, { once: true }));
    }
    expect((await frames.next()).value).toEqual(frame);
    expect((await frames.next()).done).toBe(true);
  });

  test('a stream whose frames are not taken is paused, and resumed when they are', async () => {
    const { near, far, frames } = await pair();
    const sent = [1, 2].map((sequence) => deltaFrame(0, 1, { sequence, bytes: READ_QUEUE_BYTES }));
    const writer = createFrameWriter(near);
    const writes = Promise.all(sent.map((frame) => writer.write(frame)));
    const paused = new Promise<void>((resolve) => {
      const pause = far.pause.bind(far);
      far.pause = () => {
        pause();
        resolve();
      };
    });
    expect((await frames.next()).value).toEqual(sent[0]);
    await paused;
    expect((await frames.next()).value).toEqual(sent[1]);
    await writes;
  });

  test('a frame that stops arriving ends the link after its deadline', async () => {
    const { clock, near, far, frames } = await pair();
    const next = frames.next();
    next.catch(() => undefined);
    near.send(new Uint8Array(1).fill(0x47));
    await clock.armed();
    clock.advance(FRAME_GRACE_MS - 1);
    expect(far.status).toBe('open');
    clock.advance(1);
    await expect(next).rejects.toMatchObject({ code: 'LINK_TIMEOUT' });
    expect(clock.pending).toBe(0);
  });

  test('the body has time for its size on the slowest link', async () => {
    const { clock, near, far, frames } = await pair();
    const frame = deltaFrame(0, 1, { sequence: 1, bytes: 1_000_000 });
    const next = frames.next();
    next.catch(() => undefined);
    near.send(frame.subarray(0, 5000));
    await clock.armed();
    clock.advance(FRAME_GRACE_MS + (1000 * 1_000_000) / MIN_BYTES_PER_SECOND - 1);
    expect(far.status).toBe('open');
    clock.advance(1000);
    await expect(next).rejects.toMatchObject({ code: 'LINK_TIMEOUT' });
  });

  test('a deadline that our own blocked event loop has missed is set again', async () => {
    const { clock, near, frames } = await pair();
    const frame = deltaFrame(0, 1, { sequence: 1, bytes: 10 });
    const next = frames.next();
    near.send(frame.subarray(0, 10));
    await clock.armed();
    clock.block(FRAME_GRACE_MS + 60_000);
    near.send(frame.subarray(10));
    expect((await next).value).toEqual(frame);
    expect(clock.pending).toBe(0);
  });

  test('no deadline runs between frames, however long the handler takes', async () => {
    const { clock, near, frames } = await pair();
    const frame = deltaFrame(0, 1, { sequence: 1, bytes: 10 });
    near.send(frame);
    near.send(frame);
    expect((await frames.next()).value).toEqual(frame);
    expect(clock.pending).toBe(0);
    clock.advance(10 * FRAME_GRACE_MS);
    expect((await frames.next()).value).toEqual(frame);
  });

  test('writing to a stream that has died fails with LINK_DOWN', async () => {
    const { near, far } = await pair();
    const closed = new Promise((resolve) => near.addEventListener('close', resolve, { once: true }));
    far.abort(new Error('gone'));
    await closed;
    const write = createFrameWriter(near).write(deltaFrame(0, 1, { sequence: 1, bytes: 10 }));
    await expect(write).rejects.toMatchObject({ code: 'LINK_DOWN' });
  });
});
