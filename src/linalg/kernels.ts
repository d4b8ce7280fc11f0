/**
 * The WebAssembly kernels and the memory they work on. The program (assembly/*.ts, built to kernels.wasm) is read
 * and compiled at the first use, synchronously: twenty kilobytes, a few milliseconds. Where that is not possible,
 * everything runs on the TypeScript twins with the same results on the receiver's side, and `kernelEngine` says why.
 *
 * Of numbers in ordinary arrays the kernels work on copies in the memory here, a tile of 128 KB at a time, so that
 * a copy costs cache traffic and not memory traffic; vectors.ts has arrays that need no copy. The memory is a stack:
 * `take` gives the next bytes, `release` takes back all since a mark. That of the shared kernels grows and never
 * shrinks: it holds one block of at most RESIDENT_BYTES, or tiles of a larger one, and factors.
 */
import { readFileSync } from 'node:fs';
import { assert } from '../base/assert.js';
import { messageOf } from '../base/errors.js';

/** Functions on addresses in bytes and counts of numbers; assembly/ documents each. */
export interface KernelFunctions {
  readonly memory: WebAssembly.Memory;
  formDifference(z: number, x: number, y: number, count: number): number;
  energyOf(x: number, count: number): number;
  largestMagnitude(x: number, count: number): number;
  orthonormalize(values: number, length: number, rank: number): void;
  // biome-ignore format: one line a function
  addOuterProduct(out: number, rows: number, cols: number, rank: number, p: number, length: number, q: number, sums: number): void;
  groupVectors(groups: number, vectors: number, length: number, rank: number): void;
  groupSingles(groups: number, vectors: number, length: number, rank: number): void;
  ungroupVectors(vectors: number, groups: number, length: number, rank: number): void;
  addGroups(vectors: number, groups: number, length: number, rank: number): void;
  // biome-ignore format: one line a function
  project(p: number, length: number, first: number, z: number, rows: number, cols: number, q: number, rank: number): void;
  // biome-ignore format: one line a function
  backProject(q: number, z: number, rows: number, cols: number, p: number, length: number, first: number, rank: number, more: boolean): void;
  displacementEnergies(
    a: number,
    b: number,
    c: number,
    m: number,
    count: number,
    carry: number,
    result: number,
  ): void;
  // biome-ignore format: one line a function
  absorbDisplacement(out: number, a: number, b: number, c: number, count: number, keep: number, gain: number, factor: number): void;
  scaleDifference(out: number, x: number, y: number, count: number, factor: number): void;
  addVector(target: number, values: number, count: number, negative: boolean): void;
  mirrorDifference(out: number, low: number, high: number, count: number, factor: number): void;
  squaredDistance(x: number, y: number, count: number): number;
  // biome-ignore format: one line a function
  quantizeRuns(codes: number, scales: number, values: number, count: number, run: number, levels: number): void;
  addRuns(out: number, codes: number, scales: number, count: number, run: number): void;
  quantizeFactor(codes: number, values: number, count: number, scale: number, levels: number): void;
  roundFactor(single: number, values: number, count: number): void;
  countHighDigits(histograms: number, x: number, count: number): void;
  countDigits(histogram: number, x: number, count: number, shift: number, prefix: number): void;
  // biome-ignore format: one line a function
  collectAbove(indices: number, x: number, count: number, base: number, threshold: number, ties: number): number;
  packSigns(bits: number, x: number, count: number): void;
  addSigns(out: number, bits: number, count: number, scale: number): void;
  magnitudeSum(x: number, count: number): number;
}

/** Whether the kernels run, and if not, why. */
export interface KernelEngine {
  readonly simd: boolean;
  readonly reason: string | null;
}

const PAGE_BYTES = 65_536;
/** Every area begins on a cache line. */
const ALIGNMENT = 64;
/** The program has no data of its own; address 0 stays free so that an address is never 0. */
const FIRST_ADDRESS = 1024;
/** Bytes of a block that are copied in at a time: two tiles and what they meet fit a second-level cache. */
export const TILE_BYTES = 131_072;
/** Blocks up to this size stay in the kernels' memory from the first product to the last. */
export const RESIDENT_BYTES = 8 * 2 ** 20;

/** Bytes of a float32 factor in groups (assembly/groups.ts): the last block of each vector is filled up. */
export function groupedBytes(length: number, rank: number): number {
  return 16 * rank * Math.ceil(length / 4);
}

/** The functions with views of their memory. Views that a caller keeps die when the memory grows: see `reserve`. */
export class Kernels {
  readonly run: KernelFunctions;
  f32 = new Float32Array(0);
  f64 = new Float64Array(0);
  u32 = new Uint32Array(0);
  u8 = new Uint8Array(0);
  private top = FIRST_ADDRESS;
  /** Set once somebody holds views for longer than a call. */
  private fixed = false;

  constructor(run: KernelFunctions) {
    this.run = run;
    this.view();
  }

  /** From now on the memory does not grow: growing would take its numbers from whoever holds a view. */
  fix(): void {
    this.fixed = true;
  }

  /** Whether `reserve` would succeed. */
  hasRoom(bytes: number, areas: number): boolean {
    return !this.fixed || this.top + bytes + areas * ALIGNMENT <= this.u8.length;
  }

  private view(): void {
    const { buffer } = this.run.memory;
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }

  /** Makes room for `bytes` more than are taken, in at most `areas` areas; after it, `take` keeps views alive. */
  reserve(bytes: number, areas: number): void {
    const missing = this.top + bytes + areas * ALIGNMENT - this.u8.length;
    if (missing <= 0) return;
    assert(!this.fixed, 'a memory with vectors in it does not grow');
    this.run.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.view();
  }

  /** Where the stack stands; for `release`. */
  mark(): number {
    return this.top;
  }

  /** The address of the next `bytes` bytes, which hold anything. */
  take(bytes: number): number {
    const address = this.top;
    this.top += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (this.top > this.u8.length) this.reserve(0, 0);
    return address;
  }

  release(mark: number): void {
    assert(mark <= this.top, 'areas are released in the order opposite to that in which they were taken');
    this.top = mark;
  }

  /** Copies source[start .. end) to `address`. */
  copyIn(
    address: number,
    source: Float32Array,
    range: { readonly start: number; readonly end: number },
  ): void {
    const { start, end } = range;
    const whole = start === 0 && end === source.length;
    this.f32.set(whole ? source : source.subarray(start, end), address >>> 2);
  }

  /** Whether `array` is a view of this memory, so that its byteOffset is an address. */
  holds(array: ArrayBufferView): boolean {
    return array.buffer === this.u8.buffer;
  }
}

/** Beside this file in the package, and in the last build when this file runs as TypeScript. */
const PLACES = ['./kernels.wasm', '../../dist/linalg/kernels.wasm'];

function readProgram(): Uint8Array<ArrayBuffer> {
  let missing: unknown;
  for (const place of PLACES) {
    try {
      return new Uint8Array(readFileSync(new URL(place, import.meta.url)));
    } catch (error) {
      missing = error;
    }
  }
  throw missing;
}

/** undefined: not yet tried. */
let loaded: Kernels | null | undefined;
let reason: string | null = null;
let forced: string | null = null;

let program: WebAssembly.Module | undefined;

/** Kernels with a memory of their own. @throws where WebAssembly or the memory for it is missing */
export function createKernels(): Kernels {
  program ??= new WebAssembly.Module(readProgram());
  const { exports } = new WebAssembly.Instance(program, {});
  return new Kernels(exports as unknown as KernelFunctions);
}

function load(): Kernels | null {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) {
    reason = 'this machine stores the highest byte first, WebAssembly the lowest';
    return null;
  }
  try {
    return createKernels();
  } catch (error) {
    reason = `the kernels did not load: ${messageOf(error)}`;
    return null;
  }
}

/** The shared kernels, or null where the TypeScript twins do the work. */
export function kernels(): Kernels | null {
  if (forced !== null) return null;
  if (loaded === undefined) loaded = load();
  return loaded;
}

/** What does the arithmetic in this process, and why. */
export function kernelEngine(): KernelEngine {
  const simd = kernels() !== null;
  return { simd, reason: simd ? null : (forced ?? reason) };
}

/** From now on the twins do the work, for the reason given; null goes back to the kernels. */
export function forceTwins(why: string | null): void {
  forced = why;
}
