import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import type { MatrixBlock } from '../../../src/compression/compressor.js';
import { matchesPattern } from '../../../src/compression/per-layer.js';
import { compressors } from '../../../src/compression/registry.js';

const blocks: MatrixBlock[] = ['conv1', 'conv2', 'dense', 'norm'].map((name, k) => ({
  name,
  offset: 300 * k,
  rows: 20,
  cols: 15,
}));

/** Operator and parameter of each block of a message. */
function operatorsOf(spec: string): number[][] {
  const compressor = compressors.resolve(spec);
  const state = compressor.createState(blocks, createRandom('per-layer'));
  const message = compressor.encode(
    Float32Array.from({ length: 1200 }, (_, i) => Math.sin(i * i)),
    blocks,
    state,
  );
  const view = new DataView(message.buffer);
  const operators: number[][] = [];
  for (let at = 0; at < message.length; at += 8 + view.getUint32(at + 4, true))
    operators.push([view.getUint8(at), view.getUint16(at + 2, true)]);
  expect(message.length).toBeLessThanOrEqual(compressor.encodedBytes(blocks));
  return operators;
}

describe('a pattern', () => {
  it('matches whole names: * for any characters, ? for one, the rest for themselves', () => {
    const matching = ['conv*', '*', 'conv1', 'c*1', '*1', 'conv?', '**o?v*', 'conv1*'];
    for (const pattern of matching) expect(matchesPattern(pattern, 'conv1'), pattern).toBe(true);
    const others = ['conv', 'onv1', '?conv1', 'conv1?', '*2', 'CONV*', 'c.*'];
    for (const pattern of others) expect(matchesPattern(pattern, 'conv1'), pattern).toBe(false);
    expect(matchesPattern('a*b*a', 'abababa')).toBe(true);
    expect(matchesPattern('a*b*ab', 'abababa')).toBe(false);
  });

  it('takes a moment however many stars it has', () => {
    expect(matchesPattern(`${'*a'.repeat(50)}b`, 'a'.repeat(5000))).toBe(false);
  });
});

describe('per layer', () => {
  it('uses the first rule that matches', () => {
    expect(operatorsOf('per-layer:conv2=none,conv*=low-rank:rank=2,*=int8')).toEqual([
      [3, 2],
      [1, 0],
      [2, 0],
      [2, 0],
    ]);
  });

  it('shares a budget among the blocks of its rule alone', () => {
    const [first, second, third] = operatorsOf('per-layer:conv*=adaptive-rank:budget=200,*=int8');
    expect([first[0], second[0], third[0]]).toEqual([3, 3, 2]);
    // 200 bytes: 16 for headers, and 4 + 10 + 4 + 7.5 for each of seven vectors.
    expect(first[1] + second[1]).toBe(7);
  });

  it('refuses a block without a rule by name, before anything is sent', () => {
    const compressor = compressors.resolve('per-layer:conv*=none,dense=int8');
    const refusal = expect.objectContaining({
      code: 'BAD_SPEC',
      message: expect.stringMatching(/block "norm" matches none of conv\*, dense/),
    });
    expect(() => compressor.createState(blocks, createRandom(1))).toThrowError(refusal);
    expect(() => compressor.encodedBytes(blocks)).toThrowError(refusal);
  });
});
