/** Matrices row by row: biases, sums of columns, softmax, and what else knows where a row ends. */
import { exponential } from './exponential';
import { logarithm } from './logarithm';

/** Rows summed in float32 before the sum joins the total: keeps long sums accurate. */
const RUN: i32 = 128;

/** values[i][j] += bias[j] */
export function addBias(values: usize, bias: usize, rows: i32, cols: i32): void {
  const width = <usize>cols << 2;
  const vectors = width & ~15;
  for (let i = 0; i < rows; i++, values += width) {
    let j: usize = 0;
    for (; j < vectors; j += 16) v128.store(values + j, f32x4.add(v128.load(values + j), v128.load(bias + j)));
    for (; j < width; j += 4) store<f32>(values + j, load<f32>(values + j) + load<f32>(bias + j));
  }
}

/** values += more, `count` numbers. */
export function addInto(values: usize, more: usize, count: i32): void {
  addBias(values, more, 1, count);
}

/** values *= factor, `count` numbers. */
export function scale(values: usize, count: i32, factor: f32): void {
  const end = values + (<usize>count << 2);
  const vectors = values + ((<usize>count & ~3) << 2);
  const factors = f32x4.splat(factor);
  for (; values < vectors; values += 16) v128.store(values, f32x4.mul(v128.load(values), factors));
  scaleRow(values, end, factor);
}

/** sums[j] = sum_i values[i][j]; `room` holds a row. */
export function sumColumns(sums: usize, values: usize, rows: i32, cols: i32, room: usize): void {
  const width = <usize>cols << 2;
  memory.fill(sums, 0, width);
  for (let i = 0; i < rows; ) {
    const stop = min(rows, i + RUN);
    memory.fill(room, 0, width);
    for (; i < stop; i++, values += width) addBias(room, values, 1, cols);
    addBias(sums, room, 1, cols);
  }
}

// @ts-expect-error: decorator
@inline
function horizontalSum(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

function largestOf(row: usize, end: usize): f32 {
  let largest = load<f32>(row);
  for (row += 4; row < end; row += 4) largest = max(largest, load<f32>(row));
  return largest;
}

/** row = e^(row - top); returns the sum. */
function exponentials(row: usize, end: usize, top: f32): f32 {
  const vectors = row + ((end - row) & ~15);
  const shift = f32x4.splat(top);
  let sums = f32x4.splat(0);
  for (; row < vectors; row += 16) {
    const e = exponential(f32x4.sub(v128.load(row), shift));
    sums = f32x4.add(sums, e);
    v128.store(row, e);
  }
  let sum = horizontalSum(sums);
  for (; row < end; row += 4) {
    const e = f32x4.extract_lane(exponential(f32x4.splat(load<f32>(row) - top)), 0);
    sum += e;
    store<f32>(row, e);
  }
  return sum;
}

function scaleRow(row: usize, end: usize, factor: f32): void {
  for (; row < end; row += 4) store<f32>(row, load<f32>(row) * factor);
}

/**
 * Softmax of each row, in place. With `causal`, row i of every square of `cols` rows sees entries 0 .. i only, and the
 * others become 0.
 */
export function softmaxRows(values: usize, rows: i32, cols: i32, causal: bool): void {
  const width = <usize>cols << 2;
  for (let i = 0; i < rows; i++, values += width) {
    const seen = causal ? <usize>((i % cols) + 1) << 2 : width;
    const end = values + seen;
    scaleRow(values, end, 1 / exponentials(values, end, largestOf(values, end)));
    if (seen < width) memory.fill(end, 0, width - seen);
  }
}

/** gradient = y (gradient - sum_j gradient_j y_j), row by row, for y = softmax. */
export function softmaxGradient(gradient: usize, y: usize, rows: i32, cols: i32): void {
  const width = <usize>cols << 2;
  for (let i = 0; i < rows; i++, gradient += width, y += width) {
    let product: f32 = 0;
    for (let j: usize = 0; j < width; j += 4) product += load<f32>(gradient + j) * load<f32>(y + j);
    for (let j: usize = 0; j < width; j += 4) {
      store<f32>(gradient + j, load<f32>(y + j) * (load<f32>(gradient + j) - product));
    }
  }
}

/**
 * Softmax cross-entropy: turns `logits` [rows, cols] into its gradient times `scale`, (softmax - onehot) scale, and
 * returns sum_i (log sum_j e^z_ij - z_i,target). Targets are whole numbers stored as float32.
 */
export function crossEntropy(logits: usize, targets: usize, rows: i32, cols: i32, scale: f32): f64 {
  const width = <usize>cols << 2;
  let loss: f64 = 0;
  for (let i = 0; i < rows; i++, logits += width, targets += 4) {
    const end = logits + width;
    const target = logits + (<usize>load<f32>(targets) << 2);
    const top = largestOf(logits, end);
    const own = load<f32>(target);
    const sum = exponentials(logits, end, top);
    loss += logarithm(<f64>sum) + <f64>top - <f64>own;
    scaleRow(logits, end, scale / sum);
    store<f32>(target, load<f32>(target) - scale);
  }
  return loss;
}

/** As crossEntropy, for one logit a target of 0 or 1: log(1 + e^z) - t z, gradient (sigmoid(z) - t) scale. */
export function binaryCrossEntropy(logits: usize, targets: usize, count: i32, scale: f32): f64 {
  let loss: f64 = 0;
  for (let i = 0; i < count; i++, logits += 4, targets += 4) {
    const z = load<f32>(logits);
    const t = load<f32>(targets);
    const e = f32x4.extract_lane(exponential(f32x4.splat(-abs(z))), 0);
    loss += <f64>max<f32>(z, 0) - <f64>(z * t) + logarithm(1 + <f64>e);
    const sigmoid = z < 0 ? e / (1 + e) : 1 / (1 + e);
    store<f32>(logits, (sigmoid - t) * scale);
  }
  return loss;
}

/** sum (y - t)^2; `outputs` becomes its gradient 2 (y - t) times `scale`. */
export function squaredError(outputs: usize, targets: usize, count: i32, scale: f32): f64 {
  let loss: f64 = 0;
  for (let i = 0; i < count; i++, outputs += 4, targets += 4) {
    const difference = <f64>load<f32>(outputs) - <f64>load<f32>(targets);
    loss += difference * difference;
    store<f32>(outputs, <f32>(2 * difference * <f64>scale));
  }
  return loss;
}

/** out[i] = table[indices[i]] for rows of `cols`; indices are whole numbers stored as float32. */
export function gatherRows(out: usize, table: usize, indices: usize, count: i32, cols: i32): void {
  const width = <usize>cols << 2;
  for (let i = 0; i < count; i++, out += width, indices += 4) {
    memory.copy(out, table + <usize>load<f32>(indices) * width, width);
  }
}

/** table[indices[i]] += rows[i]: the gradient of gatherRows, and the sum of segments. */
export function scatterRows(table: usize, rows: usize, indices: usize, count: i32, cols: i32): void {
  const width = <usize>cols << 2;
  for (let i = 0; i < count; i++, rows += width, indices += 4) {
    addBias(table + <usize>load<f32>(indices) * width, rows, 1, cols);
  }
}
