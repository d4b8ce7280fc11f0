/**
 * The k entries of largest magnitude in O(d), ties to the lowest index. The bits of |x| as an integer order
 * float32 numbers as their values do, so a radix selection over 11 + 10 + 10 bits finds the exact k-th magnitude
 * with three histograms and no comparison sort; NaN must have been refused before. The kernels do the same, and skip
 * four entries at a time where none can be among the largest.
 */
import { type Kernels, kernels } from '../linalg/kernels.js';
import { readTiles } from '../linalg/tiles.js';

/** Bits of |x|: all but the sign. */
const MAGNITUDE_MASK = 0x7fffffff;
/** Digits of the 31-bit magnitude, most significant first. */
const DIGITS = [
  { shift: 20, bits: 11 },
  { shift: 10, bits: 10 },
  { shift: 0, bits: 10 },
];

type Digit = (typeof DIGITS)[number];

/** How many entries with the bits `prefix` above a digit have each of its values. */
type CountDigit = (digit: Digit, prefix: number) => Uint32Array;

/** The bit pattern of the k-th largest magnitude, and how many entries exceed it. */
function findThreshold(countDigit: CountDigit, count: number): { threshold: number; above: number } {
  let prefix = 0;
  let above = 0;
  for (const place of DIGITS) {
    const { bits } = place;
    const histogram = countDigit(place, prefix);
    let digit = 2 ** bits - 1;
    while (above + histogram[digit] < count) above += histogram[digit--];
    prefix = prefix * 2 ** bits + digit;
  }
  return { threshold: prefix, above };
}

/** Indices of the `count` entries of largest |x|, ascending; `count` from 1 to values.length. */
export function selectTop(values: Float32Array, count: number): Uint32Array {
  const engine = kernels();
  return engine === null ? selectTwin(values, count) : selectByKernels(engine, values, count);
}

function selectTwin(values: Float32Array, count: number): Uint32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const countDigit: CountDigit = ({ shift, bits }, prefix) => {
    const histogram = new Uint32Array(2 ** bits);
    const digitMask = 2 ** bits - 1;
    for (let i = 0; i < words.length; i++) {
      const magnitude = words[i] & MAGNITUDE_MASK;
      // `>>> 31` of a magnitude is 0 as is the empty prefix, so the first digit counts every entry.
      if (magnitude >>> (shift + bits) === prefix) histogram[(magnitude >>> shift) & digitMask]++;
    }
    return histogram;
  };
  const { threshold, above } = findThreshold(countDigit, count);
  const chosen = new Uint32Array(count);
  let ties = count - above;
  let used = 0;
  for (let i = 0; used < count; i++) {
    const magnitude = words[i] & MAGNITUDE_MASK;
    if (magnitude > threshold || (magnitude === threshold && ties-- > 0)) chosen[used++] = i;
  }
  return chosen;
}

/** Four histograms of 2048 counts: see assembly/select.ts. */
const HISTOGRAMS = 4;
const HIGH_DIGITS = 2048;

function selectByKernels(engine: Kernels, values: Float32Array, count: number): Uint32Array {
  const mark = engine.mark();
  const slots = HISTOGRAMS * HIGH_DIGITS;
  const at = engine.take(4 * slots);
  const countDigit: CountDigit = ({ shift, bits }, prefix) => {
    engine.u32.fill(0, at / 4, at / 4 + slots);
    readTiles(engine, values, ({ address, start, end }) => {
      if (bits === 11) engine.run.countHighDigits(at, address, end - start);
      else engine.run.countDigits(at, address, end - start, shift, prefix);
    });
    const histogram = engine.u32.slice(at / 4, at / 4 + 2 ** bits);
    for (let k = HIGH_DIGITS; bits === 11 && k < slots; k++) {
      histogram[k % HIGH_DIGITS] += engine.u32[at / 4 + k];
    }
    return histogram;
  };
  const { threshold, above } = findThreshold(countDigit, count);
  const chosen = new Uint32Array(count);
  engine.u32[at / 4] = count - above;
  let used = 0;
  readTiles(engine, values, ({ address, start, end }) => {
    const inner = engine.mark();
    const indices = engine.take(4 * (end - start));
    const found = engine.run.collectAbove(indices, address, end - start, start, threshold, at);
    chosen.set(engine.u32.subarray(indices / 4, indices / 4 + found), used);
    used += found;
    engine.release(inner);
  });
  engine.release(mark);
  return chosen;
}
