/**
 * Colors of everything drawn. Series: Okabe and Ito 2008, "Color Universal Design", told apart by readers with
 * any common color blindness. Shares: cividis (Nuñez, Anderton and Renslow 2018), which they see as others do.
 *
 * Inside the report the variables of html.ts decide, light or dark; the fallback after the comma serves an SVG
 * that is taken out of it.
 */

export const ink = {
  text: 'var(--ink, #1b1f24)',
  soft: 'var(--ink-soft, #5b6570)',
  grid: 'var(--grid, #e3e7eb)',
  surface: 'var(--surface, #ffffff)',
  lost: 'var(--lost, #c1440e)',
} as const;

export const series = {
  blue: 'var(--blue, #0072b2)',
  green: 'var(--green, #009e73)',
  orange: 'var(--orange, #e69f00)',
  gray: 'var(--gray, #b4bcc4)',
} as const;

/** What the colors above become on a dark page: those of report-style.ts, for an SVG that is taken out of it. */
export const darkTwins: Readonly<Record<string, string>> = {
  [ink.text]: '#e8ecf0',
  [ink.soft]: '#a3aeb9',
  [ink.grid]: '#2a3138',
  [ink.surface]: '#181d23',
  [ink.lost]: '#f08a4b',
  [series.blue]: '#56b4e9',
  [series.green]: '#2fc79b',
  [series.orange]: '#f0b429',
  [series.gray]: '#5d6873',
};

/** "var(--ink, #1b1f24)" to "#1b1f24". */
export function literalColors(text: string): string {
  return text.replaceAll(/var\(--[a-z-]+, (#[0-9a-f]{6})\)/g, '$1');
}

/**
 * Many series: the colors of Okabe and Ito but for yellow, which white swallows, each with a shape and a dash of its own, so
 * that prints in gray and readers without color tell them apart. Of more series than colors, dashes differ.
 */
const categoryColors = [
  series.blue,
  series.orange,
  series.green,
  'var(--purple, #cc79a7)',
  'var(--vermillion, #d55e00)',
  'var(--sky, #56b4e9)',
  ink.text,
] as const;
const categoryShapes = [
  'circle',
  'square',
  'triangle-up',
  'diamond',
  'cross',
  'triangle-down',
  'stroke',
] as const;
const categoryDashes = [[], [6, 3], [2, 2], [8, 3, 2, 3], [12, 3]] as const;

export interface CategoryStyle {
  readonly color: string;
  /** A symbol's name in Vega. */
  readonly shape: string;
  /** Lengths of strokes and gaps; none: a solid line. */
  readonly dash: readonly number[];
}

/** How the series of place `index` is drawn; 35 differ in color and dash. */
export function categoryStyle(index: number): CategoryStyle {
  return {
    color: categoryColors[index % categoryColors.length]!,
    shape: categoryShapes[index % categoryShapes.length]!,
    dash: categoryDashes[index % categoryDashes.length]!,
  };
}

const cividisStops: readonly (readonly [number, number, number])[] = [
  [0, 32, 77],
  [49, 68, 107],
  [102, 105, 112],
  [149, 143, 120],
  [203, 186, 105],
  [255, 234, 70],
];

/** cividis at `share` in [0, 1], as #rrggbb. */
export function cividis(share: number): string {
  const at = Math.min(1, Math.max(0, share)) * (cividisStops.length - 1);
  const low = Math.min(cividisStops.length - 2, Math.floor(at));
  const channels = cividisStops[low]!.map((from, i) =>
    Math.round(from + (cividisStops[low + 1]![i]! - from) * (at - low)),
  );
  return `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

/** Black or white, whichever is read better on cividis(share). */
export function inkOnCividis(share: number): string {
  return share < 0.55 ? '#ffffff' : '#10151a';
}
