/** Frames of every kind for property tests. */
import fc from 'fast-check';
import type { Delta, Frame, Hello } from '../../src/wire/frame.js';

const u32 = fc.oneof(fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff), fc.nat({ max: 0xffffffff }));

const base = fc.record({
  swarmTag: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  sender: u32,
  receiver: u32,
});

const kind = fc.constantFrom('add' as const, 'replace' as const);
const bytes = fc.uint8Array({ maxLength: 40 });
const part = fc.oneof(
  fc.record({ kind, bytes }),
  fc.record({ kind, stream: fc.integer({ min: 1, max: 3 }), bytes }),
);

const delta: fc.Arbitrary<Delta> = fc.record(
  {
    sequence: u32.map((value) => Math.max(1, value)),
    round: u32,
    acknowledged: u32,
    gamma: fc.float({ min: 0, max: 2, noNaN: true }),
    epoch: fc.integer({ min: 1, max: 65535 }),
    replicaHash: u32,
    degree: fc.integer({ min: 1, max: 4096 }),
    parts: fc.array(part, { minLength: 1, maxLength: 16 }),
  },
  { requiredKeys: ['sequence', 'round', 'acknowledged', 'gamma', 'parts'] },
);

/** Any text, lone surrogates and control characters included. */
const text = (maxLength: number): fc.Arbitrary<string> => fc.string({ maxLength, unit: 'binary' });

const hello: fc.Arbitrary<Hello> = fc.record({
  protocol: fc.nat({ max: 65535 }),
  swarm: text(60),
  configHash: text(60),
  topologyHash: text(60),
  layoutHash: text(60),
  maxFrameBytes: fc.integer({ min: 48, max: 2 ** 31 }),
});

const sync = fc.record(
  {
    incarnation: u32,
    known: u32,
    ask: fc.boolean(),
    model: fc.constantFrom('has' as const, 'none' as const, 'wanted' as const),
    at: fc.record({ round: u32, applied: u32, sent: u32, waits: fc.boolean() }),
  },
  { requiredKeys: ['incarnation', 'known', 'ask', 'model'] },
);

const model = fc.record({
  epoch: fc.nat({ max: 65535 }),
  round: u32.map((value) => Math.max(1, value)),
  bytes: fc
    .array(u32, { minLength: 1, maxLength: 8 })
    .map((words) => new Uint8Array(Uint32Array.from(words).buffer)),
});

export const arbitraryFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.tuple(base, delta).map(([address, value]): Frame => ({ ...address, kind: 'delta', delta: value })),
  fc.tuple(base, hello).map(([address, value]): Frame => ({ ...address, kind: 'hello', hello: value })),
  fc.tuple(base, text(250)).map(([address, reason]): Frame => ({ ...address, kind: 'refuse', reason })),
  fc
    .tuple(base, fc.constantFrom('finished' as const, 'interrupted' as const, 'failed' as const))
    .map(([address, reason]): Frame => ({ ...address, kind: 'bye', reason })),
  fc
    .tuple(base, fc.constantFrom('accept' as const, 'heartbeat' as const))
    .map(([address, kind]): Frame => ({ ...address, kind })),
  fc.tuple(base, sync).map(([address, value]): Frame => ({ ...address, kind: 'sync', sync: value })),
  fc.tuple(base, model).map(([address, value]): Frame => ({ ...address, kind: 'model', model: value })),
);
