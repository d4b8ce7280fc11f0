/**
 * Who trains on what: a Partition deals the training samples out to the peers, every sample to exactly one, and
 * they stay there for the whole run. From the least to the most skewed:
 *
 *     iid          shuffled and cut                               the peers' data look alike
 *     dirichlet    class shares drawn from Dir(alpha)             dirichlet.ts
 *     sorted       ordered by label and cut                       most peers see one or two classes
 */
import { GrapevineError } from '../base/errors.js';
import { createRandom, shuffleInPlace } from '../base/random.js';
import { createRegistry, numberField, type Registry } from '../base/registry.js';
import { dirichletShards } from './dirichlet.js';

export interface PartitionResult {
  /** A peer's sample indices, ascending; one array a peer, none empty, every sample in exactly one. */
  readonly shards: readonly Uint32Array[];
  /** A sentence for the user where the partition could not be what was asked for; null otherwise. */
  readonly note: string | null;
}

export interface Partition {
  /** Canonical spec. */
  readonly spec: string;
  /**
   * Deals samples with these labels out to `peers` peers: the same shards for the same seed.
   * @throws GrapevineError BAD_CONFIG when there are fewer samples than peers.
   */
  split(labels: Uint8Array, peers: number, seed: number): PartitionResult;
}

/** Cuts `order` into `parts` runs whose lengths differ by at most 1; each run is sorted by index. */
function cutEqually(order: Uint32Array, parts: number): Uint32Array[] {
  const at = (part: number) => Math.floor((part * order.length) / parts);
  return Array.from({ length: parts }, (_, part) => order.slice(at(part), at(part + 1)).sort());
}

function shuffledIndices(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  shuffleInPlace(createRandom(seed, 'partition'), order);
  return order;
}

function assertEnough(samples: number, peers: number): void {
  if (samples >= peers) return;
  throw new GrapevineError(
    'BAD_CONFIG',
    `${peers} peers share ${samples} samples; wanted at least one sample a peer. Lower --peers to ${samples} or less.`,
    { peers, samples },
  );
}

function splitIid(labels: Uint8Array, peers: number, seed: number): PartitionResult {
  return { shards: cutEqually(shuffledIndices(labels.length, seed), peers), note: null };
}

/** The seed decides which samples of a class that two peers share go to which of them. */
function splitSorted(labels: Uint8Array, peers: number, seed: number): PartitionResult {
  const order = shuffledIndices(labels.length, seed);
  const byLabel = Uint32Array.from([...order].sort((a, b) => labels[a]! - labels[b]!)); // a stable sort
  return { shards: cutEqually(byLabel, peers), note: null };
}

type Split = Partition['split'];

function guarded(split: Split): Split {
  return (labels, peers, seed) => {
    assertEnough(labels.length, peers);
    return split(labels, peers, seed);
  };
}

export const partitions: Registry<Partition> = createRegistry<Partition>('partition', [
  {
    name: 'iid',
    summary: 'samples shuffled and dealt out equally',
    fields: {},
    make: (_options: Record<string, never>, spec) => ({ spec, split: guarded(splitIid) }),
  },
  {
    name: 'sorted',
    summary: 'samples ordered by label and cut equally: one or two classes a peer',
    fields: {},
    make: (_options: Record<string, never>, spec) => ({ spec, split: guarded(splitSorted) }),
  },
  {
    name: 'dirichlet',
    summary: 'class shares drawn from Dir(alpha); smaller alpha, more skew',
    fields: { alpha: numberField('concentration; papers use 10, 1, 0.1 and 0.01', 0.1, 1e-3, 1e6) },
    make: ({ alpha }: { alpha: number }, spec) => ({
      spec,
      split: guarded((labels, peers, seed) =>
        dirichletShards(labels, peers, { alpha, random: createRandom(seed, 'partition') }),
      ),
    }),
  },
]);

/** How many samples of each class `shard` holds: [classes]. */
export function histogramOf(labels: Uint8Array, shard: Uint32Array, classes = 10): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const index of shard) counts[labels[index]!]!++;
  return counts;
}
