/**
 * `--shard i/n`: which cells process i of n runs. Cells are dealt out like cards in the order of their ids, which is as
 * good as shuffled: every shard gets a like number of every kind, and all processes agree without speaking.
 */
import { GrapevineError } from '../base/errors.js';

export interface Shard {
  /** 1 to `of`. */
  readonly index: number;
  readonly of: number;
}

/** A cluster has fewer nodes. */
export const MAX_SHARDS = 100_000;

/** @throws GrapevineError BAD_USAGE */
export function parseShard(text: string): Shard {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text.trim()) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (index !== undefined && shard.index >= 1 && shard.index <= shard.of && shard.of <= MAX_SHARDS)
    return shard;
  throw new GrapevineError(
    'BAD_USAGE',
    `--shard ${text}: wanted I/N with I from 1 to N, such as 1/4 for the first of four.`,
  );
}

/** The cells of one shard, in the order they came in; every cell is in one shard. */
export function cellsOfShard<T extends { readonly cell: string }>(
  cells: readonly T[],
  { index, of }: Shard,
): T[] {
  const byId = [...cells].sort((a, b) => (a.cell < b.cell ? -1 : 1));
  const mine = new Set(byId.filter((_, place) => place % of === index - 1));
  return cells.filter((cell) => mine.has(cell));
}
