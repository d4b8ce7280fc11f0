/**
 * Vectors that the kernels reach without a copy: they lie side by side in a WebAssembly memory made for them, and are
 * otherwise ordinary Float32Arrays. Kernels that get such a vector (`kernelsFor`) run in its memory: a peer that keeps
 * its parameters and its replicas in one has neither to copy them in to encode nor in and out to decode.
 *
 * Nobody frees anything: views, memory and functions refer to each other only, and go when the last view goes. The
 * memory never grows, since that would detach the views; what needs more room than is left runs in the shared memory,
 * on copies. Whether a vector is one of these changes time, never a bit.
 */
import { createKernels, type Kernels, kernels, RESIDENT_BYTES } from './kernels.js';

/** Shorter vectors fit a first-level cache several times over; copying them costs less than looking them up. */
const LEAST_BYTES = 65_536;
/** V8 reserves 10 GiB of addresses for a memory, and systems give a process 128 TiB, some far less. */
const MOST_MEMORIES = 32;
/** Above the vectors: tiles, and the factors of a block at rank 64 with sides of 8192. Pages never used cost nothing. */
const SCRATCH_BYTES = 16 * 2 ** 20;
/** Addresses are 32 bits, and V8 takes no Float32Array of more bytes. */
const MOST_BYTES = 2 ** 32 - 2 ** 16;
const ALIGNMENT = 64;

const owners = new WeakMap<ArrayBufferLike, Kernels>();
let memories = 0;
/** A memory could not be had: V8 takes a tenth of a second to find that out, so nobody asks again. */
let refused = false;
const ended = new FinalizationRegistry<null>(() => {
  memories -= 1;
});

/** Room for `bytes` of vectors, or null where there is none. */
function createMemory(bytes: number): Kernels | null {
  try {
    const engine = createKernels();
    engine.reserve(bytes + SCRATCH_BYTES, 0);
    engine.fix();
    return engine;
  } catch {
    refused = true; // no addresses, or no memory: ordinary arrays do as well
    return null;
  }
}

/**
 * Gives vectors of `length` zeros: the first `count` lie where kernels reach them, together, and those after them are
 * ordinary arrays; all are where a memory would not pay or cannot be had. Vectors not asked for take no memory.
 */
export function createVectorSource(count: number, length: number): () => Float32Array {
  const stride = Math.ceil((4 * length) / ALIGNMENT) * ALIGNMENT;
  const bytes = count * stride + Math.min(stride, RESIDENT_BYTES);
  const worthwhile = kernels() !== null && 4 * length >= LEAST_BYTES;
  const possible = !refused && memories < MOST_MEMORIES;
  const engine = worthwhile && possible && bytes + SCRATCH_BYTES <= MOST_BYTES ? createMemory(bytes) : null;
  if (engine === null) return () => new Float32Array(length);
  memories += 1;
  const { buffer } = engine.u8;
  owners.set(buffer, engine);
  ended.register(buffer, null);
  const first = engine.take(count * stride);
  let given = 0;
  return () =>
    given < count ? new Float32Array(buffer, first + stride * given++, length) : new Float32Array(length);
}

/**
 * The kernels to be used on `vector` when they are to take `bytes` in at most `areas` areas of memory: those that it
 * lies with, else the shared ones; null where the TypeScript twins do the work.
 */
export function kernelsFor(vector: Float32Array, bytes: number, areas: number): Kernels | null {
  const shared = kernels();
  const own = shared === null ? undefined : owners.get(vector.buffer);
  return own?.hasRoom(bytes, areas) ? own : shared;
}

/** The kernels in whose memory `array` lies; null for an ordinary array. */
export function kernelsHolding(array: ArrayBufferView): Kernels | null {
  const shared = kernels();
  if (shared === null || shared.holds(array)) return shared;
  return owners.get(array.buffer) ?? null;
}
