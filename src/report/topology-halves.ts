/**
 * What a drawing of a topology alone shows: the halves that its Fiedler vector tells apart, in two colors that everybody
 * tells apart; the edges between them; and weights as widths, in classes, so that a thousand edges are five paths.
 */
import { ink, series } from './palette.js';

type Edge = readonly [number, number];

export interface HalvesInput {
  /** By node, 0 or 1. */
  readonly sides: ArrayLike<number>;
  /** w_ij by edge, in the order of the topology's edges. */
  readonly weights: ArrayLike<number>;
}

/** Text on a disk: the page's own white on the dark blue, dark as the page on its light twin; black on either orange. */
export const halfColors = [
  { name: 'one half', fill: series.blue, text: ink.surface },
  { name: 'other half', fill: series.orange, text: '#10151a' },
] as const;

/** As many as a reader tells apart. */
const WIDTH_CLASSES = 5;
const MIN_STROKE = 0.7;
const MAX_STROKE = 4;
/** Where weights do not differ, width tells nothing. */
const EQUAL_STROKE = 1.5;
/** Weights nearer than this, relatively, are equal but for rounding. */
const SAME = 1e-9;
/** Above this many edges strokes shrink and fade, or the nodes drown in them. */
const CROWDED_EDGES = 300;

interface Weights {
  readonly least: number;
  readonly most: number;
  readonly equal: boolean;
}

/** By size: FDLA may give negative weights. */
function rangeOf(weights: ArrayLike<number>): Weights {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let k = 0; k < weights.length; k++) {
    least = Math.min(least, Math.abs(weights[k]!));
    most = Math.max(most, Math.abs(weights[k]!));
  }
  return { least, most, equal: most - least <= SAME * most };
}

/** 0 for the lightest class to WIDTH_CLASSES - 1. */
function classOf(weight: number, { least, most, equal }: Weights): number {
  if (equal) return 0;
  const share = (Math.abs(weight) - least) / (most - least);
  return Math.min(WIDTH_CLASSES - 1, Math.floor(share * WIDTH_CLASSES));
}

function strokeOf(widthClass: number, { equal }: Weights): number {
  if (equal) return EQUAL_STROKE;
  return MIN_STROKE + ((MAX_STROKE - MIN_STROKE) * widthClass) / (WIDTH_CLASSES - 1);
}

/** One path a class of weights and kind of edge, the lightest below and those between the halves on top. */
export function weightedEdgesSvg(
  edges: readonly Edge[],
  { sides, weights }: HalvesInput,
  pathOf: (edge: Edge) => string,
): string {
  const range = rangeOf(weights);
  const paths = new Map<number, string>();
  edges.forEach((edge, k) => {
    const between = sides[edge[0]] !== sides[edge[1]];
    const key = classOf(weights[k]!, range) + (between ? WIDTH_CLASSES : 0);
    paths.set(key, (paths.get(key) ?? '') + pathOf(edge));
  });
  const crowd = Math.min(1, Math.sqrt(CROWDED_EDGES / Math.max(1, edges.length)));
  return [...paths]
    .sort(([a], [b]) => a - b)
    .map(([key, path]) => {
      const color = key < WIDTH_CLASSES ? ink.soft : ink.lost;
      const stroke = Math.round(100 * crowd * strokeOf(key % WIDTH_CLASSES, range)) / 100;
      const opacity = Math.round(100 * Math.max(0.25, 0.8 * crowd)) / 100;
      return `<path d="${path}" fill="none" stroke="${color}" stroke-width="${stroke}" opacity="${opacity}"/>`;
    })
    .join('');
}

/** Two lines: what the colors are, and what the widths. */
export function halvesLegendSvg(
  edges: readonly Edge[],
  { sides, weights }: HalvesInput,
  top: number,
): string {
  const text = (x: number, line: number, content: string): string =>
    `<text x="${x}" y="${top + 12 + 24 * line}" font-size="12" fill="${ink.soft}">${content}</text>`;
  const stroke = (x: number, line: number, look: { color: string; width: number }): string =>
    `<path d="M${x} ${top + 8 + 24 * line}h24" stroke="${look.color}" stroke-width="${look.width}" opacity="0.8"/>`;
  const disk = (x: number, fill: string): string =>
    `<circle cx="${x}" cy="${top + 8}" r="6" fill="${fill}"/>`;
  const ends = (side: number): number => Array.from(sides).filter((each) => each === side).length;
  const cut = edges.filter(([a, b]) => sides[a] !== sides[b]).length;
  const halves = halfColors.map((half, side) => {
    const x = 26 + 84 * side;
    return disk(x, half.fill) + text(x + 11, 0, `${ends(side)} ${ends(side) === 1 ? 'peer' : 'peers'}`);
  });
  const between = `${cut} of ${edges.length} ${edges.length === 1 ? 'edge' : 'edges'} between them`;
  const range = rangeOf(weights);
  const shown = range.equal ? [range.most] : [range.least, (range.least + range.most) / 2, range.most];
  const widths = shown.map((weight, k) => {
    const x = 20 + 84 * k;
    const width = strokeOf(classOf(weight, range), range);
    return stroke(x, 1, { color: ink.soft, width }) + text(x + 29, 1, weight.toPrecision(2));
  });
  const said = range.equal ? 'weight of every edge' : 'weight of an edge';
  return (
    halves.join('') +
    stroke(194, 0, { color: ink.lost, width: EQUAL_STROKE }) +
    text(223, 0, between) +
    (edges.length === 0 ? '' : widths.join('') + text(20 + 84 * shown.length, 1, said))
  );
}
