import fc from 'fast-check';
import { pipe } from 'it-pipe';
import { describe, expect, test } from 'vitest';
import { chunk, reassemble } from '../../../src/node/frame-pipe.js';
import { FRAME_HEADER_BYTES } from '../../../src/wire/frame.js';
import { deltaFrame } from '../../conformance/transport.js';

const limits = () => ({ maxFrameBytes: 10_000 });

async function* arriving(pieces: Iterable<Uint8Array>) {
  yield* pieces;
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of source) frames.push(frame);
  return frames;
}

describe('frame pipe', () => {
  test('frames survive being cut into pieces of any size', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 2000 }), async (bodies, pieceBytes) => {
        const frames = bodies.map((bytes, k) => deltaFrame(0, 1, { sequence: k + 1, bytes }));
        const back = await pipe(frames, chunk(pieceBytes), arriving, reassemble(limits), collect);
        expect(back).toEqual(frames);
      }),
      { seed: 7, numRuns: 60 },
    );
  });

  test('pieces are views of at most the size asked for', () => {
    const frame = deltaFrame(0, 1, { sequence: 1, bytes: 1000 });
    const pieces = [...chunk(300)([frame])];
    expect(pieces.map(({ length }) => length)).toEqual([300, 300, 300, frame.length - 900]);
    expect(pieces.every(({ buffer }) => buffer === frame.buffer)).toBe(true);
  });

  test('several frames in one chunk come out one by one', async () => {
    const frames = [1, 2, 3].map((sequence) => deltaFrame(0, 1, { sequence, bytes: 10 * sequence }));
    expect(await collect(reassemble(limits)(arriving([Buffer.concat(frames)])))).toEqual(frames);
  });

  test('a frame above the limit is refused at its header', async () => {
    const frame = deltaFrame(0, 1, { sequence: 1, bytes: 20_000 });
    const header = arriving([frame.subarray(0, FRAME_HEADER_BYTES)]);
    await expect(collect(reassemble(limits)(header))).rejects.toMatchObject({ code: 'FRAME_TOO_LARGE' });
  });

  test('a source that ends inside a header or a body has lost a frame', async () => {
    const frame = deltaFrame(0, 1, { sequence: 1, bytes: 100 });
    for (const bytes of [1, FRAME_HEADER_BYTES - 1, FRAME_HEADER_BYTES, frame.length - 1]) {
      const cut = collect(reassemble(limits)(arriving([frame.subarray(0, bytes)])));
      await expect(cut).rejects.toMatchObject({ code: 'FRAME_TRUNCATED' });
    }
    expect(await collect(reassemble(limits)(arriving([])))).toEqual([]);
  });

  test('the limits are those in force when a header is read, not when it arrived', async () => {
    let maxFrameBytes = 500;
    const [small, large] = [100, 5000].map((bytes) => deltaFrame(0, 1, { sequence: 1, bytes }));
    const frames = reassemble(() => ({ maxFrameBytes }))(arriving([Buffer.concat([small!, large!])]));
    expect((await frames.next()).value).toEqual(small);
    maxFrameBytes = 10_000;
    expect((await frames.next()).value).toEqual(large);
  });
});
