/**
 * Elias's omega code of a positive integer, "recursive Elias coding" in QSGD (Elias 1975, "Universal codeword sets
 * and representations of the integers"; Alistarh et al. 2017, appendix): the number in binary, before it the
 * number of its bits less one in the same code, and so on down to 1, which is the empty word; a 0 ends it all.
 *
 *     1 -> 0     2 -> 10 0     3 -> 11 0     4 -> 10 100 0     16 -> 10 100 10000 0
 *
 * Each binary number goes from its highest bit down: this bit is 1 and tells it from the end.
 */
import type { BitReader, BitWriter } from './bit-stream.js';

/** Integers above this have no place in a body: blocks have fewer entries, and codes fewer levels. */
export const MAX_ELIAS = 2 ** 31 - 1;
/** Of MAX_ELIAS, less one. */
const MAX_GROUP = 30;

/** Bits of `value` less one: floor(log2). */
const topBit = (value: number): number => 31 - Math.clz32(value);

/** Length of the code word of `value` in bits. */
export function eliasBits(value: number): number {
  let bits = 1;
  for (let rest = value; rest > 1; rest = topBit(rest)) bits += topBit(rest) + 1;
  return bits;
}

/** Appends the groups of `value`, the shortest first. */
function putGroups(writer: BitWriter, value: number): void {
  if (value === 1) return;
  const top = topBit(value);
  putGroups(writer, top);
  for (let bit = top; bit >= 0; bit--) writer.put((value >>> bit) & 1, 1);
}

/** Appends `value`, from 1 to MAX_ELIAS. */
export function putElias(writer: BitWriter, value: number): void {
  putGroups(writer, value);
  writer.put(0, 1);
}

/** Reads a code word; 0 for one of a number above MAX_ELIAS, where reading stops. */
export function takeElias(reader: BitReader): number {
  let value = 1;
  while (reader.take(1) === 1) {
    if (value > MAX_GROUP) return 0;
    let next = 1;
    for (let bit = value; bit > 0; bit--) next = 2 * next + reader.take(1);
    value = next;
  }
  return value;
}
