/**
 * The topology as an SVG drawing: a disk a peer, a line an edge. Of a run, disks are colored by the final accuracy of
 * the peer's own model, and a lost peer is hollow with a cross. Of a topology alone, disks are colored by the halves
 * that its Fiedler vector tells apart, and lines are as wide as their weights. A torus shows its wrap-around edges as
 * stubs that leave on one side and return on the other, where full lines would run through the nodes between.
 */
import { escapeHtml } from './escape.js';
import { formatPercent } from './format.js';
import { cividis, ink, inkOnCividis } from './palette.js';
import { type HalvesInput, halfColors, halvesLegendSvg, weightedEdgesSvg } from './topology-halves.js';
import { type Layout, type LayoutInput, layoutTopology, type Point } from './topology-layout.js';

export interface TopologyDrawingInput {
  readonly topology: LayoutInput;
  /** Final accuracy by node index; null or absent where it was not measured. */
  readonly accuracy: readonly (number | null | undefined)[];
  readonly lost: ReadonlySet<number>;
  /** Colors by half and draws weights, in place of accuracy. */
  readonly halves?: HalvesInput;
}

/** Units of the viewBox; a column of the report is about this many pixels wide. */
const WIDTH = 440;
/** A drawing by itself has room for more nodes: as wide as 200 of them need, or 80 on a circle. */
const MAX_WIDTH = 1000;
const WIDTH_PER_ROOT = 62;
const MARGIN = 34;
const LEGEND_HEIGHT = 46;
const HALVES_LEGEND_HEIGHT = 64;
/** Below this radius a number would not fit inside the disk. */
const MIN_LABELED_RADIUS = 7;
const MAX_RADIUS = 18;

interface Stage {
  readonly at: readonly Point[];
  readonly radius: number;
  readonly height: number;
  readonly grid: Layout['grid'];
}

function nearestDistance(points: readonly Point[]): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 1; j < points.length; j++) {
      nearest = Math.min(nearest, Math.hypot(points[i]!.x - points[j]!.x, points[i]!.y - points[j]!.y));
    }
  }
  return nearest;
}

function stageOf(topology: LayoutInput, width: number): Stage {
  const { points, grid } = layoutTopology(topology);
  const size = width - 2 * MARGIN;
  const top = Math.min(...points.map((point) => point.y));
  const bottom = Math.max(...points.map((point) => point.y));
  const at = points.map(({ x, y }) => ({ x: MARGIN + size * x, y: MARGIN + size * (y - top) }));
  const radius = Math.min(MAX_RADIUS, Math.max(3, 0.4 * nearestDistance(at)));
  return { at, radius, height: 2 * MARGIN + size * (bottom - top), grid };
}

function widthOf({ topology, halves }: TopologyDrawingInput): number {
  if (halves === undefined) return WIDTH;
  return Math.round(Math.min(MAX_WIDTH, Math.max(WIDTH, WIDTH_PER_ROOT * Math.sqrt(topology.nodes))));
}

const px = (value: number): string => String(Math.round(value * 10) / 10);

function line(from: Point, to: Point): string {
  return `M${px(from.x)} ${px(from.y)}L${px(to.x)} ${px(to.y)}`;
}

/** One straight line, or two stubs where the edge wraps around a grid. */
function edgePath(a: number, b: number, { at, grid, radius }: Stage): string {
  const [from, to] = [at[a]!, at[b]!];
  if (grid === null) return line(from, to);
  const across = Math.abs((a % grid.columns) - (b % grid.columns));
  const down = Math.abs(Math.floor(a / grid.columns) - Math.floor(b / grid.columns));
  if (across <= 1 && down <= 1) return line(from, to);
  const stub = radius + 11;
  const dx = across > 1 ? -stub * Math.sign(to.x - from.x) : 0;
  const dy = down > 1 ? -stub * Math.sign(to.y - from.y) : 0;
  return line(from, { x: from.x + dx, y: from.y + dy }) + line(to, { x: to.x - dx, y: to.y - dy });
}

function edgesSvg(input: TopologyDrawingInput, stage: Stage): string {
  if (input.halves !== undefined) {
    const { edges } = input.topology;
    return weightedEdgesSvg(edges, input.halves, ([a, b]) => edgePath(a, b, stage));
  }
  const paths = { whole: '', lost: '' };
  for (const [a, b] of input.topology.edges) {
    paths[input.lost.has(a) || input.lost.has(b) ? 'lost' : 'whole'] += edgePath(a, b, stage);
  }
  const width = stage.radius < 8 ? 0.8 : 1.5;
  const opacity = input.topology.edges.length > 400 ? 0.35 : 0.7;
  const attributes = `fill="none" stroke="${ink.soft}" stroke-width="${width}"`;
  const whole = paths.whole === '' ? '' : `<path d="${paths.whole}" ${attributes} opacity="${opacity}"/>`;
  const lost =
    paths.lost === '' ? '' : `<path d="${paths.lost}" ${attributes} opacity="0.6" stroke-dasharray="2 4"/>`;
  return whole + lost;
}

function cross({ x, y }: Point, arm: number): string {
  const path =
    line({ x: x - arm, y: y - arm }, { x: x + arm, y: y + arm }) +
    line({ x: x - arm, y: y + arm }, { x: x + arm, y: y - arm });
  return `<path d="${path}" stroke="${ink.lost}" stroke-width="2"/>`;
}

interface Shading {
  readonly low: number;
  readonly high: number;
}

/** The range of the measured accuracies; null if there are none. */
function shadingOf(input: TopologyDrawingInput): Shading | null {
  const known = input.accuracy.filter(
    (value, node): value is number =>
      typeof value === 'number' && Number.isFinite(value) && !input.lost.has(node),
  );
  return known.length === 0 ? null : { low: Math.min(...known), high: Math.max(...known) };
}

function shareOf(accuracy: number, { low, high }: Shading): number {
  return high > low ? (accuracy - low) / (high - low) : 1;
}

function nodeSvg(
  node: number,
  input: TopologyDrawingInput,
  drawn: { stage: Stage; shading: Shading | null },
): string {
  const { at, radius } = drawn.stage;
  const { x, y } = at[node]!;
  const accuracy = input.accuracy[node] ?? null;
  const lost = input.lost.has(node);
  const share = lost || accuracy === null || drawn.shading === null ? null : shareOf(accuracy, drawn.shading);
  const half = input.halves === undefined ? undefined : halfColors[input.halves.sides[node]!];
  const fill = half?.fill ?? (lost ? ink.surface : share === null ? ink.grid : cividis(share));
  const stroke = lost ? ink.lost : half === undefined ? ink.soft : ink.surface;
  const told = half === undefined ? formatPercent(accuracy, 2) : half.name;
  const tip = lost ? `peer ${node}: lost` : `peer ${node}: ${told}`;
  const disk = `<circle cx="${px(x)}" cy="${px(y)}" r="${px(radius)}" fill="${fill}" stroke="${stroke}" stroke-width="1"/>`;
  const size = px(Math.min(13, radius * 1.05));
  const text = half?.text ?? (share === null ? ink.text : inkOnCividis(share));
  const label = `<text x="${px(x)}" y="${px(y)}" dy="0.35em" text-anchor="middle" font-size="${size}" fill="${text}">${node}</text>`;
  const labeled = !lost && radius >= MIN_LABELED_RADIUS;
  return `<g><title>${tip}</title>${disk}${lost ? cross({ x, y }, radius * 0.5) : ''}${labeled ? label : ''}</g>`;
}

function legendSvg(input: TopologyDrawingInput, shading: Shading | null, top: number): string {
  const text = (x: number, anchor: string, content: string): string =>
    `<text x="${x}" y="${top + 30}" text-anchor="${anchor}" font-size="12" fill="${ink.soft}">${content}</text>`;
  const cells = 40;
  const bar = { left: 20, width: 240 };
  const gradient = Array.from({ length: cells }, (_, i) => {
    const x = bar.left + (bar.width * i) / cells;
    return `<rect x="${px(x)}" y="${top}" width="${px(bar.width / cells + 0.5)}" height="9" fill="${cividis(i / (cells - 1))}"/>`;
  }).join('');
  const accuracy =
    shading === null
      ? ''
      : gradient +
        text(bar.left, 'start', formatPercent(shading.low)) +
        text(bar.left + bar.width / 2, 'middle', "peer's own accuracy") +
        text(bar.left + bar.width, 'end', formatPercent(shading.high));
  const x = 345;
  const lost = `<circle cx="${x}" cy="${top + 5}" r="8" fill="${ink.surface}" stroke="${ink.lost}"/>${cross({ x, y: top + 5 }, 4)}${text(x, 'middle', 'lost')}`;
  return accuracy + (input.lost.size === 0 ? '' : lost);
}

/** A standalone <svg> element with a viewBox and no size of its own. Same input, same text. */
export function drawTopology(input: TopologyDrawingInput): string {
  const width = widthOf(input);
  const stage = stageOf(input.topology, width);
  const shading = shadingOf(input);
  const top = stage.height + 4;
  const legend =
    input.halves === undefined
      ? legendSvg(input, shading, top)
      : halvesLegendSvg(input.topology.edges, input.halves, top);
  const height = Math.ceil(
    stage.height + (legend === '' ? 0 : input.halves === undefined ? LEGEND_HEIGHT : HALVES_LEGEND_HEIGHT),
  );
  const nodes = stage.at.map((_, node) => nodeSvg(node, input, { stage, shading })).join('');
  const label = escapeHtml(
    `${input.topology.name}: ${input.topology.nodes} peers, ${input.topology.edges.length} edges`,
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}" ` +
    `font-family="system-ui, sans-serif">${edgesSvg(input, stage)}${nodes}${legend}</svg>`
  );
}
