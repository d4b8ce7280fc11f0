import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compressors } from '../../../src/compression/registry.js';
import { networkLayout } from '../../../src/training/network/network-layout.js';
import { decodeFrame, readFrameLength } from '../../../src/wire/decode.js';
import { deltaFrameBytes, encodeFrame, swarmTagOf } from '../../../src/wire/encode.js';
import { FRAME_HEADER_BYTES, type Frame, MAX_CONTROL_BODY_BYTES } from '../../../src/wire/frame.js';
import { arbitraryFrame } from '../../reference/arbitrary-frame.js';
import { naiveCrc32, naiveDeltaBody, naiveFrame } from '../../reference/naive-frame.js';

const FAST_CHECK_SEED = 20260101;
const limits = { maxFrameBytes: 1 << 16 };
const tag = [0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7];
const address = { swarmTag: Uint8Array.from(tag), sender: 3, receiver: 0x01020304 };
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** One frame of each kind, with its body as the table in frame.ts has it. */
const written: readonly { readonly frame: Frame; readonly twin: Uint8Array }[] = [
  {
    frame: {
      ...address,
      kind: 'hello',
      hello: {
        protocol: 1,
        swarm: 's',
        configHash: 'c',
        topologyHash: 't',
        layoutHash: 'l',
        maxFrameBytes: 65536,
      },
    },
    twin: naiveFrame(
      { kind: 1, ...address, swarmTag: tag },
      utf8(
        '{"protocol":1,"swarm":"s","configHash":"c","topologyHash":"t","layoutHash":"l","maxFrameBytes":65536}',
      ),
    ),
  },
  {
    frame: { ...address, kind: 'accept' },
    twin: naiveFrame({ kind: 2, ...address, swarmTag: tag }, utf8('')),
  },
  {
    frame: { ...address, kind: 'refuse', reason: 'not "you"' },
    twin: naiveFrame({ kind: 3, ...address, swarmTag: tag }, utf8('{"reason":"not \\"you\\""}')),
  },
  {
    frame: {
      ...address,
      kind: 'delta',
      delta: {
        sequence: 7,
        round: 9,
        acknowledged: 6,
        gamma: 0.5,
        parts: [
          { kind: 'add', bytes: Uint8Array.of(1, 2, 3) },
          { kind: 'replace', stream: 1, bytes: new Uint8Array(0) },
        ],
      },
    },
    twin: naiveFrame(
      { kind: 4, ...address, swarmTag: tag, sequence: 7, round: 9, acknowledged: 6 },
      naiveDeltaBody(0.5, [
        { kind: 1, bytes: [1, 2, 3] },
        { kind: 2, stream: 1, bytes: [] },
      ]),
    ),
  },
  {
    frame: {
      ...address,
      kind: 'delta',
      delta: {
        sequence: 50,
        round: 52,
        acknowledged: 49,
        gamma: 1,
        replicaHash: 0xcbf43926,
        parts: [{ kind: 'add', bytes: Uint8Array.of(9) }],
      },
    },
    twin: naiveFrame(
      { kind: 4, ...address, swarmTag: tag, sequence: 50, round: 52, acknowledged: 49 },
      naiveDeltaBody(1, [{ kind: 1, bytes: [9] }], 0xcbf43926),
    ),
  },
  {
    frame: { ...address, kind: 'bye', reason: 'finished' },
    twin: naiveFrame({ kind: 5, ...address, swarmTag: tag }, utf8('{"reason":"finished"}')),
  },
  {
    frame: { ...address, kind: 'heartbeat' },
    twin: naiveFrame({ kind: 6, ...address, swarmTag: tag }, utf8('')),
  },
  {
    frame: {
      ...address,
      kind: 'delta',
      delta: {
        epoch: 513,
        sequence: 1,
        round: 52,
        acknowledged: 0,
        gamma: 1,
        replicaHash: 7,
        degree: 3,
        parts: [{ kind: 'add', bytes: Uint8Array.of(9) }],
      },
    },
    twin: naiveFrame(
      { kind: 4, ...address, swarmTag: tag, epoch: 513, sequence: 1, round: 52 },
      naiveDeltaBody(1, [{ kind: 1, bytes: [9] }], 7, 3),
    ),
  },
  {
    frame: { ...address, kind: 'sync', sync: { incarnation: 2, known: 0, ask: true, model: 'wanted' } },
    twin: naiveFrame(
      { kind: 7, ...address, swarmTag: tag },
      utf8('{"incarnation":2,"known":0,"ask":true,"model":"wanted"}'),
    ),
  },
  {
    frame: {
      ...address,
      kind: 'model',
      model: { epoch: 2, round: 9, bytes: Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 192) },
    },
    twin: naiveFrame(
      { kind: 8, ...address, swarmTag: tag, epoch: 2, round: 9 },
      Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 192), // 1 and -2
    ),
  },
];

/** The delta of `written`, 16 bytes a line. Changing these is changing the protocol: raise FRAME_VERSION. */
const GOLDEN_DELTA = [
  '47564e31040400001b00000004de7f4b', // GVN1, version, kind, epoch, 27 bytes of body, their CRC
  'a0a1a2a3a4a5a6a70300000004030201', // swarm tag, sender, receiver
  '0700000009000000060000009ffd11c0', // sequence, round, acknowledged, CRC of all before
  '0000003f020000000100000003000000', // gamma 0.5, two parts; the first: add, three bytes
  '0102030201000000000000', // they are; the second: replace, of stream 1, empty
];

describe('a frame of each kind', () => {
  it.each(written)('$frame.kind has the bytes that the table says', ({ frame, twin }) => {
    expect(Buffer.from(encodeFrame(frame)).toString('hex')).toBe(Buffer.from(twin).toString('hex'));
  });

  it.each(written)('$frame.kind is read back from the bytes of the twin', ({ frame, twin }) => {
    expect(decodeFrame(twin, limits)).toEqual(frame);
    expect(readFrameLength(twin.subarray(0, FRAME_HEADER_BYTES), limits)).toBe(twin.length);
  });

  it('delta has these bytes, for ever', () => {
    const hex = Buffer.from(encodeFrame(written[3]!.frame)).toString('hex');
    expect(hex.match(/.{1,32}/g)).toEqual(GOLDEN_DELTA);
  });
});

it('the twin has the checksum of zip and PNG', () => {
  expect(naiveCrc32(utf8('123456789'))).toBe(0xcbf43926); // the check value of CRC-32 in every catalogue
});

describe('round trips', () => {
  it('give the same frame back, whatever it holds', () => {
    fc.assert(
      fc.property(arbitraryFrame, (frame) => {
        const bytes = encodeFrame(frame);
        expect(decodeFrame(bytes, limits)).toEqual(frame);
        expect(readFrameLength(bytes, limits)).toBe(bytes.length);
      }),
      { seed: FAST_CHECK_SEED, numRuns: 500 },
    );
  });

  it('do not depend on where in a buffer the frame lies', () => {
    fc.assert(
      fc.property(arbitraryFrame, fc.integer({ min: 1, max: 7 }), (frame, offset) => {
        const bytes = encodeFrame(frame);
        const buffer = new Uint8Array(bytes.length + 16).fill(0xee);
        buffer.set(bytes, offset);
        expect(decodeFrame(buffer.subarray(offset, offset + bytes.length), limits)).toEqual(frame);
      }),
      { seed: FAST_CHECK_SEED, numRuns: 200 },
    );
  });

  it('cost the bytes that deltaFrameBytes says', () => {
    fc.assert(
      fc.property(arbitraryFrame, (frame) => {
        fc.pre(frame.kind === 'delta');
        if (frame.kind === 'delta') expect(deltaFrameBytes(frame.delta)).toBe(encodeFrame(frame).length);
      }),
      { seed: FAST_CHECK_SEED, numRuns: 100 },
    );
  });

  it('fit the longest reason that a refusal may give, though every character is escaped', () => {
    const frame: Frame = { ...address, kind: 'refuse', reason: '\u0001'.repeat(500) };
    const bytes = encodeFrame(frame);
    expect(bytes.length - FRAME_HEADER_BYTES).toBeLessThan(MAX_CONTROL_BODY_BYTES);
    expect(decodeFrame(bytes, limits)).toEqual(frame);
  });
});

it('the swarm tag is the head of SHA-256 of the swarm id', () => {
  // SHA-256("abc") begins ba7816bf 8f01cfea (FIPS 180-2, appendix B.1).
  expect(Buffer.from(swarmTagOf('abc')).toString('hex')).toBe('ba7816bf8f01cfea');
});

describe('docs/wire-format.md', () => {
  const page = readFileSync(new URL('../../../docs/wire-format.md', import.meta.url), 'utf8');

  it('shows the golden delta', () => {
    for (const line of GOLDEN_DELTA) expect(page).toContain(`\n${line} `);
  });

  it('counts the bytes of the perceptron 784-128-10 at rank 8 and 4 bits as they are', () => {
    const { blocks, size } = networkLayout({
      inputShape: [784],
      layers: [
        { kind: 'dense', name: 'dense1', units: 128 },
        { kind: 'dense', name: 'dense2', units: 10 },
      ],
    });
    const bytesOf = (spec: string): number => compressors.resolve(spec).encodedBytes(blocks);
    const message = bytesOf('low-rank:rank=8,bits=4');
    const parts = [{ kind: 'add' as const, bytes: new Uint8Array(message) }];
    const frame = deltaFrameBytes({ sequence: 1, round: 1, acknowledged: 0, gamma: 1, parts });
    for (const figure of [size, bytesOf('none')]) expect(page).toContain(figure.toLocaleString('en-US'));
    for (const figure of [message, frame]) expect(page).toContain(`**${figure}**`);
  });
});
