/** What the columns of a table mean to a network: plain data, so that it travels with a model (csv-encoding.ts). */

export interface NumericColumn {
  readonly kind: 'numeric';
  readonly name: string;
  readonly mean: number;
  readonly deviation: number;
}

export interface CategoricalColumn {
  readonly kind: 'categorical';
  readonly name: string;
  readonly categories: readonly string[];
}

export type CsvColumn = NumericColumn | CategoricalColumn;

export interface CsvEncoding {
  readonly features: readonly CsvColumn[];
  readonly target: CsvColumn;
  /** What stands in for a missing value of a feature: nothing, or the column's mean (a text: no category). */
  readonly missing: 'error' | 'mean';
}
