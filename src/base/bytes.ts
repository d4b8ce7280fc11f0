/**
 * Little-endian reading and writing. The reader checks every length before it touches a byte, so a decoder
 * built on it cannot read past its input; it throws PAYLOAD_BAD_LENGTH instead.
 */
import { GrapevineError } from './errors.js';

/** Nearly every machine: numbers lie in memory as they travel. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A growing byte buffer. */
export class ByteWriter {
  private buffer: Uint8Array;
  private view: DataView;
  private used = 0;

  constructor(capacityBytes = 256) {
    this.buffer = new Uint8Array(capacityBytes);
    this.view = new DataView(this.buffer.buffer);
  }

  get length(): number {
    return this.used;
  }

  private reserve(bytes: number): number {
    const start = this.used;
    const needed = start + bytes;
    if (needed > this.buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
      grown.set(this.buffer.subarray(0, start));
      this.buffer = grown;
      this.view = new DataView(grown.buffer);
    }
    this.used = needed;
    return start;
  }

  u8(value: number): void {
    const at = this.reserve(1);
    this.buffer[at] = value;
  }

  u16(value: number): void {
    const at = this.reserve(2); // before `this.view`, which it may replace
    this.view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.reserve(4); // before `this.view`, which it may replace
    this.view.setUint32(at, value, true);
  }

  f32(value: number): void {
    const at = this.reserve(4); // before `this.view`, which it may replace
    this.view.setFloat32(at, value, true);
  }

  bytes(source: Uint8Array): void {
    const at = this.reserve(source.length);
    this.buffer.set(source, at);
  }

  /** The next `length` bytes, for the caller to fill; a view that lives until the next call. */
  space(length: number): Uint8Array {
    const at = this.reserve(length);
    return this.buffer.subarray(at, at + length);
  }

  /** float32 numbers, little-endian whatever the machine. */
  f32Array(source: Float32Array): void {
    if (LITTLE_ENDIAN) {
      this.bytes(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
      return;
    }
    const at = this.reserve(source.length * 4);
    for (let i = 0; i < source.length; i++) this.view.setFloat32(at + 4 * i, source[i]!, true);
  }

  /** Overwrites four bytes written before, for lengths known only afterwards. */
  patchU32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  /** The bytes written, to whom they now belong: nothing may be written after it. */
  finish(): Uint8Array {
    return this.used === this.buffer.length ? this.buffer : this.buffer.slice(0, this.used);
  }
}

/** A cursor over received bytes. */
export class ByteReader {
  private readonly source: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(source: Uint8Array) {
    this.source = source;
    this.view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  get remaining(): number {
    return this.source.length - this.at;
  }

  private take(bytes: number): number {
    if (bytes > this.remaining) {
      throw new GrapevineError(
        'PAYLOAD_BAD_LENGTH',
        `message ends ${bytes - this.remaining} bytes early: wanted ${bytes} more bytes at offset ${this.at}, got ${this.remaining}`,
        { wanted: bytes, got: this.remaining },
      );
    }
    const start = this.at;
    this.at += bytes;
    return start;
  }

  u8(): number {
    return this.source[this.take(1)]!;
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  f32(): number {
    return this.view.getFloat32(this.take(4), true);
  }

  /** A view of the next `length` bytes; not copied. */
  bytes(length: number): Uint8Array {
    const start = this.take(length);
    return this.source.subarray(start, start + length);
  }

  /** The next `length` float32 numbers, copied. */
  f32Array(length: number): Float32Array {
    const start = this.take(length * 4);
    const out = new Float32Array(length);
    for (let i = 0; i < length; i++) out[i] = this.view.getFloat32(start + 4 * i, true);
    return out;
  }
}
