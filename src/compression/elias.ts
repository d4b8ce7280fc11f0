/**
 * Elias's omega code of a positive integer, "recursive Elias coding" in QSGD (Elias 1975, "Universal codeword sets
 * and representations of the integers"; Alistarh et al. 2017, appendix): the number in binary, before it the
 * number of its bits less one in the same code, and so on down to 1, which is the empty word; a 0 ends it all.
 *
 *     1 -> 0     2 -> 10 0     3 -> 11 0     4 -> 10 100 0     16 -> 10 100 10000 0
 *
 * Each binary number goes from its highest bit down: this bit is 1 and tells it from the end. All before the number
 * itself, and so the word's length, depends on the place of its highest bit alone. Short words are looked up.
 */

import { type BitReader, type BitWriter, PEEK_BITS, reverseBits } from './bit-stream.js';

/** Integers above this have no place in a body: blocks have fewer entries, and codes fewer levels. */
export const MAX_ELIAS = 2 ** 31 - 1;
/** Bits of MAX_ELIAS, less one. */
const MAX_GROUP = 30;
/** Numbers below this are written from a table; their words have 14 bits at most. */
const SHORT_NUMBERS = 256;
/** Bits of the table that words are read from: those of 1 to 31 whole. */
const BEGINNING_BITS = 11;

/** Bits of `value` less one: floor(log2). */
const topBit = (value: number): number => 31 - Math.clz32(value);

/** The groups before a number whose highest bit is the index, in the order of the stream, and how many bits they are. */
const prefixes = new Uint16Array(MAX_GROUP + 1);
const prefixBits = new Uint8Array(MAX_GROUP + 1);
for (let top = 2; top <= MAX_GROUP; top++) {
  const above = topBit(top);
  prefixes[top] = prefixes[above] | (reverseBits(top, above + 1) << prefixBits[above]);
  prefixBits[top] = prefixBits[above] + above + 1;
}

/** Length of the words of numbers whose highest bit is the index. */
const wordBits = Uint8Array.from(prefixBits, (bits, top) => (top === 0 ? 1 : bits + top + 2));

/** Length of the code word of `value` in bits. */
export function eliasBits(value: number): number {
  return wordBits[topBit(value)];
}

const shortWords = Uint16Array.from({ length: SHORT_NUMBERS }, (_, value) =>
  value === 0 ? 0 : longWordOf(value),
);

/** The code word of `value`, below 2^21, the first bit lowest; eliasBits(value) bits, 32 at most. */
export function wordOf(value: number): number {
  return value < SHORT_NUMBERS ? shortWords[value] : longWordOf(value);
}

function longWordOf(value: number): number {
  const top = topBit(value);
  return top === 0 ? 0 : prefixes[top] | (reverseBits(value, top + 1) << prefixBits[top]);
}

/** An entry of `beginnings` is 32 times a number, the bits read, and this where the word ends with that number. */
const ENDS = 16;

/**
 * By the next BEGINNING_BITS bits of a stream: how far they lead into a word. Where it does not end, the number read is
 * that of the next group's bits less one; as the groups before it have 10 bits at most, it is the last group.
 */
const beginnings = Uint16Array.from({ length: 2 ** BEGINNING_BITS }, (_, bits) => {
  let value = 1;
  let at = 0;
  while (((bits >>> at) & 1) === 1) {
    if (at + value + 1 >= BEGINNING_BITS) return 32 * value + at;
    const group = reverseBits(bits >>> at, value + 1);
    at += value + 1;
    value = group;
  }
  return 32 * value + ENDS + at + 1;
});

/** Appends `value`, from 1 to MAX_ELIAS. */
export function putElias(writer: BitWriter, value: number): void {
  const top = topBit(value);
  if (wordBits[top] <= 32) writer.put(wordOf(value), wordBits[top]);
  else {
    writer.put(prefixes[top], prefixBits[top]);
    writer.put(reverseBits(value, top + 1), top + 2);
  }
}

/**
 * The number whose word these bits begin with, PEEK_BITS of them or more; 0 where it is longer, as words of numbers
 * from 2^16 on are, or of a number above MAX_ELIAS.
 */
export function eliasIn(bits: number): number {
  const entry = beginnings[bits & ((1 << BEGINNING_BITS) - 1)];
  const number = entry >>> 5;
  if ((entry & ENDS) !== 0) return number;
  const used = entry & 15;
  const end = used + number + 1;
  return end < PEEK_BITS && ((bits >>> end) & 1) === 0 ? reverseBits(bits >>> used, number + 1) : 0;
}

/** Reads a code word; 0 for one of a number above MAX_ELIAS, where reading stops. */
export function takeElias(reader: BitReader): number {
  const bits = reader.peek(reader.position);
  const value = eliasIn(bits);
  if (value === 0) return takeLong(reader, beginnings[bits & ((1 << BEGINNING_BITS) - 1)]);
  reader.position += eliasBits(value);
  return value;
}

/** Reads the word of a number from 2^16 on, of which `beginnings` has the entry. */
function takeLong(reader: BitReader, entry: number): number {
  const width = (entry >>> 5) + 1;
  if (width < 17 || width > MAX_GROUP + 1) return 0;
  reader.position += entry & 15;
  const bits = reader.take(16) | (reader.take(width - 16) << 16);
  return reader.take(1) === 0 ? reverseBits(bits, width) : 0;
}
