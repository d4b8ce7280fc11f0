/**
 * Walks over an array in tiles that the kernels can reach: copied in, worked on, copied back where asked; or worked on
 * where they lie, when that is in the kernels' memory (vectors.ts).
 */
import { type Kernels, TILE_BYTES } from './kernels.js';

/** Numbers of a tile, but for the last; a multiple of every run and byte that kernels count in. */
export const TILE_LENGTH = TILE_BYTES / 4;

/** Where a tile lies: numbers start .. end of the array at `address`, to be written only by updateTiles. */
export interface Tile {
  readonly address: number;
  readonly start: number;
  readonly end: number;
}

/** Calls `visit` with each tile of `values` in order. `visit` may take memory; it is released after the last tile. */
export function readTiles(engine: Kernels, values: Float32Array, visit: (tile: Tile) => void): void {
  walk(engine, values, { visit, back: false });
}

/** As readTiles, and what `visit` leaves in the tile becomes the values. */
export function updateTiles(engine: Kernels, values: Float32Array, visit: (tile: Tile) => void): void {
  walk(engine, values, { visit, back: true });
}

function walk(
  engine: Kernels,
  values: Float32Array,
  { visit, back }: { readonly visit: (tile: Tile) => void; readonly back: boolean },
): void {
  const inReach = engine.holds(values);
  const mark = engine.mark();
  const copies = inReach ? 0 : engine.take(4 * Math.min(TILE_LENGTH, values.length));
  for (let start = 0; start < values.length; start += TILE_LENGTH) {
    const end = Math.min(start + TILE_LENGTH, values.length);
    const address = inReach ? values.byteOffset + 4 * start : copies;
    if (!inReach) engine.copyIn(address, values, { start, end });
    visit({ address, start, end });
    if (back && !inReach) values.set(engine.f32.subarray(address / 4, address / 4 + end - start), start);
  }
  engine.release(mark);
}
