/**
 * Naive twins of the algorithms with training, for all peers at once: X is n x d, one row a peer, W dense, everything in
 * float64 and written as the papers write it, with U for eta G. Compressors act on rows.
 */
import { createRandom, uniformInt } from '../../src/base/random.js';
import { type Dense, multiply } from './matrix-form.js';

export interface TwinRun {
  readonly w: Dense;
  readonly start: readonly ArrayLike<number>[];
  readonly rounds: number;
  /** u_i(x). */
  step(node: number, x: ArrayLike<number>): readonly number[];
  /** C, on one row; identity where nothing is compressed. */
  compress(row: readonly number[]): readonly number[];
}

/** X(0), X(1), ... */
export type Twin = (run: TwinRun) => number[][][];

type Matrix = number[][];

const combine = (x: Matrix, y: Dense, factor: number): Matrix =>
  x.map((row, i) => row.map((value, k) => value + factor * y[i]![k]!));
const scaled = (x: Dense, factor: number): Matrix => x.map((row) => row.map((value) => factor * value));
const zerosLike = (x: Dense): Matrix => scaled(x, 0);
const compressed = (run: TwinRun, x: Dense): Matrix => x.map((row) => [...run.compress(row)]);
const stepsAt = (run: TwinRun, x: Dense): Matrix => x.map((row, i) => [...run.step(i, row)]);
/** (W - I) X */
const pull = (run: TwinRun, x: Matrix): Matrix => combine(multiply(run.w, x), x, -1);
/** (I + W) / 2 X */
const lazy = (run: TwinRun, x: Matrix): Matrix => scaled(combine(x, multiply(run.w, x), 1), 0.5);

function iterate(run: TwinRun, next: (x: Matrix, t: number) => Matrix): Matrix[] {
  const trace = [run.start.map((row) => Array.from(row))];
  for (let t = 0; t < run.rounds; t++) trace.push(next(trace[t]!, t));
  return trace;
}

/** X <- W (X - U), D-PSGD adapt-then-combine. */
export const adaptThenCombine: Twin = (run) =>
  iterate(run, (x) => multiply(run.w, combine(x, stepsAt(run, x), -1)));

/** X <- W X - U, Lian et al. 2017, Algorithm 1. */
export const combineThenAdapt: Twin = (run) =>
  iterate(run, (x) => combine(multiply(run.w, x), stepsAt(run, x), -1));

/** The edges of W as [lower, higher], ascending, shuffled by Fisher and Yates from the seed that all peers of round t share. */
function shuffledEdges(w: Dense, round: number): [number, number][] {
  const edges = w.flatMap((row, i) =>
    row.flatMap((weight, j): [number, number][] => (j > i && weight > 0 ? [[i, j]] : [])),
  );
  const random = createRandom(1, 'matching', round);
  for (let k = edges.length - 1; k > 0; k--) {
    const other = uniformInt(random, k + 1);
    [edges[k], edges[other]] = [edges[other]!, edges[k]!];
  }
  return edges;
}

const averaged = (x: Matrix, [i, j]: readonly [number, number]): Matrix =>
  x.map((row, node) => (node === i || node === j ? row.map((_, k) => (x[i]![k]! + x[j]![k]!) / 2) : row));

/** X <- W_t (X - U), where W_t averages the pairs of a random maximal matching: AD-PSGD in rounds. */
export const randomPairs: Twin = (run) =>
  iterate(run, (x, t) => {
    const free = new Set(x.keys());
    let next = combine(x, stepsAt(run, x), -1);
    for (const [i, j] of shuffledEdges(run.w, t + 1)) {
      if (!free.has(i) || !free.has(j)) continue;
      free.delete(i);
      free.delete(j);
      next = averaged(next, [i, j]);
    }
    return next;
  });

/** The same on a star, where every edge meets every other: one pair a round. */
export const hubAndLeaf: Twin = (run) =>
  iterate(run, (x, t) => averaged(combine(x, stepsAt(run, x), -1), shuffledEdges(run.w, t + 1)[0]!));

/** K accelerated products with W after each step, by the recursion on X(k) and X(k - 1). */
export const chebyshev =
  (lambda: number, exchanges: number): Twin =>
  (run) =>
    iterate(run, (x) => {
      let before = combine(x, stepsAt(run, x), -1);
      let now = multiply(run.w, before);
      let omega = 2;
      for (let k = 1; k < exchanges; k++) {
        omega = 1 / (1 - (lambda * lambda * omega) / 4);
        const next = combine(scaled(multiply(run.w, now), omega), before, 1 - omega);
        [before, now] = [now, next];
      }
      return now;
    });

/** CHOCO-SGD: X <- X - U; Xhat += C(X - Xhat); X += gamma (W - I) Xhat. */
export const choco =
  (gamma: number): Twin =>
  (run) => {
    let hat = run.start.map(() => Array.from(run.start[0]!));
    return iterate(run, (x) => {
      const adapted = combine(x, stepsAt(run, x), -1);
      hat = combine(hat, compressed(run, combine(adapted, hat, -1)), 1);
      return combine(adapted, pull(run, hat), gamma);
    });
  };

const distanceOf = (x: readonly number[], y: readonly number[]): number =>
  Math.sqrt(x.reduce((sum, value, k) => sum + (y[k]! - value) ** 2, 0));

/** The (f + 1)-th largest distance of each peer's replica to its neighbors', each as it is on their edge. */
function radiiOf({ w }: TwinRun, f: number, distance: (i: number, j: number) => number): number[] {
  return w.map((row, i) => {
    const neighbors = [...row.keys()].filter((j) => j !== i && row[j] !== 0);
    return neighbors.map((j) => distance(i, j)).sort((a, b) => b - a)[f]!;
  });
}

const clip = (z: readonly number[], radius: number): number[] => {
  const length = distanceOf(z, scaled([z], 0)[0]!);
  return z.map((value) => (length > radius ? (radius / length) * value : value));
};

/** ClippedGossip: x_i += sum_j w_ij CLIP(x_j - x_i, min(tau_i, tau_j)); tau of the last round's distances, 0 at first. */
export const clippedGossip =
  (f: number): Twin =>
  (run) => {
    let tau = run.start.map(() => 0);
    return iterate(run, (x) => {
      const adapted = combine(x, stepsAt(run, x), -1);
      const next = adapted.map((own, i) =>
        adapted.reduce<number[]>((sum, other, j) => {
          const z = clip(combine([[...other]], [own], -1)[0]!, Math.min(tau[i]!, tau[j]!));
          return i === j ? sum : combine([sum], [z], run.w[i]![j]!)[0]!;
        }, own),
      );
      tau = radiiOf(run, f, (i, j) => distanceOf(adapted[i]!, adapted[j]!));
      return next;
    });
  };

/** x_i <- the mean of itself and all but the f farthest of its neighbors. */
export const nearestNeighbor =
  (f: number): Twin =>
  (run) =>
    iterate(run, (x) => {
      const adapted = combine(x, stepsAt(run, x), -1);
      return adapted.map((own, i) => {
        const closed = [...adapted.keys()].filter((j) => run.w[i]![j] !== 0); // the self weight is above 0
        closed.sort((a, b) => distanceOf(own, adapted[a]!) - distanceOf(own, adapted[b]!));
        const kept = closed.slice(0, closed.length - f);
        return own.map((_, k) => kept.reduce((sum, j) => sum + adapted[j]![k]!, 0) / kept.length);
      });
    });

/**
 * Edge-CHOCO: replicas S[i][j] (of i on the edge to j) moved by their differences and by the correction, which is
 * clipped where f is given, by the distances of the last round.
 */
export const edgeChoco =
  (gamma: number, f: number | null = null): Twin =>
  (run) => {
    const n = run.start.length;
    let tau = run.start.map(() => (f === null ? Number.POSITIVE_INFINITY : 0));
    const s = run.start.map(() => run.start.map(() => Array.from(run.start[0]!)));
    return iterate(run, (x) => {
      const adapted = combine(x, stepsAt(run, x), -1);
      const next = combine(adapted, zerosLike(adapted), 0);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          if (i === j || run.w[i]![j] === 0) continue;
          const q = run.compress(adapted[i]!.map((value, k) => value - s[i]![j]![k]!));
          q.forEach((value, k) => {
            s[i]![j]![k]! += value;
          });
        }
      const now = f === null ? tau : radiiOf(run, f, (i, j) => distanceOf(s[i]![j]!, s[j]![i]!));
      for (let i = 0; i < n; i++)
        for (let j = i + 1; j < n; j++) {
          const z = clip(combine([s[j]![i]!], [s[i]![j]!], -1)[0]!, Math.min(tau[i]!, tau[j]!));
          for (let k = 0; k < next[0]!.length; k++) {
            const c = gamma * run.w[i]![j]! * z[k]!;
            next[i]![k]! += c;
            next[j]![k]! -= c;
            s[i]![j]![k]! += c;
            s[j]![i]![k]! -= c;
          }
        }
      tau = now;
      return next;
    });
  };

/** H = W Xhat - U, with Xhat = X; X += C(H - X). Tang et al. 2018, Algorithm 1. */
export const dcd: Twin = (run) =>
  iterate(run, (x) => {
    const h = combine(multiply(run.w, x), stepsAt(run, x), -1);
    return combine(x, compressed(run, combine(h, x, -1)), 1);
  });

/** Tang et al. 2018, Algorithm 2. */
export const ecd: Twin = (run) => {
  let hat = run.start.map((row) => Array.from(row));
  return iterate(run, (x, round) => {
    const t = round + 1;
    const next = combine(multiply(run.w, hat), stepsAt(run, x), -1);
    const z = combine(scaled(x, 1 - t / 2), next, t / 2);
    hat = combine(scaled(hat, 1 - 2 / t), compressed(run, z), 2 / t);
    return next;
  });
};

/** X <- X - U; V = X + E; E = V - C(V); X += gamma (W - I) C(V). Tang et al. 2019, Algorithm 1. */
export const deepSqueeze =
  (gamma: number): Twin =>
  (run) => {
    let error: Matrix = run.start.map((row) => Array.from(row, () => 0));
    return iterate(run, (x) => {
      const adapted = combine(x, stepsAt(run, x), -1);
      const v = combine(adapted, error, 1);
      const c = compressed(run, v);
      error = combine(v, c, -1);
      return combine(adapted, pull(run, c), gamma);
    });
  };

/** X(t + 1) = W (X - Y); Y(t + 1) = W Y + U(t + 1) - U. */
export const gradientTracking: Twin = (run) => {
  let y: Matrix | null = null;
  let before: Matrix | null = null;
  return iterate(run, (x) => {
    const u = stepsAt(run, x);
    y = y === null || before === null ? u : combine(combine(multiply(run.w, y), u, 1), before, -1);
    before = u;
    return multiply(run.w, combine(x, y, -1));
  });
};

/** X(t + 1) = (I + W) / 2 (2 X(t) - X(t - 1) - U(t) + U(t - 1)). */
export const exactDiffusion: Twin = (run) => {
  let last: { readonly x: Matrix; readonly u: Matrix } | null = null;
  return iterate(run, (x) => {
    const u = stepsAt(run, x);
    const adapted = combine(x, u, -1);
    const corrected =
      last === null ? adapted : combine(combine(combine(adapted, x, 1), last.x, -1), last.u, 1);
    last = { x, u };
    return lazy(run, corrected);
  });
};

/** BEER (lambda = 1) and MoTEF, in the order of the papers: X, H, V, G. */
export const trackedChoco =
  (gamma: number, lambda: number): Twin =>
  (run) => {
    const start = run.start.map((row) => Array.from(row));
    let m = stepsAt(run, start);
    let v = m;
    const common = start.map(() => Array.from(run.start[0]!));
    let h = combine(common, compressed(run, combine(start, common, -1)), 1);
    let g = compressed(run, v);
    return iterate(run, (x) => {
      const next = combine(combine(x, pull(run, h), gamma), v, -1);
      h = combine(h, compressed(run, combine(next, h, -1)), 1);
      const momentum = combine(scaled(m, 1 - lambda), stepsAt(run, next), lambda);
      v = combine(combine(combine(v, pull(run, g), gamma), momentum, 1), m, -1);
      m = momentum;
      g = combine(g, compressed(run, combine(v, g, -1)), 1);
      return next;
    });
  };

/** LEAD with H(1) = the common start, D(1) = 0 and the duals scaled by eta. */
export const lead =
  (gamma: number, alpha: number): Twin =>
  (run) => {
    let dual: Matrix = run.start.map((row) => Array.from(row, () => 0));
    let h = run.start.map(() => Array.from(run.start[0]!));
    return iterate(run, (x) => {
      const u = stepsAt(run, x);
      const y = combine(combine(x, u, -1), dual, -1);
      const yHat = combine(h, compressed(run, combine(y, h, -1)), 1);
      h = combine(scaled(h, 1 - alpha), yHat, alpha);
      dual = combine(dual, pull(run, yHat), -gamma / 2);
      return combine(combine(x, u, -1), dual, -1);
    });
  };

/** W of each round, from 1: a doubly stochastic matrix. */
export type MixingAt = (run: TwinRun, round: number) => Dense;

/** Laplacian pull of the matrix of the round: (W(t) - I) X. */
const pullBy = (w: Dense, x: Matrix): Matrix => combine(multiply(w, x), x, -1);

/**
 * NoLoCo over pairs, written with both means of the pair as the paper has them. With W(t) of a matching, whose weights are
 * 1/2, row i of W(t) Y is the mean of i's pair, or Y itself where i is alone.
 */
export const noLoCo =
  (options: { readonly rate: number; readonly momentum: number }, mixingAt: MixingAt): Twin =>
  (run) => {
    const { rate, momentum } = options;
    let m = zerosLike(run.start.map((row) => Array.from(row)));
    return iterate(run, (phi, t) => {
      const w = mixingAt(run, t + 1);
      const drift = scaled(stepsAt(run, phi), -1);
      const meanDrift = multiply(w, drift);
      const apart = pullBy(w, phi);
      m = combine(combine(scaled(m, momentum), meanDrift, rate), apart, rate);
      return combine(phi, m, 1);
    });
  };

/** theta(t + 1) = z(t) - alpha Lambda z(t) + gamma (z(t) - z(t - 1)), with Lambda = I - W(t) and z(0) = theta(1). */
export const gasLoC =
  (
    options: { readonly rate: number; readonly momentum: number; readonly gamma: number },
    mixingAt: MixingAt,
  ): Twin =>
  (run) => {
    const { rate, momentum, gamma } = options;
    let last: Matrix | null = null;
    return iterate(run, (theta, t) => {
      const z = combine(theta, stepsAt(run, theta), -rate);
      const next = combine(z, pullBy(mixingAt(run, t + 1), z), gamma);
      const moved = combine(z, last ?? theta, -1);
      last = z;
      return combine(next, moved, momentum);
    });
  };

/** P of each round, from 1: column i holds what i pushes, and sums to 1. */
export type PushAt = (run: TwinRun, round: number) => Dense;

/** SGP, Assran et al. 2019, Algorithm 1: Z = X / w; X <- P (X - U(Z)); w <- P w. */
export const pushSum =
  (pushAt: PushAt): Twin =>
  (run) => {
    let x: Matrix = run.start.map((row) => Array.from(row));
    let w: Matrix = x.map(() => [1]);
    return iterate(run, (z, t) => {
      const p = pushAt(run, t + 1);
      x = multiply(p, combine(x, stepsAt(run, z), -1));
      w = multiply(p, w);
      return x.map((row, i) => row.map((value) => value / w[i]![0]!));
    });
  };
