/** Mean and spread over seeds. With one seed there is a mean and no spread, and nothing here pretends otherwise. */

export interface Spread {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation, divisor n - 1; null for one value. */
  readonly sd: number | null;
  readonly min: number;
  readonly max: number;
}

/** null where there is no value. */
export function spreadOf(values: readonly number[]): Spread | null {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    n,
    mean,
    sd: n === 1 ? null : Math.sqrt(squares / (n - 1)),
    min: values.reduce((a, b) => Math.min(a, b)),
    max: values.reduce((a, b) => Math.max(a, b)),
  };
}

/** Of what is not null. */
export function spreadOfMeasured(values: readonly (number | null | undefined)[]): Spread | null {
  return spreadOf(values.filter((value) => typeof value === 'number'));
}

/** Standard error of a mean, sd / sqrt(n); null for one value. */
export function standardError({ sd, n }: Spread): number | null {
  return sd === null ? null : sd / Math.sqrt(n);
}

/** The middle value; of an even number the lower of the two. null of none. */
export function lowerMedian(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
