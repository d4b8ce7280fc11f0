/**
 * The products of one block with a factor and back, as low-rank compression needs them:
 *
 *     Z = x - y in float32;   left = Z right;   orthonormalize left;   right = Z^T left
 *
 * The kernels multiply in float32: Z is formed in tiles on its way into their memory and, up to RESIDENT_BYTES,
 * stays there for all products; a larger one is formed again for each, which reads memory as often as reading a
 * stored Z would. Sums run over at most 256 numbers in float32 before they go on, in float64 over the tiles of Z^T;
 * relative to the norms of what is multiplied the error is a few 1e-7. The twin sums in float64.
 *
 * Encoder only: the order of sums is free here. A receiver sees what was found and never how.
 */
import { type Kernels, kernels, TILE_BYTES } from './kernels.js';
import { orthonormalizeInPlace } from './orthonormalize.js';
import { createFactor, type Factor, productInto, transposedProductInto } from './skinny-products.js';

/** The matrix x - y, or x where there is no y; row-major float32. */
export interface Difference {
  readonly values: Float32Array;
  readonly subtrahend?: Float32Array | undefined;
  readonly rows: number;
  readonly cols: number;
}

/** One block under way, from `begin` to `end`. */
export interface PowerIteration {
  /** r vectors of m. A view that lives until `end`. */
  readonly left: Factor;
  /** r vectors of n; likewise. */
  readonly right: Factor;
  /** max |z|; not finite when an entry is not. */
  readonly magnitude: number;
  /** ||Z||_F^2. */
  readonly energy: number;
  /** left = Z right. */
  multiply(): void;
  /** left = an orthonormal basis of its span (orthonormalize.ts). */
  orthonormalize(): void;
  /** right = Z^T left. */
  multiplyBack(): void;
  /** Gives the memory back; always to be called. */
  end(): void;
}

/** Blocks up to this size stay in the kernels' memory from the first product to the last. */
const RESIDENT_BYTES = 8 * 2 ** 20;
/** Rows of Z^T P that are summed in float32. */
const ROWS_PER_SUM = 256;
/** Vectors that share an instruction. */
const GROUP = 4;
/**
 * Magnitudes outside this range go to the twin, so that squares and products stay far inside float32. Trained
 * parameters and their differences are nowhere near.
 */
const LARGEST = 2 ** 50;
const SMALLEST = 2 ** -50;

/** Starts on `block` with right = `start` (r vectors of n), and multiplies: left = Z right. */
export function beginPowerIteration(block: Difference, start: Float32Array): PowerIteration {
  const engine = kernels();
  if (engine !== null) {
    const iteration = new KernelIteration(engine, block, start);
    const { magnitude } = iteration;
    if (magnitude === 0 || (magnitude >= SMALLEST && magnitude <= LARGEST)) return iteration;
    iteration.end();
  }
  return new TwinIteration(block, start);
}

class KernelIteration implements PowerIteration {
  readonly left: Factor;
  readonly right: Factor;
  magnitude = 0;
  energy = 0;
  private readonly engine: Kernels;
  private readonly block: Difference;
  private readonly mark: number;
  private readonly resident: boolean;
  /** Rows of a tile. */
  private readonly tileRows: number;
  /** Addresses: Z or a tile of it, a tile of y, both factors in groups of four vectors, what a pass measures. */
  private readonly z: number;
  private readonly y: number;
  private readonly leftGroups: number;
  private readonly rightGroups: number;
  private readonly measured: number;

  constructor(engine: Kernels, block: Difference, start: Float32Array) {
    const { rows, cols } = block;
    const rank = start.length / cols;
    const groupBytes = 4 * GROUP * Math.ceil(rank / GROUP);
    this.engine = engine;
    this.block = block;
    this.mark = engine.mark();
    this.resident = 4 * rows * cols <= RESIDENT_BYTES;
    this.tileRows = Math.min(rows, Math.max(GROUP, Math.floor(TILE_BYTES / (4 * cols * GROUP)) * GROUP));
    const tileBytes = 4 * this.tileRows * cols;
    const zBytes = this.resident ? 4 * rows * cols : tileBytes;
    const factorBytes = 8 * rank * (rows + cols);
    // Twice the factors: rounding them for the wire (factor-section.ts) takes room on top, and views must live.
    engine.reserve(zBytes + tileBytes + (rows + cols) * groupBytes + 2 * factorBytes, 16);
    this.z = engine.take(zBytes);
    this.y = engine.take(tileBytes);
    this.leftGroups = engine.take(rows * groupBytes);
    this.rightGroups = engine.take(cols * groupBytes);
    this.measured = engine.take(16);
    this.left = this.takeFactor(rows, rank);
    this.right = this.takeFactor(cols, rank);
    this.right.values.set(start);
    this.begin();
  }

  private takeFactor(length: number, rank: number): Factor {
    const at = this.engine.take(8 * length * rank) / 8;
    return { values: this.engine.f64.subarray(at, at + length * rank), length, rank };
  }

  /** The first product, which forms Z and measures it on the way. */
  private begin(): void {
    const { f64, u32, f32 } = this.engine;
    f64[this.measured / 8] = 0;
    u32[this.measured / 4 + 2] = 0;
    this.product(true);
    this.energy = f64[this.measured / 8]!;
    this.magnitude = f32[this.measured / 4 + 2]!;
  }

  /** The address of the rows from `first` on, brought in unless they are there. */
  private tile(first: number, count: number, fresh: boolean): number {
    const { engine, block } = this;
    const { cols, values, subtrahend } = block;
    const range = { start: first * cols, end: (first + count) * cols };
    const at = this.resident ? this.z + 4 * range.start : this.z;
    if (this.resident && !fresh) return at;
    engine.copyIn(at, values, range);
    if (subtrahend === undefined) {
      if (fresh) engine.run.measure(at, count * cols, this.measured);
    } else {
      engine.copyIn(this.y, subtrahend, range);
      engine.run.formDifference(at, at, this.y, count * cols, this.measured);
    }
    return at;
  }

  multiply(): void {
    this.product(false);
  }

  private product(fresh: boolean): void {
    const { run } = this.engine;
    const { rows, cols } = this.block;
    const { rank } = this.left;
    run.groupVectors(this.rightGroups, this.right.values.byteOffset, cols, rank);
    for (let first = 0; first < rows; first += this.tileRows) {
      const count = Math.min(this.tileRows, rows - first);
      const tile = this.tile(first, count, fresh);
      for (let g = 0; g * GROUP < rank; g++) {
        const out = this.leftGroups + 16 * (g * rows + first);
        run.project(out, tile, count, cols, this.rightGroups + 16 * g * cols);
      }
    }
    run.ungroupVectors(this.left.values.byteOffset, this.leftGroups, rows, rank);
  }

  orthonormalize(): void {
    this.engine.run.orthonormalize(this.left.values.byteOffset, this.left.length, this.left.rank);
  }

  multiplyBack(): void {
    const { run } = this.engine;
    const { rows, cols } = this.block;
    const { rank, values: right } = this.right;
    run.groupVectors(this.leftGroups, this.left.values.byteOffset, rows, rank);
    right.fill(0);
    let summed = 0; // rows whose products wait in rightGroups
    for (let first = 0; first < rows; first += this.tileRows) {
      const count = Math.min(this.tileRows, rows - first);
      const tile = this.tile(first, count, false);
      for (let g = 0; g * GROUP < rank; g++) {
        const own = this.leftGroups + 16 * (g * rows + first);
        run.backProject(this.rightGroups + 16 * g * cols, tile, count, cols, own, summed > 0);
      }
      summed += count;
      if (summed < ROWS_PER_SUM && first + count < rows) continue;
      run.addGroups(right.byteOffset, this.rightGroups, cols, rank);
      summed = 0;
    }
  }

  end(): void {
    this.engine.release(this.mark);
  }
}

/** The same in TypeScript, summed in float64. */
class TwinIteration implements PowerIteration {
  readonly left: Factor;
  readonly right: Factor;
  readonly magnitude: number;
  readonly energy: number;
  private readonly matrix: { readonly values: Float32Array; readonly rows: number; readonly cols: number };

  constructor({ values, subtrahend, rows, cols }: Difference, start: Float32Array) {
    const z = subtrahend === undefined ? values : values.map((value, i) => value - subtrahend[i]!);
    this.matrix = { values: z, rows, cols };
    let magnitude = 0;
    let energy = 0;
    for (let i = 0; i < z.length; i++) {
      magnitude = Math.max(magnitude, Math.abs(z[i]!)); // NaN, once in, stays
      energy += z[i]! * z[i]!;
    }
    this.magnitude = magnitude;
    this.energy = energy;
    const rank = start.length / cols;
    this.left = createFactor(rows, rank);
    this.right = { values: Float64Array.from(start), length: cols, rank };
    this.multiply();
  }

  multiply(): void {
    productInto(this.left, this.matrix, this.right);
  }

  orthonormalize(): void {
    orthonormalizeInPlace(this.left);
  }

  multiplyBack(): void {
    transposedProductInto(this.right, this.matrix, this.left);
  }

  end(): void {}
}
