/**
 * The training program (assembly/training, built to kernels.wasm and kernels-relaxed.wasm) and the memory it works on.
 * The relaxed form has fused multiply-add and is taken wherever this JavaScript engine accepts it: Node 22 and later.
 * A memory belongs to one plan; nothing in it is ever freed alone, the whole goes when nobody refers to it.
 */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.js';

/** Functions on addresses in bytes and counts of numbers; assembly/training documents each. */
export interface TrainingKernels {
  /** Runs the product described at an address: ProductField has the fields. */
  product(at: number): void;
  /** Bytes that a product needs for its panels. */
  roomBytes(): number;
  activate(values: number, count: number, kind: number, kept: number): void;
  activationGradient(gradient: number, from: number, count: number, kind: number): void;
  addBias(values: number, bias: number, rows: number, cols: number): void;
  addInto(values: number, more: number, count: number): void;
  scale(values: number, count: number, factor: number): void;
  // biome-ignore format: one line a function
  descend(x: number, gradient: number, velocity: number, count: number, eta: number, mu: number, lambda: number, nesterov: boolean, keeps: boolean): void;
  sumColumns(sums: number, values: number, rows: number, cols: number, room: number): void;
  softmaxRows(values: number, rows: number, cols: number, causal: boolean): void;
  softmaxGradient(gradient: number, y: number, rows: number, cols: number): void;
  crossEntropy(logits: number, targets: number, rows: number, cols: number, scale: number): number;
  binaryCrossEntropy(logits: number, targets: number, count: number, scale: number): number;
  squaredError(outputs: number, targets: number, count: number, scale: number): number;
  gatherRows(out: number, table: number, indices: number, count: number, cols: number): void;
  scatterRows(table: number, rows: number, indices: number, count: number, cols: number): void;
  // biome-ignore format: one line a function
  maxPool(out: number, chosen: number, image: number, geometry: number, samples: number, room: number): void;
  // biome-ignore format: one line a function
  maxPoolGradient(image: number, gradient: number, chosen: number, geometry: number, samples: number): void;
  // biome-ignore format: one line a function
  averagePool(out: number, image: number, geometry: number, samples: number, room: number, back: boolean): void;
  // biome-ignore format: one line a function
  averageRows(out: number, values: number, samples: number, places: number, cols: number, back: boolean): void;
  // biome-ignore format: one line a function
  depthwise(places: number, image: number, kernel: number, geometry: number, samples: number, multiplier: number, direction: number): void;
  // biome-ignore format: one line a function
  normalize(out: number, x: number, samples: number, places: number, channels: number, groups: number, gamma: number, beta: number, epsilon: number, statistics: number, room: number): void;
  // biome-ignore format: one line a function
  normalizeWith(out: number, x: number, rows: number, channels: number, gamma: number, beta: number, means: number, variances: number, epsilon: number, room: number): void;
  // biome-ignore format: one line a function
  normalizeGradient(dx: number, dy: number, x: number, samples: number, places: number, channels: number, groups: number, gamma: number, dGamma: number, dBeta: number, statistics: number, room: number, more: boolean): void;
}

export interface TrainingProgram {
  readonly module: WebAssembly.Module;
  /** Whether products are fused multiply-adds. */
  readonly relaxed: boolean;
}

/** Beside this folder in the package, and in the last build when this file runs as TypeScript. */
const PLACES = ['../', '../../../dist/training/'];

function readProgram(name: string): Uint8Array<ArrayBuffer> {
  let missing: unknown;
  for (const place of PLACES) {
    try {
      return new Uint8Array(readFileSync(new URL(`${place}${name}`, import.meta.url)));
    } catch (error) {
      missing = error;
    }
  }
  throw missing;
}

let loaded: TrainingProgram | string | undefined;

function load(): TrainingProgram | string {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) {
    return 'this machine stores the highest byte first, WebAssembly the lowest';
  }
  try {
    const fused = readProgram('kernels-relaxed.wasm');
    const relaxed = WebAssembly.validate(fused);
    return { module: new WebAssembly.Module(relaxed ? fused : readProgram('kernels.wasm')), relaxed };
  } catch (error) {
    return `the training kernels did not load: ${messageOf(error)}`;
  }
}

/** The program, compiled once a process, or why there is none. */
export function trainingProgram(): TrainingProgram | string {
  loaded ??= load();
  return loaded;
}

/** The program's functions at work on `memory`. */
export function instantiateKernels({ module }: TrainingProgram, memory: WebAssembly.Memory): TrainingKernels {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return exports as unknown as TrainingKernels;
}

const PAGE_BYTES = 65_536;
/** Every area begins on a cache line. */
const ALIGNMENT = 64;

/** A memory that grows while it is laid out; views are read anew from it after that. */
export class PlanMemory {
  readonly kernels: TrainingKernels;
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  f32 = new Float32Array(this.memory.buffer);
  i32 = new Int32Array(this.memory.buffer);
  /** Address 0 stays free so that 0 can say "nowhere". */
  private top = ALIGNMENT;

  constructor(program: TrainingProgram) {
    this.kernels = instantiateKernels(program, this.memory);
  }

  /** The address of room for `count` numbers of four bytes, zeros; rounded up to whole vectors. */
  take(count: number): number {
    const address = this.top;
    this.top += Math.ceil((4 * count) / ALIGNMENT) * ALIGNMENT + ALIGNMENT;
    const missing = this.top - this.memory.buffer.byteLength;
    if (missing > 0) {
      this.memory.grow(Math.ceil(missing / PAGE_BYTES));
      this.f32 = new Float32Array(this.memory.buffer);
      this.i32 = new Int32Array(this.memory.buffer);
    }
    return address;
  }

  /** `count` numbers at `address`. */
  floats(address: number, count: number): Float32Array {
    return this.f32.subarray(address / 4, address / 4 + count);
  }

  /** Bytes taken. */
  get bytes(): number {
    return this.top;
  }
}
