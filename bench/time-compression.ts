/**
 * Times one warm message: encode x - y, and decode into a third vector, as a peer does each round with each neighbor.
 * The best of many runs, because whatever else the machine does only ever adds; beside each run a plain copy of as many
 * numbers, so that figures of two machines, or of two hours of one, can be compared by their ratio to it.
 */
import { createRandom, uniform } from '../src/base/random.js';
import { decodeAddInto } from '../src/compression/message.js';
import { compressors } from '../src/compression/registry.js';
import { createVectorSource } from '../src/linalg/vectors.js';
import type { CompressionCase } from './compression-cases.js';
import type { Model } from './models.js';

/** All times are the best in milliseconds. */
export interface CompressionTiming {
  readonly name: string;
  /** Numbers of the model. */
  readonly size: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
  /** Best sum of the two in one run. */
  readonly bothMs: number;
  /** A copy of as many float32 numbers by Float32Array.set. */
  readonly copyMs: number;
  /** bothMs / copyMs. */
  readonly copies: number;
  /** Bytes of parameters a second, encoded and decoded. */
  readonly gigabytesPerSecond: number;
  readonly messageBytes: number;
}

export interface TimingOptions {
  readonly runs: number;
  /** A case that has taken this long stops, with the runs it has. */
  readonly budgetMs: number;
}

/** Numbers encoded before anything counts: enough for V8 to have compiled what is hot for good. */
const WARM_UP_NUMBERS = 4e7;
const MOST_WARM_UPS = 400;
/** Of a case's budget at most. */
const WARM_UP_SHARE = 0.3;
/** Quick cases go on for this long: one slice of the processor taken away must not spoil all of their runs. */
const LEAST_MS = 200;

interface Vectors {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly target: Float32Array;
}

/** Small differences of parameters, the same each time, in vectors as peers have them (consensus/peer-state.ts). */
export function vectorsFor({ size, name }: Model): Vectors {
  const random = createRandom('bench', name);
  const createVector = createVectorSource(3, size);
  const [x, y, target] = [createVector(), createVector(), createVector()];
  for (let i = 0; i < size; i++) x[i] = 0.1 * (uniform(random) - 0.5);
  for (let i = 0; i < size; i++) y[i] = x[i]! + 0.01 * (uniform(random) - 0.5);
  target.set(y);
  return { x, y, target };
}

function timeMs(run: () => void): number {
  const startedMs = performance.now();
  run();
  return performance.now() - startedMs;
}

/** Times a case. The first messages are for the power iteration and the compiler to warm up, and do not count. */
export function timeCompression(
  { name, model, spec }: CompressionCase,
  { x, y, target }: Vectors,
  { runs, budgetMs }: TimingOptions,
): CompressionTiming {
  const { blocks, size } = model;
  const compressor = compressors.resolve(spec);
  const state = compressor.createState(blocks, createRandom('bench', spec));
  let message: Uint8Array = new Uint8Array(0);
  const encode = () => {
    message =
      compressor.encodeDifference?.({ values: x, subtrahend: y }, blocks, state) ??
      compressor.encode(x, blocks, state);
  };
  const run = () => ({
    copyMs: timeMs(() => target.set(y)),
    encodeMs: timeMs(encode),
    decodeMs: timeMs(() => decodeAddInto(target, message, blocks)),
  });
  const beganMs = performance.now();
  const elapsedMs = () => performance.now() - beganMs;
  const warmUps = Math.max(2, Math.min(MOST_WARM_UPS, Math.ceil(WARM_UP_NUMBERS / size)));
  for (let k = 0; k < warmUps && elapsedMs() < WARM_UP_SHARE * budgetMs; k++) run();
  const warmMs = elapsedMs();
  const best = { encodeMs: Infinity, decodeMs: Infinity, bothMs: Infinity, copyMs: Infinity };
  for (let k = 0; k === 0 || ((k < runs || elapsedMs() < warmMs + LEAST_MS) && elapsedMs() < budgetMs); k++) {
    const { copyMs, encodeMs, decodeMs } = run();
    best.copyMs = Math.min(best.copyMs, copyMs);
    best.encodeMs = Math.min(best.encodeMs, encodeMs);
    best.decodeMs = Math.min(best.decodeMs, decodeMs);
    best.bothMs = Math.min(best.bothMs, encodeMs + decodeMs);
  }
  const gigabytesPerSecond = (4e-6 * size) / best.bothMs;
  return {
    name,
    size,
    ...best,
    copies: best.bothMs / best.copyMs,
    gigabytesPerSecond,
    messageBytes: message.length,
  };
}
