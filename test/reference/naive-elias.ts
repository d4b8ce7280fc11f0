/**
 * QSGD's bodies with Elias codes as rows of the characters 0 and 1, one bit at a time, from the definitions in
 * src/compression/elias.ts and elias-codes.ts: the twin of the code that handles whole words.
 */

/** The recursive code word of a positive integer. */
export function naiveElias(value: number): string {
  let word = '0';
  for (let k = value; k > 1; ) {
    const binary = k.toString(2);
    word = binary + word;
    k = binary.length - 1;
  }
  return word;
}

const naiveSign = (code: number): string => (code < 0 ? '1' : '0');

function naiveDense(codes: readonly number[]): string {
  return codes.map((code) => naiveElias(Math.abs(code) + 1) + (code === 0 ? '' : naiveSign(code))).join('');
}

function naiveSparse(codes: readonly number[]): string {
  let bits = '';
  let previous = -1;
  codes.forEach((code, i) => {
    if (code === 0) return;
    bits += naiveElias(i - previous) + naiveSign(code) + naiveElias(Math.abs(code));
    previous = i;
  });
  return bits + naiveElias(codes.length - previous);
}

/** All buckets' codes, `length` a bucket; the first character is the lowest bit of the first byte. */
export function naiveEliasCodes(codes: readonly number[], length: number): Uint8Array {
  let bits = '';
  for (let start = 0; start < codes.length; start += length) {
    const bucket = codes.slice(start, start + length);
    const [dense, sparse] = [naiveDense(bucket), naiveSparse(bucket)];
    bits += sparse.length < dense.length ? `1${sparse}` : `0${dense}`;
  }
  return bytesOfBits(bits);
}

function bytesOfBits(bits: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (let i = 0; i < bits.length; i++) if (bits[i] === '1') bytes[i >> 3] |= 1 << (i & 7);
  return bytes;
}

/** Bytes as such a row of bits. */
export function bitsOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0').split('').reverse().join('')).join('');
}

class Refused extends Error {}

/** The codes of `bytes`, or null where they are not those of `size` codes, `length` a bucket, up to `levels`. */
export function naiveReadEliasCodes(
  bytes: Uint8Array,
  { size, length, levels }: { readonly size: number; readonly length: number; readonly levels: number },
): number[] | null {
  const bits = bitsOfBytes(bytes);
  let at = 0;
  const bit = (): string => {
    if (at === bits.length) throw new Refused();
    return bits[at++]!;
  };
  const number = (): number => {
    let value = 1;
    while (bit() === '1') {
      if (value > 30) throw new Refused();
      let group = '1';
      for (let k = value; k > 0; k--) group += bit();
      value = Number.parseInt(group, 2);
    }
    return value;
  };
  const codes: number[] = new Array(size).fill(0);
  const put = (i: number, negative: boolean, level: number): void => {
    if (level > levels) throw new Refused();
    codes[i] = negative ? -level : level;
  };
  const dense = (start: number, end: number): void => {
    for (let i = start; i < end; i++) {
      const level = number() - 1;
      if (level > 0) put(i, bit() === '1', level);
    }
  };
  const sparse = (start: number, end: number): void => {
    for (let i = start - 1; ; ) {
      i += number();
      if (i > end) throw new Refused();
      if (i === end) return;
      put(i, bit() === '1', number());
    }
  };
  try {
    for (let start = 0; start < size; start += length) {
      (bit() === '1' ? sparse : dense)(start, Math.min(size, start + length));
    }
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
  return bits.length - at < 8 && !bits.slice(at).includes('1') ? codes : null;
}
