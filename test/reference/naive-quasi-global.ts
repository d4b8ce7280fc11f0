/**
 * Twin of quasi-global-momentum.ts: QG-DSGDm-N of Lin et al. 2021 for all peers at once, on n x d matrices of
 * float64 as the paper writes it, H = 1, exact gossip with W, no guard.
 */
export function naiveQuasiGlobal(
  start: readonly (readonly number[])[],
  mixing: readonly (readonly number[])[],
  options: {
    eta: number;
    mu: number;
    rounds: number;
    gradient: (peer: number, x: readonly number[]) => number[];
  },
): number[][][] {
  const { eta, mu, rounds, gradient } = options;
  let x = start.map((row) => [...row]);
  let buffer = start.map((row) => row.map(() => 0));
  const history: number[][][] = [];
  for (let round = 0; round < rounds; round++) {
    const half = x.map((row, i) => {
      const g = gradient(i, row);
      return row.map((value, k) => value - eta * (g[k]! + mu * (mu * buffer[i]![k]! + g[k]!)));
    });
    const mixed = mixing.map((weights) =>
      half[0]!.map((_, k) => weights.reduce((sum, w, j) => sum + w * half[j]![k]!, 0)),
    );
    buffer = buffer.map((row, i) =>
      row.map((m, k) => mu * m + ((1 - mu) * (x[i]![k]! - mixed[i]![k]!)) / eta),
    );
    x = mixed;
    history.push(x);
  }
  return history;
}
