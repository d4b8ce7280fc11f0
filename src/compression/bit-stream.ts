/**
 * Numbers of any width in a row of bits. Bits fill each byte from the lowest up, and a number goes from its lowest
 * bit to its highest, so that four-bit codes lie as in quantizer.ts, the earlier in the low half. The last byte is
 * padded with zeros.
 */
import { assert } from '../base/assert.js';

/** The lowest `width` bits of `value` in reverse, the lowest first; `width` from 1 to 32. */
export function reverseBits(value: number, width: number): number {
  let v = value;
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8);
  return ((v >>> 16) | (v << 16)) >>> (32 - width);
}

/** Writes bits into a buffer of known size, 32 at a time. */
export class BitWriter {
  private readonly view: DataView;
  private readonly capacityBytes: number;
  private used = 0;
  private waiting = 0;
  private waitingBits = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
    this.view = new DataView(new ArrayBuffer(capacityBytes + 4)); // whole words to the end
  }

  /** Appends the lowest `width` bits of `value`, an integer from 0 to 2^width - 1; `width` from 1 to 32. */
  put(value: number, width: number): void {
    const before = this.waitingBits;
    this.waiting |= value << before;
    this.waitingBits = before + width;
    if (this.waitingBits < 32) return;
    this.view.setUint32(this.used, this.waiting, true);
    this.used += 4;
    this.waitingBits -= 32;
    this.waiting = before === 0 ? 0 : value >>> (32 - before);
  }

  /** The bytes written, the last one padded; a view of the buffer. Ends the writing. */
  finish(): Uint8Array {
    const length = this.used + Math.ceil(this.waitingBits / 8);
    assert(length <= this.capacityBytes, `${length} bytes fit into ${this.capacityBytes}`);
    if (this.waitingBits > 0) this.view.setUint32(this.used, this.waiting, true);
    return new Uint8Array(this.view.buffer, 0, length);
  }
}

/** Bits that BitReader.peek shows at least: 32 less those of the first byte that lie before. */
export const PEEK_BITS = 25;

/** Reads what BitWriter wrote, at most 2^28 bytes. Past the end it reads zeros, and says so. */
export class BitReader {
  /** Of the next bit. Loops over many numbers keep it to themselves and put it back. */
  position = 0;
  private readonly source: Uint8Array;
  private readonly view: DataView;

  constructor(source: Uint8Array) {
    this.source = source;
    this.view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  /** The 25 bits or more from `position` on. */
  peek(position: number): number {
    const first = position >>> 3;
    if (first + 4 <= this.source.length) return this.view.getUint32(first, true) >>> (position & 7);
    let word = 0;
    for (let b = 0; first + b < this.source.length; b++) word |= this.source[first + b] << (8 * b);
    return word >>> (position & 7);
  }

  /** The next `width` bits as an integer; `width` from 1 to 25. */
  take(width: number): number {
    const value = this.peek(this.position) & ((1 << width) - 1);
    this.position += width;
    return value;
  }

  /** Whether more bits were taken than there are. */
  get overrun(): boolean {
    return this.position > 8 * this.source.length;
  }

  /** Whether all bytes were taken and only zeros are left of the last one. */
  get atCleanEnd(): boolean {
    return Math.ceil(this.position / 8) === this.source.length && this.peek(this.position) === 0;
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
