/**
 * The decoder against bytes that a stranger has chosen. Every one of 100,000 seeded mutants is refused by a code or
 * means what a correct encoder would have written; a failure names the mutant's number, which replays it.
 */
import { getHeapStatistics } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { GrapevineError } from '../../../src/base/errors.js';
import { createRandom, gaussian } from '../../../src/base/random.js';
import type { MatrixBlock } from '../../../src/compression/compressor.js';
import { decodeAddInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';
import { checkAddressing, decodeFrame, readFrameLength } from '../../../src/wire/decode.js';
import { encodeFrame } from '../../../src/wire/encode.js';
import {
  FRAME_HEADER_BYTES,
  type Frame,
  MAX_CONTROL_BODY_BYTES,
  MAX_DEGREE,
  MAX_DELTA_PARTS,
  MAX_STREAMS,
} from '../../../src/wire/frame.js';
import { mutantOf } from '../../reference/frame-mutations.js';
import { mendChecksums, naiveDeltaBody, naiveFrame } from '../../reference/naive-frame.js';

const SEED = 20260101;
const MUTANTS = 100_000;
const limits = { maxFrameBytes: 4096 };
const tag = [1, 2, 3, 4, 5, 6, 7, 8];
const modelFrame = (bytes: number, round = 1): Uint8Array =>
  naiveFrame({ kind: 8, swarmTag: tag, sender: 0, receiver: 1, round }, new Uint8Array(bytes));
const address = { swarmTag: Uint8Array.from(tag), sender: 0, receiver: 1 };

const blocks: readonly MatrixBlock[] = [
  { name: 'matrix', offset: 0, rows: 6, cols: 5 },
  { name: 'vector', offset: 30, rows: 1, cols: 3 },
];
const SIZE = 33;

function messageOf(spec: string): Uint8Array {
  const compressor = compressors.resolve(spec);
  const random = createRandom('fuzz', spec);
  const values = Float32Array.from({ length: SIZE }, () => gaussian(random));
  return compressor.encode(values, blocks, compressor.createState(blocks, random));
}

function deltaOf(...specs: readonly string[]): Frame {
  const parts = specs.map((spec, k) => ({
    kind: k === 0 ? ('add' as const) : ('replace' as const),
    bytes: messageOf(spec),
  }));
  return { ...address, kind: 'delta', delta: { sequence: 5, round: 6, acknowledged: 4, gamma: 0.5, parts } };
}

function hashed(frame: Frame): Frame {
  return frame.kind === 'delta' ? { ...frame, delta: { ...frame.delta, replicaHash: 0xcbf43926 } } : frame;
}

const hello = {
  protocol: 1,
  swarm: 's',
  configHash: 'c',
  topologyHash: 't',
  layoutHash: 'l',
  maxFrameBytes: 4096,
};
const frames: readonly Frame[] = [
  { ...address, kind: 'hello', hello },
  { ...address, kind: 'accept' },
  { ...address, kind: 'refuse', reason: 'config hash differs' },
  { ...address, kind: 'bye', reason: 'finished' },
  { ...address, kind: 'heartbeat' },
  ...['none', 'low-rank:rank=2,bits=4', 'low-rank:rank=1,bits=32', 'top-k:count=3', 'int8'].map((spec) =>
    deltaOf(spec),
  ),
  deltaOf('top-k:count=2', 'low-rank:rank=1,bits=8', 'none'),
  hashed(deltaOf('top-k:count=3')),
];
const originals = frames.map(encodeFrame);

/** The frame, or the code it was refused with; anything else that is thrown fails the test. */
function attempt<T>(action: () => T): { readonly value: T } | { readonly code: string } {
  try {
    return { value: action() };
  } catch (error) {
    if (error instanceof GrapevineError) return { code: error.code };
    throw error;
  }
}

function count(codes: Map<string, number>, code: string): void {
  codes.set(code, (codes.get(code) ?? 0) + 1);
}

/** What the decoder accepts means what the encoder would write: no two frames' bytes share a meaning by accident. */
function expectCanonical(frame: Frame, bytes: Uint8Array, name: string): void {
  const again = encodeFrame(frame);
  if (frame.kind === 'hello' || frame.kind === 'refuse' || frame.kind === 'bye') {
    expect(decodeFrame(again, limits), name).toEqual(frame); // JSON has many spellings
  } else if (Buffer.compare(again, bytes) !== 0) {
    expect.fail(`${name}: accepted ${frame.kind} bytes that the encoder does not write`);
  }
}

/** Feeds the parts to the compressors' decoder; a refused part must have changed nothing. */
function tryParts(frame: Frame, codes: Map<string, number>, name: string): void {
  if (frame.kind !== 'delta') return;
  for (const { bytes } of frame.delta.parts) {
    const out = new Float32Array(SIZE);
    const outcome = attempt(() => decodeAddInto(out, bytes, blocks));
    if (!out.every(Number.isFinite)) expect.fail(`${name}: decoded what is not finite`);
    if (!('code' in outcome)) continue;
    count(codes, outcome.code);
    if (out.some((value) => value !== 0))
      expect.fail(`${name}: refused with ${outcome.code} after it had changed numbers`);
  }
}

/** Bytes outside the JavaScript heap: what typed arrays hold. */
function arrayBytes(): number {
  return getHeapStatistics().external_memory;
}

describe('one hundred thousand hostile frames', () => {
  const codes = new Map<string, number>();
  let accepted = 0;
  let changed = 0;
  let largestGrowth = 0;

  it('are each refused by a code, or mean what the encoder would have written', () => {
    for (let index = 0; index < MUTANTS; index++) {
      const { how, original, bytes, mended } = mutantOf(SEED, index, originals);
      const name = `mutant ${index} (${how})`;
      const before = arrayBytes();
      const outcome = attempt(() => decodeFrame(bytes, limits));
      largestGrowth = Math.max(largestGrowth, arrayBytes() - before);
      if ('code' in outcome) {
        count(codes, outcome.code);
        continue;
      }
      accepted += 1;
      const same = Buffer.compare(bytes, original) === 0;
      if (!same) changed += 1;
      if (!same && !mended) expect.fail(`${name}: the checksums let damage through`);
      expectCanonical(outcome.value, bytes, name);
      const addressed = attempt(() => checkAddressing(outcome.value, address));
      if ('code' in addressed) count(codes, addressed.code);
      tryParts(outcome.value, codes, name);
    }
    expect(accepted).toBeLessThan(MUTANTS / 2);
    expect(changed).toBeGreaterThan(MUTANTS / 50);
  });

  it('have reached every check: each code was seen, and often', () => {
    const wanted = [
      'FRAME_BAD_MAGIC',
      'FRAME_BAD_VERSION',
      'FRAME_BAD_KIND',
      'FRAME_BAD_HEADER',
      'FRAME_TOO_LARGE',
      'FRAME_TRUNCATED',
      'FRAME_BAD_CHECKSUM',
      'FRAME_BAD_BODY',
      'FRAME_WRONG_SWARM',
      'FRAME_WRONG_PEER',
      'PAYLOAD_BAD_OPERATOR',
      'PAYLOAD_BAD_LENGTH',
      'PAYLOAD_BAD_VALUE',
    ];
    expect([...codes.keys()].sort()).toEqual(wanted.sort());
    for (const [code, times] of codes) expect(times, code).toBeGreaterThan(50);
  });

  it('never made the decoder allocate more than one frame may hold', () => {
    const before = arrayBytes();
    const kept = new Uint8Array(10 * limits.maxFrameBytes);
    expect(arrayBytes() - before).toBeGreaterThanOrEqual(kept.length); // the meter works
    expect(largestGrowth).toBeLessThanOrEqual(limits.maxFrameBytes);
  });
});

/** `frame` with the bytes at `at` replaced and the checksums made right. */
function forged(frame: Uint8Array, at: number, bytes: readonly number[]): Uint8Array {
  const out = frame.slice();
  out.set(bytes, at);
  return mendChecksums(out);
}

const FOUR_BILLION = [0xff, 0xff, 0xff, 0xff];
const delta = originals[5]!;
const codeOf = (bytes: Uint8Array, own = limits): string => {
  const outcome = attempt(() => decodeFrame(bytes, own));
  return 'code' in outcome ? outcome.code : 'accepted';
};
const controlFrame = (kind: number, body: string): Uint8Array =>
  naiveFrame({ kind, sender: 0, receiver: 1, swarmTag: tag }, new TextEncoder().encode(body));
const deltaFrame = (sequence: number, body: Uint8Array): Uint8Array =>
  naiveFrame({ kind: 4, sender: 0, receiver: 1, swarmTag: tag, sequence, round: 1 }, body);
const onePart = [{ kind: 1, bytes: [7] }];

describe('lengths that lie', () => {
  it.each([
    ['a body of four billion bytes', 'FRAME_TOO_LARGE', forged(delta, 8, FOUR_BILLION)],
    ['a part of four billion bytes', 'FRAME_BAD_BODY', forged(delta, 48 + 8 + 4, FOUR_BILLION)],
    ['a part one byte too long', 'FRAME_BAD_BODY', deltaFrame(1, naiveDeltaBody(1, onePart).subarray(0, -1))],
    [
      'a byte after the last part',
      'FRAME_BAD_BODY',
      deltaFrame(1, Uint8Array.of(...naiveDeltaBody(1, onePart), 0)),
    ],
    ['65,535 parts in a small frame', 'FRAME_BAD_BODY', forged(delta, 48 + 4, [0xff, 0xff])],
  ])('%s: %s', (_what, code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it('a block of four billion bytes inside a part is refused without a change', () => {
    const [part] = (decodeFrame(delta, limits) as Extract<Frame, { kind: 'delta' }>).delta.parts;
    const message = part!.bytes.slice();
    message.set(FOUR_BILLION, 4);
    const out = new Float32Array(SIZE);
    expect(attempt(() => decodeAddInto(out, message, blocks))).toEqual({ code: 'PAYLOAD_BAD_LENGTH' });
    expect(out).toEqual(new Float32Array(SIZE));
  });

  it('the limit is inclusive, and control bodies have their own', () => {
    expect(codeOf(delta, { maxFrameBytes: delta.length })).toBe('accepted');
    expect(codeOf(delta, { maxFrameBytes: delta.length - 1 })).toBe('FRAME_TOO_LARGE');
    const wide = { maxFrameBytes: 1 << 20 };
    const body = (length: number): string => JSON.stringify({ reason: 'finished' }).padEnd(length, ' ');
    expect(codeOf(controlFrame(5, body(MAX_CONTROL_BODY_BYTES)), wide)).toBe('accepted');
    expect(codeOf(controlFrame(5, body(MAX_CONTROL_BODY_BYTES + 1)), wide)).toBe('FRAME_TOO_LARGE');
  });

  it('readFrameLength judges the header alone, before a body exists', () => {
    expect(readFrameLength(delta.subarray(0, FRAME_HEADER_BYTES), limits)).toBe(delta.length);
    const liar = forged(delta, 8, FOUR_BILLION).subarray(0, FRAME_HEADER_BYTES);
    expect(attempt(() => readFrameLength(liar, { maxFrameBytes: 2 ** 31 }))).toEqual({
      code: 'FRAME_TOO_LARGE',
    });
    expect(attempt(() => readFrameLength(delta.subarray(0, 47), limits))).toEqual({
      code: 'FRAME_TRUNCATED',
    });
  });
});

describe('fields out of range', () => {
  const gammaFrame = (gamma: number): Uint8Array => deltaFrame(1, naiveDeltaBody(gamma, onePart));
  const parts = (length: number) => Array.from({ length }, () => onePart[0]!);

  it.each([
    ['sequence 0', 'FRAME_BAD_HEADER', deltaFrame(0, naiveDeltaBody(1, onePart))],
    ['gamma 2', 'accepted', gammaFrame(2)],
    ['gamma above 2', 'FRAME_BAD_BODY', gammaFrame(2.0001)],
    ['gamma below 0', 'FRAME_BAD_BODY', gammaFrame(-0.0001)],
    ['gamma NaN', 'FRAME_BAD_BODY', gammaFrame(Number.NaN)],
    ['gamma infinite', 'FRAME_BAD_BODY', gammaFrame(Number.POSITIVE_INFINITY)],
    ['no part', 'FRAME_BAD_BODY', deltaFrame(1, naiveDeltaBody(1, []))],
    ['as many parts as allowed', 'accepted', deltaFrame(1, naiveDeltaBody(1, parts(MAX_DELTA_PARTS)))],
    ['one part more', 'FRAME_BAD_BODY', deltaFrame(1, naiveDeltaBody(1, parts(MAX_DELTA_PARTS + 1)))],
    ['a part of unknown kind', 'FRAME_BAD_BODY', deltaFrame(1, naiveDeltaBody(1, [{ kind: 3, bytes: [] }]))],
    ['an epoch', 'accepted', forged(delta, 6, [1])],
    [
      'an epoch of a heartbeat',
      'FRAME_BAD_HEADER',
      naiveFrame({ kind: 6, ...address, swarmTag: tag, epoch: 1 }, new Uint8Array()),
    ],
    ['a flag that nobody knows', 'FRAME_BAD_BODY', forged(delta, 48 + 6, [4])],
    ['a degree of 0', 'FRAME_BAD_BODY', deltaFrame(1, naiveDeltaBody(1, onePart, null, 0))],
    ['a degree', 'accepted', deltaFrame(1, naiveDeltaBody(1, onePart, null, MAX_DEGREE))],
    [
      'a degree beyond all',
      'FRAME_BAD_BODY',
      deltaFrame(1, naiveDeltaBody(1, onePart, null, MAX_DEGREE + 1)),
    ],
    ['a model', 'accepted', modelFrame(8)],
    ['a model of no round', 'FRAME_BAD_HEADER', modelFrame(8, 0)],
    ['a model of no numbers', 'FRAME_BAD_BODY', modelFrame(0)],
    ['part of a number', 'FRAME_BAD_BODY', modelFrame(6)],
    ['a replica hash', 'accepted', deltaFrame(1, naiveDeltaBody(1, onePart, 7))],
    ['half a replica hash', 'FRAME_BAD_BODY', deltaFrame(1, naiveDeltaBody(1, onePart, 7).subarray(0, 10))],
    ['the flag of a hash that is not there', 'FRAME_BAD_BODY', forged(delta, 48 + 6, [1])],
    ['the last stream', 'accepted', forged(delta, 48 + 8 + 1, [MAX_STREAMS - 1])],
    ['a stream beyond the last', 'FRAME_BAD_BODY', forged(delta, 48 + 8 + 1, [MAX_STREAMS])],
    ['reserved bytes of a part', 'FRAME_BAD_BODY', forged(delta, 48 + 8 + 2, [1])],
    ['a heartbeat with a round', 'FRAME_BAD_HEADER', forged(originals[4]!, 36, [1])],
    ['a heartbeat with a body', 'FRAME_BAD_BODY', controlFrame(6, '{}')],
    ['a bye that is not JSON', 'FRAME_BAD_BODY', controlFrame(5, 'finished')],
    ['a bye for a reason of its own', 'FRAME_BAD_BODY', controlFrame(5, '{"reason":"bored"}')],
    ['a bye with an unknown key', 'FRAME_BAD_BODY', controlFrame(5, '{"reason":"failed","__proto__":{}}')],
    ['a refusal of 501 characters', 'FRAME_BAD_BODY', controlFrame(3, `{"reason":"${'x'.repeat(501)}"}`)],
    [
      'a hello for a protocol that is no integer',
      'FRAME_BAD_BODY',
      controlFrame(1, JSON.stringify({ ...hello, protocol: 1.5 })),
    ],
    ['deep nesting', 'FRAME_BAD_BODY', controlFrame(1, '['.repeat(2000) + ']'.repeat(2000))],
  ])('%s: %s', (_what, code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it('a body that is not UTF-8 is refused', () => {
    expect(
      codeOf(naiveFrame({ kind: 5, sender: 0, receiver: 1, swarmTag: tag }, Uint8Array.of(0x22, 0xff, 0x22))),
    ).toBe('FRAME_BAD_BODY');
  });
});

describe('a valid frame in the wrong place', () => {
  const frame = decodeFrame(delta, limits);

  it.each([
    ['another swarm', 'FRAME_WRONG_SWARM', { ...address, swarmTag: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 9) }],
    ['another sender', 'FRAME_WRONG_PEER', { ...address, sender: 2 }],
    ['another receiver', 'FRAME_WRONG_PEER', { ...address, receiver: 2 }],
    ['its own direction reversed', 'FRAME_WRONG_PEER', { ...address, sender: 1, receiver: 0 }],
  ])('%s: %s', (_what, code, wanted) => {
    expect(attempt(() => checkAddressing(frame, wanted))).toEqual({ code });
  });

  it('its right place accepts it', () => {
    expect(attempt(() => checkAddressing(frame, address))).toEqual({ value: undefined });
  });
});
