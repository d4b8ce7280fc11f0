/**
 * Where to draw the nodes of a topology: positions in the unit square, y downwards, the same for the same graph.
 *
 *   torus, grid    rows and columns, when edges and the spec agree on them
 *   star           the hub in the middle, the leaves on a circle
 *   small, dense, circulant (ring, complete, exponential)   a circle
 *   anything else  springs: Fruchterman and Reingold 1991, "Graph drawing by force-directed placement"
 *                  (attraction d^2/k, repulsion k^2/d, a cooling step, a round frame), from a circle and
 *                  without chance; then pairs that overlap are pushed apart
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What a layout needs to know; a RunEvent's topology fits. */
export interface LayoutInput {
  readonly name: string;
  readonly spec: string;
  readonly nodes: number;
  readonly edges: readonly (readonly [number, number])[];
}

export interface Layout {
  readonly points: readonly Point[];
  /** Set for a grid: its wrap-around edges are drawn as stubs. */
  readonly grid: { readonly rows: number; readonly columns: number } | null;
}

/** Beyond this the springs (quadratic a step) take over half a second and show a ball: a circle says as much. */
const MAX_SPRING_NODES = 400;

/** Enough for 64 nodes to settle; 60 ms there. */
const SPRING_STEPS = 300;

/** Passes that leave no pair of 64 nodes overlapping; more change nothing that is seen. */
const SEPARATION_PASSES = 60;

const circular = new Set([
  'ring',
  'complete',
  'path',
  'exponential',
  'circulant',
  'one-peer-exponential',
  'cycle',
]);

/** On a circle of radius 1/2, node 0 at the top, clockwise. */
function circle(nodes: number): Point[] {
  return Array.from({ length: nodes }, (_, node) => {
    const angle = (2 * Math.PI * node) / nodes - Math.PI / 2;
    return { x: 0.5 + 0.5 * Math.cos(angle), y: 0.5 + 0.5 * Math.sin(angle) };
  });
}

/** rows=4,cols=8 as the spec says, or the most square grid; null if that is not two-dimensional. */
function gridShape({ spec, nodes }: LayoutInput): Layout['grid'] {
  const given = {
    rows: Number(/\brows=(\d+)/.exec(spec)?.[1]),
    columns: Number(/\bcols=(\d+)/.exec(spec)?.[1]),
  };
  let { rows } = given;
  if (given.rows * given.columns !== nodes) {
    rows = Math.floor(Math.sqrt(nodes));
    while (rows > 1 && nodes % rows !== 0) rows--;
  }
  return rows > 1 && rows < nodes ? { rows, columns: nodes / rows } : null;
}

function grid(shape: { rows: number; columns: number }): Point[] {
  const step = 1 / Math.max(shape.rows, shape.columns);
  const left = 0.5 - (step * (shape.columns - 1)) / 2;
  const top = 0.5 - (step * (shape.rows - 1)) / 2;
  return Array.from({ length: shape.rows * shape.columns }, (_, node) => ({
    x: left + step * (node % shape.columns),
    y: top + step * Math.floor(node / shape.columns),
  }));
}

function star({ nodes, edges }: LayoutInput): Point[] {
  const degrees = new Array<number>(nodes).fill(0);
  for (const [a, b] of edges) {
    degrees[a]!++;
    degrees[b]!++;
  }
  const hub = degrees.indexOf(Math.max(...degrees));
  const leaves = circle(nodes - 1);
  return Array.from({ length: nodes }, (_, node) =>
    node === hub ? { x: 0.5, y: 0.5 } : leaves[node < hub ? node : node - 1]!,
  );
}

/** Adds to `forces` what pushes every pair apart. */
function repelInto(forces: Float64Array, xy: Float64Array, k: number): void {
  for (let i = 0; i < xy.length; i += 2) {
    for (let j = i + 2; j < xy.length; j += 2) {
      const dx = xy[i]! - xy[j]!;
      const dy = xy[i + 1]! - xy[j + 1]!;
      const scale = (k * k) / Math.max(dx * dx + dy * dy, 1e-9);
      forces[i]! += dx * scale;
      forces[i + 1]! += dy * scale;
      forces[j]! -= dx * scale;
      forces[j + 1]! -= dy * scale;
    }
  }
}

/** Adds to `forces` what pulls neighbors together. */
function attractInto(
  forces: Float64Array,
  xy: Float64Array,
  springs: { k: number; edges: LayoutInput['edges'] },
): void {
  for (const [a, b] of springs.edges) {
    const dx = xy[2 * a]! - xy[2 * b]!;
    const dy = xy[2 * a + 1]! - xy[2 * b + 1]!;
    const scale = Math.sqrt(dx * dx + dy * dy) / springs.k;
    forces[2 * a]! -= dx * scale;
    forces[2 * a + 1]! -= dy * scale;
    forces[2 * b]! += dx * scale;
    forces[2 * b + 1]! += dy * scale;
  }
}

/** Shifted and scaled into the unit square, the proportions kept. */
function fitUnitSquare(xy: Float64Array): Point[] {
  const xs = Array.from({ length: xy.length / 2 }, (_, i) => xy[2 * i]!);
  const ys = xs.map((_, i) => xy[2 * i + 1]!);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const size = Math.max(right - left, bottom - top, 1e-9);
  return xs.map((x, i) => ({
    x: 0.5 + (x - (left + right) / 2) / size,
    y: 0.5 + (ys[i]! - (top + bottom) / 2) / size,
  }));
}

/** Moves the nodes of `xy` along `forces` by at most `heat`, and keeps them in the unit disk around 0. */
function moveInto(xy: Float64Array, forces: Float64Array, heat: number): void {
  for (let i = 0; i < xy.length; i += 2) {
    const scale = Math.min(1, heat / Math.max(Math.hypot(forces[i]!, forces[i + 1]!), 1e-12));
    const x = xy[i]! + forces[i]! * scale;
    const y = xy[i + 1]! + forces[i + 1]! * scale;
    const outside = Math.max(1, Math.hypot(x, y));
    xy[i] = x / outside;
    xy[i + 1] = y / outside;
  }
}

/** Pushes pairs that are closer than `gap` apart to it, one pass over all pairs; disks then do not overlap. */
function separateInto(xy: Float64Array, gap: number): void {
  for (let i = 0; i < xy.length; i += 2) {
    for (let j = i + 2; j < xy.length; j += 2) {
      const dx = xy[i]! - xy[j]!;
      const dy = xy[i + 1]! - xy[j + 1]!;
      const distance = Math.max(Math.hypot(dx, dy), 1e-9);
      if (distance >= gap) continue;
      const push = (gap - distance) / 2 / distance;
      xy[i]! += dx * push;
      xy[i + 1]! += dy * push;
      xy[j]! -= dx * push;
      xy[j + 1]! -= dy * push;
    }
  }
}

function springs({ nodes, edges }: LayoutInput): Point[] {
  const xy = Float64Array.from(
    // The radius grows a little with the index: on a perfect circle opposite forces cancel and nothing untangles.
    circle(nodes).flatMap(({ x, y }, i) => [
      (x - 0.5) * (1 + (0.1 * i) / nodes),
      (y - 0.5) * (1 + (0.1 * i) / nodes),
    ]),
  );
  const spacing = Math.sqrt(Math.PI / nodes); // of nodes spread evenly over the unit disk
  const forces = new Float64Array(xy.length);
  for (let step = 0; step < SPRING_STEPS; step++) {
    forces.fill(0);
    repelInto(forces, xy, spacing);
    attractInto(forces, xy, { k: spacing, edges });
    moveInto(xy, forces, 0.2 * (1 - step / SPRING_STEPS));
  }
  for (let pass = 0; pass < SEPARATION_PASSES; pass++) separateInto(xy, 0.75 * spacing);
  return fitUnitSquare(xy);
}

/** One point a node. */
export function layoutTopology(input: LayoutInput): Layout {
  if (input.name === 'star' && input.nodes > 2) return { points: star(input), grid: null };
  const shape = input.name === 'torus' || input.name === 'grid' ? gridShape(input) : null;
  if (shape !== null) return { points: grid(shape), grid: shape };
  const round = circular.has(input.name) || input.nodes < 4 || input.nodes > MAX_SPRING_NODES;
  return { points: round ? circle(input.nodes) : springs(input), grid: null };
}
