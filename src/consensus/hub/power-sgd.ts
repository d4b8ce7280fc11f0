/**
 * PowerSGD on a star: rank-r compression that is linear, so that the mean of compressed gradients is the compressed mean
 * (Vogels, Karimireddy and Jaggi 2019, algorithms 1 and 2). A step takes two rounds; for each matrix M_i = g_i + e_i:
 *
 *     left    worker sends P_i = M_i Q,    hub sends P = mean_i P_i,   all take P^ = orth(P)
 *     right   worker sends Q_i = M_i^T P^, hub sends Q = mean_i Q_i, the warm start of the next step
 *     step    g^ = P^ Q^T,   m = lambda m + g^,   x -= gamma (g^ + m)    (lambda = 0: x -= gamma g^)
 *
 * Errors are e_i = M_i - P^ Q_i^T. The paper subtracts P^ Q^T, with the mean Q: the mean of all e_i is the same, so x is the
 * same, but there each e_i keeps the sum over time of g_i - grad f, which grows without bound when data differ.
 * Since everything is linear, n workers do what one worker with the mean gradient would (paper, lemma 3): error feedback
 * on f itself, whose gradient vanishes at the optimum, so unlike in EF-SGD there is no floor from heterogeneity.
 * Vectors, and matrices that factors would not make smaller, go as they are. Numbers travel as float32.
 *
 * The paper tunes gamma. gamma=0 is the bound of error feedback, omega / (28 L), for omega = r / min(rows, columns), which a
 * warm start need not reach in every step, and in practice exceeds.
 */
import { ByteWriter } from '../../base/bytes.js';
import { createRandom, gaussian } from '../../base/random.js';
import type { CompressorState } from '../../compression/compressor.js';
import { addScaledInto, meanOf } from '../../linalg/real-vectors.js';
import { errorFeedbackStepSize } from './error-feedback-sgd.js';
import type { HubAlgorithm, HubContext } from './hub-algorithm.js';
import { broadcast } from './model-broadcast.js';
import {
  createPowerLayout,
  leftFactors,
  orthonormalBasis,
  type PowerLayout,
  rightFactors,
  subtractProduct,
} from './power-sgd-factors.js';
import { createVectorCodec, decodeWhole, encodeWhole, type VectorCodec } from './vector-codec.js';

export interface PowerSgdOptions {
  readonly rank: number;
  /** Step size; 0: omega / (28 L). */
  readonly gamma: number;
  /** lambda */
  readonly momentum: number;
}

/** What hub and workers hold alike, to the bit. */
export interface PowerSgdModel {
  readonly x: Float64Array;
  readonly momentum: Float64Array;
  /** Q of every matrix, one after another. */
  Q: Float64Array;
  /** P^ of every matrix; then the mean of all that is not compressed. */
  P: Float64Array;
  /** 'left' asks for P_i next. */
  phase: 'left' | 'right';
}

export interface PowerSgdHub {
  readonly model: PowerSgdModel;
  /** The mean that all get next; empty at the start. */
  pending: Uint8Array;
}

export interface PowerSgdWorker {
  readonly model: PowerSgdModel;
  /** M_i = g_i + e_i after 'left', e_i after 'right'. */
  readonly error: Float64Array;
}

/** float32 numbers of one block need no memory. */
const STATELESS: CompressorState = [{}];

interface PowerRun {
  readonly layout: PowerLayout;
  readonly left: VectorCodec;
  readonly right: VectorCodec;
  readonly gamma: number;
  readonly momentum: number;
}

function createModel({ start, seed }: HubContext, { rightSize, leftSize }: PowerLayout): PowerSgdModel {
  const random = createRandom(seed, 'power-sgd');
  return {
    x: start.slice(),
    momentum: new Float64Array(start.length),
    Q: Float64Array.from({ length: rightSize }, () => gaussian(random)),
    P: new Float64Array(leftSize),
    phase: 'left',
  };
}

/** Takes in a mean that all have got: P, or Q and with it the step. */
function absorb(model: PowerSgdModel, bytes: Uint8Array, run: PowerRun): void {
  if (model.phase === 'left') {
    model.P = orthonormalBasis(run.left.decode(bytes), run.layout);
    model.phase = 'right';
    return;
  }
  model.Q = run.right.decode(bytes);
  model.phase = 'left';
  const step = new Float64Array(model.x.length);
  subtractProduct(step, model, run.layout); // step = -g^
  for (let k = 0; k < step.length; k++) {
    model.momentum[k] = run.momentum * model.momentum[k] - step[k];
    model.x[k] -= run.gamma * (run.momentum === 0 ? -step[k] : model.momentum[k] - step[k]);
  }
}

function createRun(options: PowerSgdOptions, { blocks, constants }: HubContext): PowerRun {
  const layout = createPowerLayout(blocks, options.rank);
  const best = constants && errorFeedbackStepSize({ largestL: constants.L, omega: layout.omega });
  const numbers = (name: string, cols: number) =>
    createVectorCodec('none', [{ name, offset: 0, rows: 1, cols }]);
  return {
    layout,
    left: numbers('P', layout.leftSize),
    right: numbers('Q', layout.rightSize),
    gamma: options.gamma || (best ?? 1),
    momentum: options.momentum,
  };
}

/** What is sent next. */
const codecOf = ({ phase }: PowerSgdModel, { left, right }: PowerRun): VectorCodec =>
  phase === 'left' ? left : right;

/** x, the momentum, Q and P, whole, and the phase. */
function snapshotOf({ x, momentum, Q, P, phase }: PowerSgdModel): Uint8Array {
  const writer = new ByteWriter();
  for (const vector of [x, momentum, Q, P]) writer.bytes(encodeWhole(vector));
  writer.u8(phase === 'left' ? 0 : 1);
  return writer.finish();
}

function restoreModel({ x, momentum, ...rest }: PowerSgdModel, bytes: Uint8Array): Partial<PowerSgdModel> {
  const total = x.length + momentum.length + rest.Q.length + rest.P.length;
  const values = decodeWhole(bytes.subarray(0, -1), total);
  x.set(values.subarray(0, x.length));
  momentum.set(values.subarray(x.length, 2 * x.length));
  const split = 2 * x.length + rest.Q.length;
  const phase = bytes.at(-1) === 0 ? 'left' : 'right';
  return { Q: values.slice(2 * x.length, split), P: values.slice(split), phase };
}

export function createPowerSgd(
  options: PowerSgdOptions,
  spec: string,
): HubAlgorithm<PowerSgdHub, PowerSgdWorker> {
  return {
    spec,
    serverless: true,
    swarm: { phases: 2, takesLate: false }, // a late factor belongs to another Q
    prepare(context) {
      const run = createRun(options, context);
      const { layout } = run;
      return {
        settings: { gamma: run.gamma, omega: layout.omega },
        rate: null,
        createHub: () => ({ model: createModel(context, layout), pending: new Uint8Array(0) }),
        createWorker: () => ({
          model: createModel(context, layout),
          error: new Float64Array(context.start.length),
        }),
        open: ({ pending }) => broadcast(context.workers, pending),
        follow({ model }, downlink) {
          if (downlink.length > 0) absorb(model, downlink, run);
        },
        answer({ model, error }, gradient) {
          if (model.phase === 'left') {
            const fresh = new Float64Array(error.length);
            gradient(fresh, model.x);
            addScaledInto(error, fresh, 1);
            return run.left.encode(leftFactors(error, model.Q, layout), STATELESS);
          }
          const Q = rightFactors(error, model.P, layout);
          subtractProduct(error, { P: model.P, Q, own: true }, layout);
          return run.right.encode(Q, STATELESS);
        },
        read: ({ model }, uplink) => codecOf(model, run).decode(uplink),
        close(hub, uplinks) {
          const mean = meanOf(uplinks.map(({ values }) => values));
          hub.pending = codecOf(hub.model, run).encode(mean, STATELESS);
          absorb(hub.model, hub.pending, run);
        },
        modelOf: ({ model }) => model.x,
        swarm: {
          modelAt: ({ model }) => model.x,
          snapshot: ({ model }) => snapshotOf(model),
          restore: ({ model }, bytes) => void Object.assign(model, restoreModel(model, bytes)),
        },
      };
    },
  };
}
