/**
 * Which compressors are timed on which model: every one that the registry names, as it is by default, and the low-rank
 * ranks and widths that the documentation speaks of. On the large square only those that a user would take for it.
 */
import { isGrapevineError } from '../src/base/errors.js';
import { compressors } from '../src/compression/registry.js';
import { type Model, models } from './models.js';

export interface CompressionCase {
  /** "resnet-20 low-rank:rank=4,bits=32". */
  readonly name: string;
  readonly model: Model;
  readonly spec: string;
}

/** Contract: encode and decode of one warm message, in milliseconds where a Float32Array copies 25 GB/s. */
export const targetsMs: Readonly<Record<string, number>> = {
  '784-512-512-10 low-rank:rank=4,bits=32': 0.6,
  'resnet-20 low-rank:rank=4,bits=32': 0.35,
  '4096x4096 low-rank:rank=4,bits=32': 40,
};
/** GB/s for which the targets are stated. */
export const TARGET_COPY_RATE = 25;

/**
 * A target read in one of three ways, all of which are printed: as it stands, whatever the machine; and for a machine
 * that copies as this one does, by a copy out of memory or, since a short one runs from cache, of the case's own size.
 */
export interface TargetReading {
  readonly case: string;
  /** Whose copy says how fast this machine is: none, that of 4096 x 4096 numbers, or that of as many as the case has. */
  readonly copied: 'nothing' | 'large square' | 'own size';
  readonly copyRate: number;
  readonly wantedMs: number;
  readonly gotMs: number;
  readonly met: boolean;
}

/** The readings of the target of a case; none where it has no target. `largeRate` is in GB/s. */
export function readingsOf(
  { name, bothMs, copyMs, size }: { name: string; bothMs: number; copyMs: number; size: number },
  largeRate: number,
): TargetReading[] {
  const target = targetsMs[name];
  if (target === undefined) return [];
  const rates = [
    ['nothing', TARGET_COPY_RATE],
    ['large square', largeRate],
    ['own size', (4e-6 * size) / copyMs],
  ] as const;
  return rates.map(([copied, copyRate]) => {
    const wantedMs = (target * TARGET_COPY_RATE) / copyRate;
    return { case: name, copied, copyRate, wantedMs, gotMs: bothMs, met: bothMs <= wantedMs };
  });
}

const ranks = [1, 2, 4, 8].map((rank) => `low-rank:rank=${rank},bits=32`);
const widths = [4, 8, 16].map((bits) => `low-rank:rank=4,bits=${bits}`);
const composed = ['ef+top-k', 'low-rank:rank=4++sign'];
const large = [...ranks, 'low-rank', 'none', 'int8', 'sign', 'top-k'];

/** Names of the registry that stand alone; others want options or another compressor. */
function namedAlone(): string[] {
  return compressors.entries
    .map(({ name }) => name)
    .filter((name) => {
      try {
        compressors.resolve(name);
        return true;
      } catch (error) {
        if (isGrapevineError(error, 'BAD_SPEC')) return false;
        throw error;
      }
    });
}

/** All cases, in the order in which they run: the contract's first, while nothing else has touched the heap. */
export function compressionCases(): CompressionCase[] {
  const { small, medium, convolutional } = models;
  const everything = [...new Set([...ranks, ...widths, ...namedAlone(), ...composed])];
  const cases = [
    ...[small, medium, convolutional].flatMap((model) => everything.map((spec) => ({ model, spec }))),
    ...large.map((spec) => ({ model: models.large, spec })),
  ].map(({ model, spec }) => ({ name: `${model.name} ${spec}`, model, spec }));
  const urgency = ({ name }: CompressionCase) => (targetsMs[name] === undefined ? 1 : 0);
  return cases.sort((a, b) => urgency(a) - urgency(b));
}
