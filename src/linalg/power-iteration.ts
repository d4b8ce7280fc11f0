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
import { groupedBytes, type Kernels, RESIDENT_BYTES, TILE_BYTES } from './kernels.js';
import { orthonormalizeInPlace } from './orthonormalize.js';
import { createFactor, type Factor, productInto, transposedProductInto } from './skinny-products.js';
import { kernelsFor } from './vectors.js';

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
  /** r vectors of n; likewise, from the first `multiplyBack` on. */
  readonly right: Factor;
  /** ||Z||_F^2; not finite when an entry is not. */
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

/** Rows of Z^T P that are summed in float32. */
const ROWS_PER_SUM = 256;
/** Rows that share a pass; tiles are made of so many. */
const ROWS_PER_PASS = 4;
/** z, a tile of y, both factors in float32 and float64, and what rounding them takes. */
const AREAS = 8;
/**
 * A block with an energy outside this range goes to the twin, so that squares and products stay far inside float32: no
 * entry is above 2^50, and the largest of fewer than 2^32 is above 2^-56, far above what the squares lose to underflow.
 * Trained parameters and their differences are nowhere near.
 */
const MOST_ENERGY = 2 ** 100;
const LEAST_ENERGY = 2 ** -80;

/** Starts on `block`, and multiplies with `start` (r vectors of n): left = Z start. */
export function beginPowerIteration(block: Difference, start: Float32Array): PowerIteration {
  const plan = planFor(block, start.length / block.cols);
  // Kernels that the replica lies with: whoever decodes into it, too, finds it there.
  const engine = kernelsFor(block.subtrahend ?? block.values, plan.bytes, AREAS);
  if (engine !== null) {
    const iteration = new KernelIteration(engine, block, { start, plan });
    const { energy } = iteration;
    if (energy >= LEAST_ENERGY && energy <= MOST_ENERGY) return iteration;
    if (energy === 0 && isZero(block)) return iteration; // which underflow would look like
    iteration.end();
  }
  return new TwinIteration(block, start);
}

/** What a block takes of the kernels' memory. */
interface Plan {
  /** All of Z stays there. */
  readonly resident: boolean;
  /** Rows of a tile. */
  readonly tileRows: number;
  readonly rank: number;
  readonly bytes: number;
}

function planFor({ rows, cols }: Difference, rank: number): Plan {
  const passes = Math.max(1, Math.floor(TILE_BYTES / (4 * cols * ROWS_PER_PASS)));
  const tileRows = Math.min(rows, passes * ROWS_PER_PASS);
  const resident = 4 * rows * cols <= RESIDENT_BYTES;
  const zBytes = 4 * (resident ? rows : tileRows) * cols;
  // A factor in float64, and once more: rounding it for the wire (factor-section.ts) takes room on top.
  const factorBytes = (8 + 8) * rank * (rows + cols) + groupedBytes(rows, rank) + groupedBytes(cols, rank);
  return { resident, tileRows, rank, bytes: zBytes + 4 * tileRows * cols + factorBytes };
}

class KernelIteration implements PowerIteration {
  readonly left: Factor;
  readonly right: Factor;
  energy = 0;
  private readonly engine: Kernels;
  private readonly block: Difference;
  private readonly plan: Plan;
  private readonly mark: number;
  /** Addresses: x and y where they are in reach, else 0. */
  private readonly values: number;
  private readonly subtrahend: number;
  /** Addresses: Z or a tile of it, a tile of y, both factors in float32 (groups.ts). */
  private readonly z: number;
  private readonly y: number;
  private readonly leftSingles: number;
  private readonly rightSingles: number;

  constructor(
    engine: Kernels,
    block: Difference,
    { start, plan }: { readonly start: Float32Array; readonly plan: Plan },
  ) {
    const { rows, cols, values, subtrahend } = block;
    const { resident, tileRows, rank } = plan;
    this.engine = engine;
    this.block = block;
    this.plan = plan;
    this.mark = engine.mark();
    engine.reserve(plan.bytes, AREAS);
    this.values = engine.holds(values) ? values.byteOffset : 0;
    this.subtrahend = subtrahend !== undefined && engine.holds(subtrahend) ? subtrahend.byteOffset : 0;
    this.z = engine.take(4 * (resident ? rows : tileRows) * cols);
    this.y = engine.take(4 * tileRows * cols);
    this.leftSingles = engine.take(groupedBytes(rows, rank));
    this.rightSingles = engine.take(groupedBytes(cols, rank));
    this.left = this.takeFactor(rows, rank);
    this.right = this.takeFactor(cols, rank);
    // As float32 on its way into groups; `right` is not read before it has been computed.
    const at = this.right.values.byteOffset;
    engine.f32.set(start, at / 4);
    engine.run.groupSingles(this.rightSingles, at, cols, rank);
    this.product(true);
  }

  private takeFactor(length: number, rank: number): Factor {
    const at = this.engine.take(8 * length * rank) / 8;
    return { values: this.engine.f64.subarray(at, at + length * rank), length, rank };
  }

  /** The address of the rows from `first` on, formed unless they are there. */
  private tile(first: number, count: number, fresh: boolean): number {
    const { engine, block } = this;
    const { cols, subtrahend } = block;
    const start = first * cols;
    const numbers = count * cols;
    const at = this.plan.resident ? this.z + 4 * start : this.z;
    if (this.plan.resident && !fresh)
      return this.values !== 0 && subtrahend === undefined ? this.values + 4 * start : at;
    const x = this.placed(block.values, this.values, { start, numbers, at });
    if (subtrahend === undefined) {
      if (fresh) this.energy += engine.run.energyOf(x, numbers);
      return x;
    }
    const y = this.placed(subtrahend, this.subtrahend, { start, numbers, at: this.y });
    const energy = engine.run.formDifference(at, x, y, numbers);
    if (fresh) this.energy += energy;
    return at;
  }

  /** The address of `numbers` numbers of `array` from `start` on: where they are, or else `at`, where they are brought. */
  private placed(
    array: Float32Array,
    address: number,
    { start, numbers, at }: { readonly start: number; readonly numbers: number; readonly at: number },
  ): number {
    if (address !== 0) return address + 4 * start;
    this.engine.copyIn(at, array, { start, end: start + numbers });
    return at;
  }

  multiply(): void {
    this.product(false);
  }

  /** left = Z right; the first one, `fresh`, forms Z and sums up its energy on the way. */
  private product(fresh: boolean): void {
    const { run } = this.engine;
    const { rows, cols } = this.block;
    const { tileRows, rank } = this.plan;
    const { leftSingles, rightSingles } = this;
    if (!fresh) run.groupVectors(rightSingles, this.right.values.byteOffset, cols, rank);
    for (let first = 0; first < rows; first += tileRows) {
      const count = Math.min(tileRows, rows - first);
      const tile = this.tile(first, count, fresh);
      run.project(leftSingles, rows, first, tile, count, cols, rightSingles, rank);
    }
    run.ungroupVectors(this.left.values.byteOffset, leftSingles, rows, rank);
  }

  orthonormalize(): void {
    this.engine.run.orthonormalize(this.left.values.byteOffset, this.left.length, this.left.rank);
  }

  multiplyBack(): void {
    const { run } = this.engine;
    const { rows, cols } = this.block;
    const { tileRows, rank } = this.plan;
    const { leftSingles, rightSingles } = this;
    const right = this.right.values.byteOffset;
    run.groupVectors(leftSingles, this.left.values.byteOffset, rows, rank);
    let summed = 0; // rows whose products wait in rightSingles
    let moved = false; // some are in `right`
    for (let first = 0; first < rows; first += tileRows) {
      const count = Math.min(tileRows, rows - first);
      const tile = this.tile(first, count, false);
      run.backProject(rightSingles, tile, count, cols, leftSingles, rows, first, rank, summed > 0);
      summed += count;
      if (summed < ROWS_PER_SUM && first + count < rows) continue;
      if (moved) run.addGroups(right, rightSingles, cols, rank);
      else run.ungroupVectors(right, rightSingles, cols, rank);
      moved = true;
      summed = 0;
    }
  }

  end(): void {
    this.engine.release(this.mark);
  }
}

/** Whether x = y everywhere. */
function isZero({ values, subtrahend }: Difference): boolean {
  let i = 0;
  while (i < values.length && values[i] === (subtrahend === undefined ? 0 : subtrahend[i])) i++;
  return i === values.length;
}

/** The same in TypeScript, summed in float64. */
class TwinIteration implements PowerIteration {
  readonly left: Factor;
  readonly right: Factor;
  readonly energy: number;
  private readonly matrix: { readonly values: Float32Array; readonly rows: number; readonly cols: number };

  constructor({ values, subtrahend, rows, cols }: Difference, start: Float32Array) {
    const z = subtrahend === undefined ? values : values.map((value, i) => value - subtrahend[i]!);
    this.matrix = { values: z, rows, cols };
    let energy = 0;
    for (let i = 0; i < z.length; i++) energy += z[i]! * z[i]!;
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
