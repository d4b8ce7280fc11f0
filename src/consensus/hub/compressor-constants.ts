/**
 * omega and U of a compressor, which step sizes are made of:
 *
 *     contraction   E ||C(x) - x||^2 <= (1 - omega) ||x||^2,     0 < omega <= 1     (EF21's alpha, OLGA's 1 / beta)
 *     unbiased      E Q(x) = x,  E ||Q(x) - x||^2 <= U ||x||^2                      (DIANA's and Artemis's omega)
 *
 * An unbiased compressor with U < 1 is a contraction with omega = 1 - U. Over several blocks the worst one counts. These
 * are the constants that hold for every x: what a compressor does to the vectors that it gets is often far better.
 */
import { GrapevineError } from '../../base/errors.js';
import { parseSpec } from '../../base/spec.js';
import type { MatrixBlock } from '../../compression/compressor.js';
import { gridVariance } from '../../compression/random-rounding.js';
import { EXACT } from './vector-codec.js';

export interface CompressorConstants {
  /** null: no contraction is known. */
  readonly omega: number | null;
  /** null: biased. */
  readonly U: number | null;
}

/** U of natural compression, attained at 4/3 of a power of two (Horvath et al. 2019, theorem 1). */
const NATURAL_VARIANCE = 1 / 8;

const unbiased = (U: number): CompressorConstants => ({ U, omega: U < 1 ? 1 - U : null });
const contraction = (omega: number): CompressorConstants => ({ U: null, omega });

/** k of the sparse compressors for a block of `size`. */
function kept(options: Readonly<Record<string, string>>, size: number): number {
  const { count, fraction } = options;
  if (count !== undefined) return Math.min(size, Number(count));
  return Math.max(1, Math.round(Number(fraction) * size));
}

function blockConstants(spec: string, { rows, cols }: MatrixBlock): CompressorConstants {
  const size = rows * cols;
  const { name, options } = parseSpec(spec, 'compressor');
  switch (name) {
    case EXACT:
    case 'none':
      return { U: 0, omega: 1 };
    case 'top-k':
      return contraction(kept(options, size) / size);
    case 'rand-k': {
      const share = kept(options, size) / size;
      return options.scaled === '1' ? unbiased(1 / share - 1) : contraction(share);
    }
    case 'natural':
      return unbiased(NATURAL_VARIANCE);
    case 'qsgd': {
      const bucket = Number(options.bucket);
      const length = bucket === 0 ? size : Math.min(bucket, size);
      const U = gridVariance(length, { levels: Number(options.levels), norm: options.norm as 'l2' });
      return options.scaled === '1' ? contraction(1 / (1 + U)) : unbiased(U);
    }
    case 'sign':
      return contraction(1 / size); // ||x||_1^2 / (d ||x||^2) is least for a vector with one entry
    case 'svd':
      return options.bits === '32'
        ? contraction(Math.min(1, Number(options.rank) / Math.min(rows, cols)))
        : none;
    default:
      return none;
  }
}

const none: CompressorConstants = { U: null, omega: null };

/** Constants of a canonical spec over all blocks; both null for a compressor about which nothing is known for every x. */
export function compressorConstants(spec: string, blocks: readonly MatrixBlock[]): CompressorConstants {
  if (spec.startsWith('per-layer:') || /\+(?=[a-z])/.test(spec)) return none;
  const each = blocks.map((block) => blockConstants(spec, block));
  const worst = (values: readonly (number | null)[], pick: (...all: number[]) => number): number | null =>
    values.includes(null) ? null : pick(...(values as number[]));
  return {
    omega: worst(
      each.map(({ omega }) => omega),
      Math.min,
    ),
    U: worst(
      each.map(({ U }) => U),
      Math.max,
    ),
  };
}

function refuse(algorithm: string, spec: string, wanted: string): never {
  throw new GrapevineError('BAD_CONFIG', `${algorithm} with the compressor ${spec}: wanted ${wanted}.`, {
    algorithm,
    compressor: spec,
  });
}

/** omega, for an algorithm that needs a contraction. @throws GrapevineError BAD_CONFIG */
export function requireOmega(algorithm: string, spec: string, blocks: readonly MatrixBlock[]): number {
  const { omega } = compressorConstants(spec, blocks);
  return (
    omega ??
    refuse(algorithm, spec, 'one that contracts by a known factor: top-k, svd, sign, rand-k, qsgd:scaled=1')
  );
}

/** U, for an algorithm that needs an unbiased compressor. @throws GrapevineError BAD_CONFIG */
export function requireVariance(algorithm: string, spec: string, blocks: readonly MatrixBlock[]): number {
  const { U } = compressorConstants(spec, blocks);
  return (
    U ?? refuse(algorithm, spec, 'an unbiased one of known variance: rand-k:scaled=1, qsgd, natural, none')
  );
}
