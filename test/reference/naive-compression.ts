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

/** The subset of rand-k for a seed, from docs/wire-format.md: a set of numbers, BigInt arithmetic. */
export function naiveSubset(seed: readonly [number, number], size: number, count: number): number[] {
  const mask = 0xffffffffn;
  let state = [BigInt(seed[0]), BigInt(seed[1]), 0x9e3779b9n, 0x7f4a7c15n];
  const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (32n - by))) & mask;
  const next = (): bigint => {
    const [a, b, c, d] = state as [bigint, bigint, bigint, bigint];
    const result = (rotate((b * 5n) & mask, 7n) * 9n) & mask;
    const [c1, d1] = [c ^ a, d ^ b];
    state = [a ^ d1, b ^ c1, c1 ^ ((b << 9n) & mask), rotate(d1, 11n)];
    return result;
  };
  const below = (bound: bigint): bigint => {
    for (;;) {
      const drawn = next();
      if (drawn < 2n ** 32n - (2n ** 32n % bound)) return drawn % bound;
    }
  };
  for (let i = 0; i < 8; i++) next();
  const chosen = new Set<number>();
  for (let j = size - count; j < size; j++) {
    const drawn = Number(below(BigInt(j + 1)));
    chosen.add(chosen.has(drawn) ? j : drawn);
  }
  return [...chosen];
}
