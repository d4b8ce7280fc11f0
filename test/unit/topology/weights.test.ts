import { describe, expect, it } from 'vitest';
import { cholesky, inverseOf, solveCholesky } from '../../../src/linalg/cholesky.js';
import { bestConstant, constantWeights } from '../../../src/topology/constant-weights.js';
import { fdlaWeights } from '../../../src/topology/fdla.js';
import { edgesOf } from '../../../src/topology/graph.js';
import { metropolisHastings, mixingFromEdges, toDense } from '../../../src/topology/mixing.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';
import { topologyHash } from '../../../src/topology/topology-hash.js';
import { treeGraph } from '../../../src/topology/tree.js';
import { weigh } from '../../../src/topology/weights.js';

const graphOf = (spec: string, nodes: number, seed = 1) => buildTopology(spec, nodes, seed).graph;
const gapOf = (spec: string, nodes: number, seed = 1): number =>
  spectrumOf(buildTopology(spec, nodes, seed).mixing).gap;

describe('weights', () => {
  it('are Metropolis-Hastings where nothing is said, and saying so changes neither spec nor hash', () => {
    for (const spec of ['ring', 'torus', 'random-regular:degree=4']) {
      const [plain, said] = [spec, `${spec}${spec.includes(':') ? ',' : ':'}weights=metropolis-hastings`].map(
        (text) => buildTopology(text, 16, 1),
      );
      expect(said!.spec).toBe(plain!.spec);
      expect(topologyHash(said!)).toBe(topologyHash(plain!));
    }
    expect(buildTopology('ring:weights=lazy', 8, 1).spec).toBe('ring:weights=lazy');
    expect(buildTopology('torus:weights=fdla', 8, 1).spec).toBe('torus:rows=2,cols=4,weights=fdla');
    expect(() => buildTopology('ring:weights=fast', 8, 1)).toThrow(/weights=fast, wanted one of metropolis-/);
    expect(() => buildTopology('base:weights=lazy', 8, 1)).toThrow(/unknown key of topology base "weights"/);
  });

  it('max-degree: 1 / (1 + d_max) on every edge of a star', () => {
    const { weights, selfWeights } = weigh(graphOf('star', 5), 'max-degree');
    expect(new Set(weights)).toEqual(new Set([1 / 5]));
    expect(selfWeights[0]).toBeCloseTo(1 / 5, 15);
    expect(selfWeights[1]).toBeCloseTo(4 / 5, 15);
  });

  it('lazy: (I + W) / 2, every eigenvalue is half way to 1, so none is below 0', () => {
    for (const spec of ['ring', 'torus', 'star', 'random']) {
      const whole = spectrumOf(buildTopology(spec, 16, 1).mixing);
      const half = spectrumOf(buildTopology(`${spec}:weights=lazy`, 16, 1).mixing);
      expect(half.lambda2).toBeCloseTo((1 + whole.lambda2) / 2, 12);
      expect(half.lambdaMin).toBeCloseTo((1 + whole.lambdaMin) / 2, 12);
    }
  });

  it.each([
    ['ring', 8, 0.4361302096],
    ['ring', 16, 0.4816676179],
    ['path', 16, 0.5],
    ['star', 16, 0.1176470588],
    ['torus', 16, 0.2],
  ])('best-constant: alpha of the %s of %i is %f', (spec, nodes, alpha) => {
    expect(Math.abs(bestConstant(graphOf(spec, nodes)) - alpha)).toBeLessThan(1e-9);
  });

  it('best-constant: no other constant does better', () => {
    for (const spec of ['random', 'tree', 'barabasi-albert', 'grid']) {
      const graph = graphOf(spec, 20);
      const alpha = bestConstant(graph);
      const best = spectrumOf(constantWeights(graph, alpha)).gap;
      for (const factor of [0.5, 0.9, 0.99, 1.01, 1.1, 1.5])
        expect(spectrumOf(constantWeights(graph, alpha * factor)).gap).toBeLessThan(best);
    }
  });
});

/** Minimum of a convex function on [low, high], by ternary search. */
function minimumOf(f: (x: number) => number, low = 0, high = 1): number {
  let [a, b] = [low, high];
  for (let k = 0; k < 70; k++) {
    const third = (b - a) / 3;
    if (f(a + third) < f(b - third)) b -= third;
    else a += third;
  }
  return f((a + b) / 2);
}

describe('fdla', () => {
  it('is no worse than best-constant on any graph, and better where edges differ', () => {
    for (const seed of [1, 2, 3])
      for (const spec of ['random', 'watts-strogatz', 'barabasi-albert', 'geometric', 'tree', 'grid', 'ring'])
        for (const nodes of [5, 12, 24]) {
          const [optimal, constant] = ['fdla', 'best-constant'].map((weights) =>
            gapOf(`${spec}:weights=${weights}`, nodes, seed),
          );
          expect(optimal!).toBeGreaterThanOrEqual(constant!);
          if (spec === 'barabasi-albert' && nodes > 5) expect(optimal!).toBeGreaterThan(1.05 * constant!);
        }
  });

  it.each([
    ['ring', 8],
    ['ring', 9],
    ['star', 16],
    ['hypercube', 8],
    ['complete', 6],
    ['torus:dims=4x4', 16],
  ])('is best-constant where all edges are alike, as symmetry and convexity say: %s of %i', (spec, nodes) => {
    const joint = spec.includes(':') ? ',' : ':';
    const [optimal, constant] = ['fdla', 'best-constant'].map((w) =>
      gapOf(`${spec}${joint}weights=${w}`, nodes),
    );
    expect(Math.abs(optimal! - constant!)).toBeLessThan(1e-9);
  });

  it('is 1/2 on every edge of a path (Boyd, Diaconis, Sun and Xiao 2006): 1 - cos(pi / n)', () => {
    for (const nodes of [3, 8, 16]) {
      expect(Math.abs(gapOf('path:weights=fdla', nodes) - (1 - Math.cos(Math.PI / nodes)))).toBeLessThan(
        1e-9,
      );
    }
  });

  it('finds the optimum of a binary tree of 7 nodes, which a search over its two kinds of edges finds too', () => {
    const graph = treeGraph(7, 2);
    const normOf = (top: number, bottom: number): number =>
      1 -
      spectrumOf(
        mixingFromEdges(
          7,
          Array.from(edgesOf(graph), ([i, j]) => [i, j, i === 0 ? top : bottom] as const),
        ),
      ).gap;
    const least = minimumOf((top) => minimumOf((bottom) => normOf(top, bottom)));
    expect(Math.abs(1 - least - spectrumOf(fdlaWeights(graph)).gap)).toBeLessThan(1e-8);
    expect(1 - least).toBeGreaterThan(spectrumOf(metropolisHastings(graph)).gap * 1.5);
  });

  it('refuses graphs that would take too long, with what to use instead', () => {
    expect(() => gapOf('ring:weights=fdla', 129)).toThrow(expect.objectContaining({ code: 'BAD_SPEC' }));
    expect(() => gapOf('complete:weights=fdla', 40)).toThrow(
      /780 edges, wanted at most .*Use weights=best-constant/,
    );
  });
});

describe('cholesky', () => {
  it('solves, inverts, and says no to what is not positive definite', () => {
    const mixing = metropolisHastings(graphOf('random', 9));
    const matrix = toDense(mixing).map((value, k) => value + (k % 10 === 0 ? 2 : 0));
    const x = Float64Array.from({ length: 9 }, (_, i) => i - 3.5);
    const b = Float64Array.from(x, (_, i) =>
      x.reduce((sum, value, j) => sum + matrix[i * 9 + j]! * value, 0),
    );
    solveCholesky(cholesky(matrix, 9)!, b).forEach((value, i) => expect(value).toBeCloseTo(x[i]!, 12));
    const inverse = inverseOf(matrix, 9)!;
    for (let i = 0; i < 9; i++)
      for (let j = 0; j < 9; j++) {
        let sum = 0;
        for (let k = 0; k < 9; k++) sum += matrix[i * 9 + k]! * inverse[k * 9 + j]!;
        expect(sum).toBeCloseTo(i === j ? 1 : 0, 12);
      }
    expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
    expect(inverseOf(Float64Array.of(0, 0, 0, 1), 2)).toBeUndefined();
  });
});
