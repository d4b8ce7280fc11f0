/**
 * Who trains on what: a Partition deals the training samples out to the peers, every sample to exactly one, and
 * they stay there for the whole run.
 *
 *     iid          shuffled and cut                               the peers' data look alike
 *     quantity     shuffled, sizes drawn from Dir(alpha)          quantity.ts: alike, but some have much more
 *     dirichlet    class shares drawn from Dir(alpha)             dirichlet.ts
 *     sorted       ordered by label and cut                       most peers see one or two classes
 *     by-file      whole files, writers or devices                by-file.ts: the skew that the data have
 *
 * dirichlet and sorted need classes: where samples have none they refuse, rather than cut a number into classes of
 * their own making.
 */
import { GrapevineError } from '../base/errors.js';
import { createRandom, shuffleInPlace } from '../base/random.js';
import { createRegistry, numberField, type Registry } from '../base/registry.js';
import { byFileShards } from './by-file.js';
import type { Samples } from './data/dataset.js';
import { dirichletShards } from './dirichlet.js';
import { quantitySizes } from './quantity.js';

export interface PartitionResult {
  /** A peer's sample indices, ascending; one array a peer, none empty, every sample in exactly one. */
  readonly shards: readonly Uint32Array[];
  /** A sentence for the user where the partition could not be what was asked for; null otherwise. */
  readonly note: string | null;
}

/** What a partition looks at. */
export type PartitionedSamples = Pick<Samples, 'count' | 'labels' | 'origins'>;

export interface Partition {
  /** Canonical spec. */
  readonly spec: string;
  /**
   * Deals `samples` out to `peers` peers: the same shards for the same seed.
   * @throws GrapevineError BAD_CONFIG when there are fewer samples than peers, or the samples lack what it sorts by.
   */
  split(samples: PartitionedSamples, peers: number, seed: number): PartitionResult;
}

function shuffledIndices(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  shuffleInPlace(createRandom(seed, 'partition'), order);
  return order;
}

/** Cuts `order` into `parts` runs whose lengths differ by at most 1; each run is sorted by index. */
function cutEqually(order: Uint32Array, parts: number): Uint32Array[] {
  const at = (part: number) => Math.floor((part * order.length) / parts);
  return Array.from({ length: parts }, (_, part) => order.slice(at(part), at(part + 1)).sort());
}

function cutBySizes(order: Uint32Array, sizes: readonly number[]): Uint32Array[] {
  let from = 0;
  return sizes.map((size) => {
    from += size;
    return order.slice(from - size, from).sort();
  });
}

function assertEnough(samples: number, peers: number): void {
  if (samples >= peers) return;
  throw new GrapevineError(
    'BAD_CONFIG',
    `${peers} peers share ${samples} samples; wanted at least one sample a peer. Lower --peers to ${samples} or less.`,
    { peers, samples },
  );
}

function labelsOf({ labels }: PartitionedSamples, partition: string): Uint8Array {
  if (labels !== null) return labels;
  throw new GrapevineError(
    'BAD_CONFIG',
    `partition ${partition}: got data without classes; wanted a class for each sample. ` +
      'Choose --partition iid, quantity, or by-file where samples have files or origins.',
    { partition },
  );
}

/** The seed decides which samples of a class that two peers share go to which of them. */
function splitSorted(samples: PartitionedSamples, peers: number, seed: number): Uint32Array[] {
  const labels = labelsOf(samples, 'sorted');
  const order = shuffledIndices(samples.count, seed);
  const byLabel = Uint32Array.from([...order].sort((a, b) => labels[a]! - labels[b]!)); // a stable sort
  return cutEqually(byLabel, peers);
}

type Split = Partition['split'];

function guarded(split: Split): Split {
  return (samples, peers, seed) => {
    assertEnough(samples.count, peers);
    return split(samples, peers, seed);
  };
}

/** A split that never has to settle for less. */
function exact(split: (...args: Parameters<Split>) => readonly Uint32Array[]): Split {
  return guarded((...args) => ({ shards: split(...args), note: null }));
}

export const partitions: Registry<Partition> = createRegistry<Partition>('partition', [
  {
    name: 'iid',
    summary: 'samples shuffled and dealt out equally',
    fields: {},
    make: (_options: Record<string, never>, spec) => ({
      spec,
      split: exact(({ count }, peers, seed) => cutEqually(shuffledIndices(count, seed), peers)),
    }),
  },
  {
    name: 'sorted',
    summary: 'samples ordered by label and cut equally: one or two classes a peer',
    fields: {},
    make: (_options: Record<string, never>, spec) => ({ spec, split: exact(splitSorted) }),
  },
  {
    name: 'dirichlet',
    summary: 'class shares drawn from Dir(alpha); smaller alpha, more skew',
    fields: { alpha: numberField('concentration; papers use 10, 1, 0.1 and 0.01', 0.1, 1e-3, 1e6) },
    make: ({ alpha }: { alpha: number }, spec) => ({
      spec,
      split: guarded((samples, peers, seed) => {
        const options = { alpha, random: createRandom(seed, 'partition') };
        return dirichletShards(labelsOf(samples, 'dirichlet'), peers, options);
      }),
    }),
  },
  {
    name: 'by-file',
    summary: 'whole files, writers or devices: one or several a peer, none divided',
    fields: {},
    make: (_options: Record<string, never>, spec) => ({ spec, split: exact(byFileShards) }),
  },
  {
    name: 'quantity',
    summary: 'samples shuffled, sizes drawn from Dir(alpha): some peers have much more than others',
    fields: { alpha: numberField('concentration; smaller, more skew', 0.5, 1e-3, 1e6) },
    make: ({ alpha }: { alpha: number }, spec) => ({
      spec,
      split: exact(({ count }, peers, seed) => {
        const sizes = quantitySizes(count, peers, { alpha, random: createRandom(seed, 'quantity') });
        return cutBySizes(shuffledIndices(count, seed), sizes);
      }),
    }),
  },
]);

/** How many samples of each class `shard` holds: [classes]. */
export function histogramOf(labels: Uint8Array, shard: Uint32Array, classes = 10): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const index of shard) counts[labels[index]!]!++;
  return counts;
}
