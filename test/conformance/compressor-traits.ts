/** What an operator says of itself, for the laws of compressor.ts and laws-of-chance.ts to hold it to. */
import type { MatrixBlock } from '../../src/compression/compressor.js';

export interface CompressorTraits {
  /**
   * omega with ||C(z) - z||^2 <= (1 - omega) ||z||^2 for every z on this block, subnormal numbers apart; in
   * expectation when `deterministic` is false. Absent: the compressor does not contract (unbiased ones with U >= 1
   * or unknown), and error feedback need not converge.
   */
  readonly omega?: (block: MatrixBlock) => number;
  /** U with E C(z) = z and E ||C(z) - z||^2 <= U ||z||^2 for every z on this block. Absent: biased. */
  readonly variance?: (block: MatrixBlock) => number;
  /** Whether C(C(z)) = C(z) to the bit, from equal states. */
  readonly idempotent: boolean;
  /** Whether the laws hold for each message (true, the default) or on average over draws (laws-of-chance.ts). */
  readonly deterministic?: boolean;
  /** Whether every message has the announced length (true, the default), or may be shorter. */
  readonly exactLength?: boolean;
  /** Whether C(-z) = -C(z) to the bit (true, the default). Not so for one that maps 0 to a sign. */
  readonly odd?: boolean;
  /** Whether C(2^k z) = 2^k C(z) to the bit (true, the default). Not so for one with an absolute threshold. */
  readonly homogeneous?: boolean;
  /** Whether it keeps what it did not send for later messages, so that C(0) need not be 0 once warm (false). */
  readonly remembers?: boolean;
  /** Messages after which error feedback must have ended; 300 when absent. */
  readonly feedbackMessages?: number;
  /** Relative distance at which it may end, of the order of float32's resolution; 1e-6 when absent. */
  readonly feedbackResidual?: number;
}
