/**
 * Label skew by a Dirichlet distribution (Hsu, Qi and Brown 2019, arXiv 1909.06335), dealt out as in Lin,
 * Karimireddy, Stich and Jaggi 2021, "Quasi-global momentum" (ICML), so that results compare with theirs:
 *
 * - samples are shuffled and cut into one part for each group of at most 10 peers;
 * - inside a group, each class in turn draws shares p ~ Dir(alpha, ..., alpha) over the peers, zeroes the share
 *   of every peer that already holds N/n samples or more, renormalizes, and cuts the class by cumulated shares;
 * - all is drawn again until every peer holds at least half of N/n samples.
 *
 * The last step need not end (small alpha, few classes), so it ends here after MAX_DRAWS: the best draw is kept
 * and the result says so. Groups differ by at most one peer; the published code leaves the remainder alone.
 */
import { gaussian, type Random, shuffleInPlace, uniform } from '../base/random.js';

/** Peers that share one draw: ten is the published value, for data sets of ten classes. */
const GROUP_PEERS = 10;
/** Ten classes need at most a few dozen draws even at alpha = 0.01; a thousand take about 0.1 s a group. */
export const MAX_DRAWS = 1_000;
/** Smallest shard that is accepted, as a share of N/n. */
const MIN_SHARE = 0.5;

/** log of a Gamma(shape, 1) number: Marsaglia and Tsang 2000; in logs, since small shapes underflow. */
export function logGamma(random: Random, shape: number): number {
  if (shape < 1) return logGamma(random, shape + 1) + Math.log(1 - uniform(random)) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = gaussian(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - uniform(random)) < 0.5 * x * x + d - d * v + d * Math.log(v))
      return Math.log(d * v);
  }
}

/** Shares of one class: Dir(alpha) over the peers that still have room (some peer has, while samples are left). */
export function drawShares(random: Random, alpha: number, hasRoom: readonly boolean[]): number[] {
  const logs = hasRoom.map((room) => {
    const log = logGamma(random, alpha); // drawn for full peers too: zeroing comes after the draw
    return room ? log : Number.NEGATIVE_INFINITY;
  });
  const highest = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - highest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** counts[class][peer] of one draw. */
function drawCounts(
  classSizes: readonly number[],
  peers: number,
  { alpha, random }: DirichletOptions,
): number[][] {
  const fair = classSizes.reduce((a, b) => a + b, 0) / peers;
  const held = new Array<number>(peers).fill(0);
  return classSizes.map((size) => {
    const shares = drawShares(
      random,
      alpha,
      held.map((samples) => samples < fair),
    );
    let cumulated = 0;
    let dealt = 0;
    return shares.map((share, peer) => {
      cumulated += share;
      const end = peer === peers - 1 ? size : Math.min(size, Math.floor(cumulated * size));
      const count = end - dealt;
      dealt = end;
      held[peer]! += count;
      return count;
    });
  });
}

export interface DirichletOptions {
  /** Concentration of the class shares. */
  readonly alpha: number;
  readonly random: Random;
}

interface Shards {
  readonly shards: Uint32Array[];
  readonly note: string | null;
}

/** Deals the samples `pool` out to one group of peers. */
function groupShards(
  labels: Uint8Array,
  pool: Uint32Array,
  peers: number,
  options: DirichletOptions,
): Shards {
  const byClass: number[][] = Array.from({ length: 256 }, () => []);
  for (const index of pool) byClass[labels[index]!]!.push(index);
  const classes = byClass.filter((members) => members.length > 0);
  const wanted = Math.floor((MIN_SHARE * pool.length) / peers);
  const sizes = classes.map((members) => members.length);
  let best: number[][] = [];
  let smallest = -1;
  for (let draw = 0; draw < MAX_DRAWS && smallest < Math.max(1, wanted); draw++) {
    const counts = drawCounts(sizes, peers, options);
    const least = Math.min(
      ...Array.from({ length: peers }, (_, peer) => counts.reduce((sum, row) => sum + row[peer]!, 0)),
    );
    if (least > smallest) [best, smallest] = [counts, least];
  }
  const shards = fillShards(classes, best, peers);
  const note =
    smallest >= Math.max(1, wanted)
      ? null
      : `dirichlet:alpha=${options.alpha}: in ${MAX_DRAWS} draws none gave every peer ${wanted} samples; ` +
        `kept the best draw, whose smallest shard has ${Math.max(1, smallest)}. A larger alpha or fewer peers avoids this.`;
  return { shards: shards.map((shard) => Uint32Array.from(shard).sort()), note };
}

function fillShards(classes: readonly number[][], counts: readonly number[][], peers: number): number[][] {
  const shards: number[][] = Array.from({ length: peers }, () => []);
  classes.forEach((members, c) => {
    let from = 0;
    shards.forEach((shard, peer) => {
      const to = from + counts[c]![peer]!;
      for (; from < to; from++) shard.push(members[from]!);
    });
  });
  // Only after MAX_DRAWS: nobody goes without a sample.
  for (const shard of shards) {
    if (shard.length > 0) continue;
    const largest = shards.reduce((a, b) => (b.length > a.length ? b : a));
    shard.push(largest.pop()!);
  }
  return shards;
}

/** Shards of all peers, ascending indices; `note` names the groups' relaxation if there was one. */
export function dirichletShards(labels: Uint8Array, peers: number, options: DirichletOptions): Shards {
  const order = Uint32Array.from(labels, (_, index) => index);
  shuffleInPlace(options.random, order);
  const groups = Math.ceil(peers / GROUP_PEERS);
  const peerAt = (group: number) => Math.floor((group * peers) / groups);
  const sampleAt = (group: number) => Math.floor((peerAt(group) * labels.length) / peers);
  const shards: Uint32Array[] = [];
  let note: string | null = null;
  for (let group = 0; group < groups; group++) {
    const pool = order.slice(sampleAt(group), sampleAt(group + 1));
    const part = groupShards(labels, pool, peerAt(group + 1) - peerAt(group), options);
    shards.push(...part.shards);
    note ??= part.note;
  }
  return { shards, note };
}
