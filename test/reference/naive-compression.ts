/** Naive twins of src/compression: sorting instead of radix selection, text instead of shifts. */

/** Indices of the k entries of largest magnitude, ties to the lowest index, ascending: by a full sort. */
export function naiveSelectTop(values: Float32Array, count: number): number[] {
  return [...values.keys()]
    .sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** Two's complement nibbles as hexadecimal text, the earlier code in the low half of each byte. */
export function naivePackNibbles(codes: readonly number[]): Uint8Array {
  const digits = codes.map((code) => (code < 0 ? code + 16 : code).toString(16));
  if (digits.length % 2 === 1) digits.push('0');
  const bytes: number[] = [];
  for (let i = 0; i < digits.length; i += 2) bytes.push(Number.parseInt(digits[i + 1] + digits[i], 16));
  return Uint8Array.from(bytes);
}

/** ||x||^2. */
export function squaredNorm(x: Float32Array): number {
  return x.reduce((sum, value) => sum + value * value, 0);
}

/** ||x - y||^2. */
export function squaredDistance(x: Float32Array, y: Float32Array): number {
  return x.reduce((sum, value, i) => sum + (value - y[i]) ** 2, 0);
}
