/**
 * Bytes that a stranger might send, from a seed: noise, valid frames damaged on the way, and frames whose maker
 * knows the format and lies in it, with both checksums right so that the checks behind them are reached.
 */
import { crc32 } from 'node:zlib';
import { createRandom, nextUint32, type Random, uniform, uniformInt } from '../../src/base/random.js';
import { mendChecksums } from './naive-frame.js';

export interface Mutant {
  readonly how: string;
  /** The valid frame that it was made from. */
  readonly original: Uint8Array;
  readonly bytes: Uint8Array;
  /** Whether both checksums were made right again. */
  readonly mended: boolean;
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[uniformInt(random, items.length)]!;
}

/** The numbers on which length checks break. */
const awkward = [0, 1, 2, 7, 8, 47, 48, 255, 256, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff];

function flipBits(random: Random, frame: Uint8Array): Uint8Array {
  const out = frame.slice();
  for (let k = 1 + uniformInt(random, 4); k > 0; k--)
    out[uniformInt(random, out.length)]! ^= 1 << uniformInt(random, 8);
  return out;
}

function truncate(random: Random, frame: Uint8Array): Uint8Array {
  return frame.slice(0, uniformInt(random, frame.length));
}

function insertByte(random: Random, frame: Uint8Array): Uint8Array {
  const at = uniformInt(random, frame.length + 1);
  return Uint8Array.of(...frame.subarray(0, at), nextUint32(random) & 255, ...frame.subarray(at));
}

function noise(random: Random, frame: Uint8Array): Uint8Array {
  const out = Uint8Array.from({ length: uniformInt(random, 120) }, () => nextUint32(random) & 255);
  const head = pick(random, [0, 4, 5, 6, 8]); // how far it looks like a frame
  out.set(frame.subarray(0, Math.min(head, out.length)));
  return out;
}

/** Overwrites a header field other than the checksums: kind, reserved, bodyBytes, addresses, numbers. */
function lieInHeader(random: Random, frame: Uint8Array): Uint8Array {
  const out = frame.slice();
  const view = new DataView(out.buffer);
  const at = pick(random, [0, 4, 5, 6, 8, 8, 16, 24, 28, 32, 36, 40]);
  if (at === 4 || at === 5) out[at] = pick(random, [0, 1, 2, 3, 4, 5, 6, 7, 255]);
  else if (at === 6) view.setUint16(6, nextUint32(random), true);
  else view.setUint32(at, pick(random, awkward), true);
  return out;
}

/** Overwrites one, two or four bytes of the body with an awkward number or noise. */
function lieInBody(random: Random, frame: Uint8Array): Uint8Array {
  const out = frame.slice();
  if (out.length === 48) return out;
  const value = uniform(random) < 0.5 ? pick(random, awkward) : nextUint32(random);
  const width = pick(random, [1, 2, 4]);
  const aligned = uniform(random) < 0.7 ? 4 : 1; // fields of a delta lie at multiples of four
  const at = 48 + aligned * uniformInt(random, Math.ceil((out.length - 48) / aligned));
  for (let k = 0; k < width && at + k < out.length; k++) out[at + k] = value >>> (8 * k);
  return out;
}

/** Cuts or lengthens the body and says so in the header. */
function resizeBody(random: Random, frame: Uint8Array): Uint8Array {
  const length =
    uniform(random) < 0.5
      ? 48 + uniformInt(random, frame.length - 47)
      : frame.length + uniformInt(random, 30);
  const out = Uint8Array.from({ length }, (_, k) => frame[k] ?? nextUint32(random) & 255);
  new DataView(out.buffer).setUint32(8, length - 48, true);
  return out;
}

const damages = { flipBits, truncate, insertByte, noise };
const lies = { lieInHeader, lieInBody, resizeBody };

/** Mutant number `index` of the sequence `seed`. */
export function mutantOf(seed: number, index: number, originals: readonly Uint8Array[]): Mutant {
  const random = createRandom(seed, 'mutant', index);
  const original = pick(random, originals);
  const mended = uniform(random) < 0.6;
  const [how, mutate] = pick(random, Object.entries(mended ? lies : { ...damages, ...lies }));
  let bytes = mutate(random, original);
  if (mended && uniform(random) < 0.3) bytes = lieInBody(random, bytes);
  return { how, original, bytes: mended ? mendChecksums(bytes, crc32) : bytes, mended };
}
