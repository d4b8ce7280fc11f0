/**
 * Seeded random numbers: xoshiro128** (Blackman and Vigna 2021, "Scrambled linear pseudorandom number
 * generators") over a state of four 32-bit words, so a generator is plain data that can be stored and resumed.
 *
 * Seeds are tuples, hashed with a length before each part: hash(seed, 'edge', 1, 12) and
 * hash(seed, 'edge', 11, 2) differ, where glued digits would collide. Not for cryptography.
 */

/** Generator state; advanced in place by the functions below. */
export type Random = Uint32Array;

export type SeedPart = string | number;

const FNV_PRIME = 0x01000193;

function mix32(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hashWord(parts: readonly SeedPart[], basis: number): number {
  let h = basis >>> 0;
  const absorb = (byte: number): void => {
    h = Math.imul(h ^ byte, FNV_PRIME) >>> 0;
  };
  for (const part of parts) {
    const text = typeof part === 'number' ? `#${part}` : `$${part}`;
    for (const byte of [text.length & 255, (text.length >>> 8) & 255]) absorb(byte);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      absorb(unit & 255);
      absorb(unit >>> 8);
    }
  }
  return mix32(h);
}

/** A generator for the tuple `parts`: equal tuples give equal sequences, on any machine. */
export function createRandom(...parts: readonly SeedPart[]): Random {
  const state = new Uint32Array(4);
  for (let i = 0; i < 4; i++) state[i] = hashWord(parts, mix32(0x811c9dc5 + i * 0x9e3779b9));
  if ((state[0]! | state[1]! | state[2]! | state[3]!) === 0) state[0] = 1; // the one state xoshiro cannot leave
  for (let i = 0; i < 8; i++) nextUint32(state);
  return state;
}

/** Uniform integer in [0, 2^32). */
export function nextUint32(random: Random): number {
  const s1 = random[1]!;
  const product = Math.imul(s1, 5);
  const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
  const shifted = s1 << 9;
  random[2]! ^= random[0]!;
  random[3]! ^= s1;
  random[1]! ^= random[2]!;
  random[0]! ^= random[3]!;
  random[2]! ^= shifted;
  const s3 = random[3]!;
  random[3] = (s3 << 11) | (s3 >>> 21);
  return result;
}

/** Uniform number in [0, 1) with 53 random bits. */
export function uniform(random: Random): number {
  const high = nextUint32(random) >>> 5;
  const low = nextUint32(random) >>> 6;
  return (high * 67108864 + low) / 9007199254740992;
}

/** Uniform integer in [0, bound), without modulo bias; `bound` from 1 to 2^32. */
export function uniformInt(random: Random, bound: number): number {
  const limit = 4294967296 - (4294967296 % bound);
  let value = nextUint32(random);
  while (value >= limit) value = nextUint32(random);
  return value % bound;
}

/** Standard normal number (Box-Muller). Same bits wherever Math.log and Math.cos agree (all V8). */
export function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(random)));
  return radius * Math.cos(2 * Math.PI * uniform(random));
}

/** Fisher-Yates, in place. */
export function shuffleInPlace<T>(random: Random, items: { length: number; [index: number]: T }): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = uniformInt(random, i + 1);
    const held = items[i]!;
    items[i] = items[j]!;
    items[j] = held;
  }
}
