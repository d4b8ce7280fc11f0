/**
 * The skew that data have of themselves: every file, writer or device goes whole to one peer, as in LEAF (Caldas et al.
 * 2018, arXiv 1812.01097), where a device is a writer. With more origins than peers they are dealt out from the
 * largest down, each to the peer that holds the fewest samples so far, so that sizes differ no more than they must
 * (Graham 1969: at most 4/3 of the best possible); the seed orders origins of one size, and the peers.
 */
import { GrapevineError } from '../base/errors.js';
import { createRandom, shuffleInPlace } from '../base/random.js';
import type { Samples } from './data/dataset.js';

/** @throws GrapevineError BAD_CONFIG where origins are not known or fewer than peers */
export function byFileShards(
  { origins }: Pick<Samples, 'origins'>,
  peers: number,
  seed: number,
): Uint32Array[] {
  const members = new Map<number, number[]>();
  origins?.forEach((origin, index) => {
    const known = members.get(origin);
    if (known === undefined) members.set(origin, [index]);
    else known.push(index);
  });
  assertOrigins(members.size, peers);
  const random = createRandom(seed, 'by-file');
  const files = [...members.values()];
  shuffleInPlace(random, files);
  files.sort((a, b) => b.length - a.length); // a stable sort: the shuffle decides among equals
  const shards: number[][] = Array.from({ length: peers }, () => []);
  const order = Uint32Array.from({ length: peers }, (_, peer) => peer);
  shuffleInPlace(random, order);
  for (const file of files) {
    const least = order.reduce((a, b) => (shards[b]!.length < shards[a]!.length ? b : a));
    for (const index of file) shards[least]!.push(index);
  }
  return shards.map((shard) => Uint32Array.from(shard).sort());
}

function assertOrigins(files: number, peers: number): void {
  if (files >= peers) return;
  const got = files === 0 ? 'data that do not say which file they come from' : `${files} files`;
  const remedy =
    files === 0
      ? 'Give a directory of files, or a column with origin=, or choose --partition iid'
      : `Lower --peers to ${files} or less, or choose --partition iid`;
  throw new GrapevineError(
    'BAD_CONFIG',
    `partition by-file: got ${got} for ${peers} peers; wanted at least one file a peer. ${remedy}.`,
    { peers, files },
  );
}
