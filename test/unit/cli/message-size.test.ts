import { describe, expect, it } from 'vitest';
import { type MessageSizeFlags, messageSizeOf } from '../../../src/cli/message-size.js';

const flags = (changes: Partial<MessageSizeFlags>): MessageSizeFlags => ({
  task: undefined,
  parameters: '1000x1000',
  compressor: 'none',
  seed: 1,
  cacheDirectory: 'unused',
  ...changes,
});

describe('messageSizeOf', () => {
  it('counts 4 bytes a parameter without a compressor', async () => {
    expect(await messageSizeOf(flags({}))).toEqual({
      model: 'a 1000 x 1000 matrix',
      parameters: 1_000_000,
      compressor: 'none',
      bytes: 4_000_000,
      uncompressedBytes: 4_000_000,
    });
  });

  it('makes the most square matrix of a number, a row of a prime', async () => {
    expect(await messageSizeOf(flags({ parameters: '12' }))).toMatchObject({
      model: 'a 3 x 4 matrix',
      parameters: 12,
    });
    expect(await messageSizeOf(flags({ parameters: '13' }))).toMatchObject({ model: 'a 1 x 13 matrix' });
    expect(await messageSizeOf(flags({ parameters: '5x2' }))).toMatchObject({ model: 'a 5 x 2 matrix' });
  });

  it('encodes a message to know its size: rank 2 of 30 x 40 is 140 numbers', async () => {
    const { bytes } = await messageSizeOf(
      flags({ parameters: '30x40', compressor: 'low-rank:rank=2,bits=32' }),
    );
    expect(bytes).toBeGreaterThanOrEqual(4 * 2 * (30 + 40));
    expect(bytes).toBeLessThan(4 * 2 * (30 + 40) + 64); // headers
  });

  it("takes the layers of a task's model", async () => {
    const size = await messageSizeOf(flags({ task: 'quadratic', compressor: 'int8' }));
    expect(size.model).toMatch(/^quadratic/);
    expect(size.bytes).toBeLessThan(size.uncompressedBytes / 2);
  });

  it.each(['0', '-5', 'many', '3x', '99999999999'])('refuses %s parameters', async (parameters) => {
    await expect(messageSizeOf(flags({ parameters }))).rejects.toThrow(
      /wanted a number from 1 .* or ROWSxCOLS/,
    );
  });
});
