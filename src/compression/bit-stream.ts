/**
 * Numbers of any width in a row of bits. Bits fill each byte from the lowest up, and a number goes from its lowest
 * bit to its highest, so that four-bit codes lie as in quantizer.ts, the earlier in the low half. The last byte is
 * padded with zeros.
 */

/** Writes bits into a buffer of known size. */
export class BitWriter {
  private readonly buffer: Uint8Array;
  private used = 0;
  private waiting = 0;
  private waitingBits = 0;

  constructor(capacityBytes: number) {
    this.buffer = new Uint8Array(capacityBytes);
  }

  /** Appends the lowest `width` bits of `value`, an integer from 0 to 2^width - 1; `width` from 1 to 24. */
  put(value: number, width: number): void {
    this.waiting |= value << this.waitingBits;
    this.waitingBits += width;
    while (this.waitingBits >= 8) {
      this.buffer[this.used++] = this.waiting & 255;
      this.waiting >>>= 8;
      this.waitingBits -= 8;
    }
  }

  /** The bytes written, the last one padded; a view of the buffer. */
  finish(): Uint8Array {
    if (this.waitingBits > 0) this.put(0, 8 - this.waitingBits);
    return this.buffer.subarray(0, this.used);
  }
}

/** Reads what BitWriter wrote. Past the end it reads zeros, and says so. */
export class BitReader {
  private readonly source: Uint8Array;
  private at = 0;
  private waiting = 0;
  private waitingBits = 0;

  constructor(source: Uint8Array) {
    this.source = source;
  }

  /** The next `width` bits as an integer; `width` from 1 to 24. */
  take(width: number): number {
    while (this.waitingBits < width) {
      const byte = this.at < this.source.length ? this.source[this.at] : 0;
      this.waiting |= byte << this.waitingBits;
      this.at++;
      this.waitingBits += 8;
    }
    const value = this.waiting & (2 ** width - 1);
    this.waiting >>>= width;
    this.waitingBits -= width;
    return value;
  }

  /** Whether more bits were taken than there are. */
  get overrun(): boolean {
    return this.at > this.source.length;
  }

  /** Whether all bytes were taken and only zeros are left of the last one. */
  get atCleanEnd(): boolean {
    return this.at === this.source.length && this.waiting === 0;
  }
}

/** Two's complement codes of `bits` bits, at most 16, in a row of bits: what BitWriter would write, and faster. */
export function packSigned(codes: Int16Array, bits: number): Uint8Array {
  const packed = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  const mask = 2 ** bits - 1;
  let waiting = 0;
  let waitingBits = 0;
  let at = 0;
  for (let i = 0; i < codes.length; i++) {
    waiting |= (codes[i] & mask) << waitingBits;
    waitingBits += bits;
    while (waitingBits >= 8) {
      packed[at++] = waiting;
      waiting >>>= 8;
      waitingBits -= 8;
    }
  }
  if (waitingBits > 0) packed[at] = waiting;
  return packed;
}

/** Reverses packSigned; `packed` holds enough bytes. Returns what is left of the last byte read. */
export function unpackSignedInto(out: Int16Array, packed: Uint8Array, bits: number): number {
  const unused = 32 - bits;
  let waiting = 0;
  let waitingBits = 0;
  let at = 0;
  for (let i = 0; i < out.length; i++) {
    while (waitingBits < bits) {
      waiting |= packed[at++] << waitingBits;
      waitingBits += 8;
    }
    out[i] = (waiting << unused) >> unused;
    waiting >>>= bits;
    waitingBits -= bits;
  }
  return waiting;
}
