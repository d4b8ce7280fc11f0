/**
 * What quasi-global momentum does with the vectors of a round: passes over three of them at once, by a kernel where
 * they lie in its memory (vectors.ts), else in plain arithmetic. Bits are the same but for the order of sums.
 */
import type { Kernels } from './kernels.js';
import { readTiles, TILE_LENGTH } from './tiles.js';
import { kernelsHolding } from './vectors.js';

/** x_start, x_end and x_now: where a round began, what training handed to gossip, what gossip made of it. */
export interface Displacement {
  readonly start: Float32Array;
  readonly end: Float32Array;
  /** May lie anywhere. */
  readonly now: Float32Array;
}

const RESULT_BYTES = 16;
/** The result, and a tile of `now`. */
const ROOM = RESULT_BYTES + 4 * TILE_LENGTH;
const AREAS = 2;

type Addresses = [number, number, number];

function kernelsFor(...vectors: readonly Float32Array[]): Kernels | null {
  const engine = kernelsHolding(vectors[0]!);
  const reachable = engine !== null && vectors.every((vector) => engine.holds(vector));
  return reachable && engine.hasRoom(ROOM, AREAS) ? engine : null;
}

/** What of training's displacement is old: carry times the buffer. */
export interface Carried {
  readonly buffer: Float32Array;
  readonly carry: number;
}

/** ||start - end - carry buffer||^2 and ||end - now||^2. */
export function displacementEnergies(
  { start, end, now }: Displacement,
  { buffer, carry }: Carried,
): readonly [number, number] {
  const engine = kernelsFor(start, end, buffer);
  if (engine === null) {
    let [training, gossip] = [0, 0];
    for (let k = 0; k < now.length; k++) {
      const trained = start[k]! - end[k]! - carry * buffer[k]!;
      const moved = end[k]! - now[k]!;
      training += trained * trained;
      gossip += moved * moved;
    }
    return [training, gossip];
  }
  const mark = engine.mark();
  const result = engine.take(RESULT_BYTES);
  engine.f64.fill(0, result / 8, result / 8 + 2);
  readTiles(engine, now, ({ address, start: from, end: to }) => {
    const [a, b, m] = [start, end, buffer].map(({ byteOffset }) => byteOffset + 4 * from) as Addresses;
    engine.run.displacementEnergies(a, b, address, m, to - from, carry, result);
  });
  engine.release(mark);
  return [engine.f64[result / 8]!, engine.f64[result / 8 + 1]!];
}

export interface Absorption {
  /** Share of `buffer` that stays. */
  readonly keep: number;
  /** Factor of the displacement. */
  readonly gain: number;
  /** Factor of its gossip part, end - now. */
  readonly factor: number;
}

/** buffer = keep buffer + gain (start - end + factor (end - now)), in float64, rounded once. */
export function absorbDisplacementInto(
  buffer: Float32Array,
  { start, end, now }: Displacement,
  { keep, gain, factor }: Absorption,
): void {
  const engine = kernelsFor(buffer, start, end);
  if (engine === null) {
    for (let k = 0; k < buffer.length; k++) {
      const displacement = start[k]! - end[k]! + factor * (end[k]! - now[k]!);
      buffer[k] = keep * buffer[k]! + gain * displacement;
    }
    return;
  }
  const { run } = engine;
  readTiles(engine, now, ({ address, start: from, end: to }) => {
    const [out, a, b] = [buffer, start, end].map(({ byteOffset }) => byteOffset + 4 * from) as Addresses;
    run.absorbDisplacement(out, a, b, address, to - from, keep, gain, factor);
  });
}
