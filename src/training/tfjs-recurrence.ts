/**
 * What LSTM and GRU do from one place to the next, with the gradient through time written out (Werbos 1990). The tape
 * would hold some fifty operations a place, among them a product and a sum of the size of the recurrent kernel; here a
 * place takes a dozen each way, and the kernel's gradient is one product over all places at the end.
 *
 * x is what the input gives to the gates, [time, samples, gates units]; U the recurrent kernel [units, gates units];
 * all begins at h = c = 0. A hat is the gradient of the loss with respect to what wears it.
 *
 *     lstm   i, f, g, o = s, s, tanh, s of x_t + h U      c' = f c + i g      h' = o tanh c'
 *     gru    z, r = s(x_t + h U_zr)      g = tanh(x_t + (r h) U_g)      h' = g + z (h - g)
 */
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { Tfjs } from './tfjs-api.js';

type Recurrence = (tf: Tfjs, x: Tensor3D, recurrent: Tensor2D) => Tensor3D;

/** A custom gradient in the types that are meant; what is saved comes back in the same order. */
type Forward = (x: Tensor3D, recurrent: Tensor2D, save: (tensors: Tensor[]) => void) => Passes;
interface Passes {
  readonly value: Tensor;
  gradFunc(error: Tensor, saved: Tensor[]): Tensor[];
}

function withGradient(tf: Tfjs, forward: Forward): (x: Tensor3D, recurrent: Tensor2D) => Tensor3D {
  return tf.customGrad(forward as unknown as Parameters<Tfjs['customGrad']>[0]) as never;
}

/** f'(x) from y = f(x), for s and tanh. */
const sigmoidSlope = (tf: Tfjs, y: Tensor): Tensor => tf.mul(y, tf.sub(1, y));
const tanhSlope = (tf: Tfjs, y: Tensor): Tensor => tf.sub(1, tf.square(y));

/** All places but the last, after one of zeros. */
function delayed(tf: Tfjs, states: Tensor): Tensor {
  const [time, samples, units] = states.shape as [number, number, number];
  const first = tf.zeros([1, samples, units]);
  return time === 1 ? first : tf.concat([first, tf.slice(states, [0, 0, 0], [time - 1, samples, units])], 0);
}

/** A^T B over all places: [time, samples, n] and [time, samples, m] to [n, m]. */
function overPlaces(tf: Tfjs, a: Tensor, b: Tensor): Tensor2D {
  const rows = (each: Tensor) => tf.reshape(each, [-1, each.shape[2]!]) as Tensor2D;
  return tf.matMul(rows(a), rows(b), true, false);
}

const product = (tf: Tfjs, a: Tensor, b: Tensor, transposed = false): Tensor =>
  tf.matMul(a as Tensor2D, b as Tensor2D, false, transposed);

/** The cells' outputs h at all places, [time, samples, units]. */
export const lstmStates: Recurrence = (tf, input, kernel) =>
  withGradient(tf, (x, recurrent, save) => {
    const [gates, cells, outputs]: [Tensor[], Tensor[], Tensor[]] = [[], [], []];
    for (const given of tf.unstack(x)) {
      const [h, c] = [outputs.at(-1), cells.at(-1)];
      const sums = h === undefined ? given : tf.add(given, product(tf, h, recurrent));
      const [zi, zf, zg, zo] = tf.split(sums, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
      const [i, f, g, o] = [tf.sigmoid(zi), tf.sigmoid(zf), tf.tanh(zg), tf.sigmoid(zo)];
      const fresh = tf.mul(i, g);
      cells.push(c === undefined ? fresh : tf.add(tf.mul(f, c), fresh));
      outputs.push(tf.mul(o, tf.tanh(cells.at(-1)!)));
      gates.push(tf.concat([i, f, g, o], 1));
    }
    const value = tf.stack(outputs);
    save([recurrent, tf.stack(gates), tf.stack(cells), value]);
    return { value, gradFunc: (error, saved) => lstmGradients(tf, error, saved) };
  })(input, kernel);

function lstmGradients(tf: Tfjs, error: Tensor, saved: Tensor[]): Tensor[] {
  const [recurrent, gates, cells, states] = saved as [Tensor, Tensor, Tensor, Tensor];
  const [i, f, g, o] = tf.split(gates, 4, 2) as [Tensor, Tensor, Tensor, Tensor];
  const squashed = tf.tanh(cells);
  const slopes = tf.concat(
    [sigmoidSlope(tf, i), sigmoidSlope(tf, f), tanhSlope(tf, g), sigmoidSlope(tf, o)],
    2,
  );
  /** What c^ is multiplied by for i^, f^, g^; then o^ = h^ tanh c, and c^ += h^ o tanh'(c). */
  const factors = [g, delayed(tf, cells), i, squashed, tf.mul(o, tanhSlope(tf, squashed)), f, slopes, error];
  const places = factors.map((factor) => tf.unstack(factor));
  const errors: Tensor[] = [];
  let [dh, dc]: [Tensor | null, Tensor | null] = [null, null];
  for (let t = error.shape[0]! - 1; t >= 0; t--) {
    const [toI, toF, toG, toO, toC, forget, slope, own] = places.map((each) => each[t]!) as Tensor[];
    const h: Tensor = dh === null ? own! : tf.add(own!, dh);
    const c: Tensor = dc === null ? tf.mul(h, toC!) : tf.add(dc, tf.mul(h, toC!));
    const gate = tf.concat([tf.mul(c, toI!), tf.mul(c, toF!), tf.mul(c, toG!), tf.mul(h, toO!)], 1);
    errors.unshift(tf.mul(gate, slope!));
    dc = tf.mul(c, forget!);
    dh = product(tf, errors[0]!, recurrent, true);
  }
  const dx = tf.stack(errors);
  return [dx, overPlaces(tf, delayed(tf, states), dx)];
}

/** h at all places, [time, samples, units]. */
export const gruStates: Recurrence = (tf, input, kernel) =>
  withGradient(tf, (x, recurrent, save) => {
    const [samples, units] = [x.shape[1], recurrent.shape[0]];
    const [toGates, toCandidate] = tf.split(recurrent, [2 * units, units], 1);
    const [forGates, forCandidates] = tf.split(x, [2 * units, units], 2).map((part) => tf.unstack(part));
    const [gates, candidates, states]: [Tensor[], Tensor[], Tensor[]] = [[], [], []];
    for (let t = 0; t < forGates!.length; t++) {
      const h = states.at(-1) ?? tf.zeros([samples, units]);
      const zr = tf.sigmoid(tf.add(forGates![t]!, product(tf, h, toGates!)));
      const [z, r] = tf.split(zr, 2, 1);
      const g = tf.tanh(tf.add(forCandidates![t]!, product(tf, tf.mul(r!, h), toCandidate!)));
      states.push(tf.add(g, tf.mul(z!, tf.sub(h, g))));
      gates.push(zr);
      candidates.push(g);
    }
    const value = tf.stack(states);
    save([recurrent, tf.stack(gates), tf.stack(candidates), value]);
    return { value, gradFunc: (error, saved) => gruGradients(tf, error, saved) };
  })(input, kernel);

function gruGradients(tf: Tfjs, error: Tensor, saved: Tensor[]): Tensor[] {
  const [recurrent, gates, g, states] = saved as [Tensor, Tensor, Tensor, Tensor];
  const units = recurrent.shape[0]!;
  const [toGates, toCandidate] = tf.split(recurrent, [2 * units, units], 1);
  const [z, r] = tf.split(gates, 2, 2) as [Tensor, Tensor];
  const before = delayed(tf, states);
  const factors = [z, r, before, tf.sub(before, g), tanhSlope(tf, g), sigmoidSlope(tf, gates), error];
  const places = factors.map((factor) => tf.unstack(factor));
  const [gateErrors, candidateErrors]: [Tensor[], Tensor[]] = [[], []];
  let dh: Tensor | null = null;
  for (let t = error.shape[0]! - 1; t >= 0; t--) {
    const [keep, reset, h, toZ, slopeG, slopeZr, own] = places.map((each) => each[t]!) as Tensor[];
    const all: Tensor = dh === null ? own! : tf.add(own!, dh);
    const kept = tf.mul(all, keep!);
    const dg = tf.mul(tf.sub(all, kept), slopeG!);
    const dReset = product(tf, dg, toCandidate!, true); // of r h
    const dzr = tf.mul(tf.concat([tf.mul(all, toZ!), tf.mul(dReset, h!)], 1), slopeZr!);
    dh = tf.add(tf.add(kept, tf.mul(dReset, reset!)), product(tf, dzr, toGates!, true));
    gateErrors.unshift(dzr);
    candidateErrors.unshift(dg);
  }
  const [dzr, dg] = [tf.stack(gateErrors), tf.stack(candidateErrors)];
  const toKernel = [overPlaces(tf, before, dzr), overPlaces(tf, tf.mul(r, before), dg)];
  return [tf.concat([dzr, dg], 2), tf.concat(toKernel, 1)];
}
