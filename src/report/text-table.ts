/**
 * Aligned columns for a terminal, without borders: the eye follows the alignment, and 80 columns hold more.
 * Widths are counted on the plain text and color is put on afterwards, so that escape codes never shift a column.
 */

export interface TextColumn {
  readonly header: string;
  readonly align: 'left' | 'right';
  /** 1 is kept longest; where the terminal is too narrow, the highest number goes first. */
  readonly priority: number;
}

export interface TextCell {
  readonly text: string;
  /** Puts color around the padded text. */
  readonly paint?: (text: string) => string;
}

export interface TableLayout {
  /** Width to fit into. @default unlimited */
  readonly columns?: number;
  readonly paintHeader?: (text: string) => string;
}

const INDENT = '  ';
const GAP = '   ';

function pad(text: string, width: number, align: TextColumn['align']): string {
  return align === 'left' ? text.padEnd(width) : text.padStart(width);
}

function widthOf(widths: readonly number[], kept: readonly number[]): number {
  return (
    INDENT.length + kept.reduce((sum, index) => sum + widths[index]!, 0) + GAP.length * (kept.length - 1)
  );
}

/** Indices of the columns that fit, in their order; the most important one always stays. */
function chooseColumns(columns: readonly TextColumn[], widths: readonly number[], limit: number): number[] {
  const kept = columns.map((_, index) => index);
  while (kept.length > 1 && widthOf(widths, kept) > limit) {
    const least = kept.reduce((a, b) => (columns[b]!.priority > columns[a]!.priority ? b : a));
    kept.splice(kept.indexOf(least), 1);
  }
  return kept;
}

/** Lines of a table: the header, then a line per row. Every row has a cell per column. */
export function renderTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly TextCell[])[],
  layout: TableLayout = {},
): string[] {
  const widths = columns.map((column, index) =>
    Math.max(column.header.length, ...rows.map((row) => row[index]!.text.length)),
  );
  const kept = chooseColumns(columns, widths, layout.columns ?? Number.POSITIVE_INFINITY);
  const line = (cells: readonly TextCell[]): string => {
    const padded = kept.map((index) => {
      const { text, paint } = cells[index]!;
      const { align } = columns[index]!;
      const last = index === kept.at(-1); // needs no spaces behind it
      const inPlace = last && align === 'left' ? text : pad(text, widths[index]!, align);
      return paint === undefined ? inPlace : paint(inPlace);
    });
    return INDENT + padded.join(GAP);
  };
  const paint = layout.paintHeader;
  const headers = columns.map(
    ({ header }): TextCell => (paint === undefined ? { text: header } : { text: header, paint }),
  );
  return [line(headers), ...rows.map(line)];
}
