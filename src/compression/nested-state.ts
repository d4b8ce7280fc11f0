/**
 * States of operators inside another one. A BlockState is a flat table of arrays, so that checkpoints stay simple;
 * the state of a part lives in it under a prefix, `a.q` for the `q` of part `a`.
 */
import type { BlockState } from './operator.js';

/** The entries of `inner`, each under `prefix`. */
export function nestState(prefix: string, inner: BlockState): BlockState {
  return Object.fromEntries(Object.entries(inner).map(([key, value]) => [`${prefix}.${key}`, value]));
}

/** The state of the part under `prefix`. Its arrays are those of `state`: what is written into them stays. */
export function innerState(prefix: string, state: BlockState): BlockState {
  const start = `${prefix}.`;
  return Object.fromEntries(
    Object.entries(state).flatMap(([key, value]) =>
      key.startsWith(start) ? [[key.slice(start.length), value]] : [],
    ),
  );
}
