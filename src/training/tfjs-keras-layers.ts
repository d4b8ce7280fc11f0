/**
 * Three layers of Keras that TensorFlow.js 4.22 lacks, for whoever loads an exported model there: GroupNormalization,
 * MultiHeadAttention (self-attention, no dropout) and keras-hub's PositionEmbedding. Without them tf.loadLayersModel
 * says "Unknown layer". Inference only: training is this project's. TensorFlow.js hands options over in camelCase.
 *
 *     import * as tf from '@tensorflow/tfjs';
 *     import { registerKerasLayers } from 'grapevine';
 *     registerKerasLayers(tf);
 *     const model = await tf.loadLayersModel(...);
 */
import type * as TfjsUnion from '@tensorflow/tfjs';

type Config = TfjsUnion.serialization.ConfigDict;
type Tensor = TfjsUnion.Tensor;

/** One tensor, of a call with one or a list. */
const only = (inputs: Tensor | Tensor[]): Tensor => (Array.isArray(inputs) ? inputs[0]! : inputs);

type ShapeArgument = (number | null)[] | (number | null)[][];

/** Of one input, without the batch. */
const shapeWithoutBatch = (shape: ShapeArgument): number[] =>
  (Array.isArray(shape[0]) ? shape[0] : (shape as (number | null)[])).slice(1) as number[];

function groupNormalization(tf: typeof TfjsUnion) {
  return class GroupNormalization extends tf.layers.Layer {
    static className = 'GroupNormalization';
    private readonly own: Config;

    constructor(config: Config) {
      super(config as object);
      this.own = config;
    }

    override build(shape: ShapeArgument): void {
      const channels = shapeWithoutBatch(shape).at(-1)!;
      this.addWeight('gamma', [channels], 'float32', tf.initializers.ones());
      this.addWeight('beta', [channels], 'float32', tf.initializers.zeros());
      this.built = true;
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const x = only(inputs);
        const [groups, epsilon] = [this.own.groups as number, this.own.epsilon as number];
        const [samples, channels] = [x.shape[0]!, x.shape.at(-1)!];
        const grouped = tf.reshape(x, [samples, -1, groups, channels / groups]);
        const { mean, variance } = tf.moments(grouped, [1, 3], true);
        const normalized = tf.div(tf.sub(grouped, mean), tf.sqrt(tf.add(variance, epsilon)));
        const [gamma, beta] = this.weights.map((weight) => weight.read());
        return tf.add(tf.mul(tf.reshape(normalized, x.shape), gamma!), beta!);
      });
    }

    override getConfig(): Config {
      return { ...super.getConfig(), groups: this.own.groups!, axis: -1, epsilon: this.own.epsilon! };
    }
  };
}

function positionEmbedding(tf: typeof TfjsUnion) {
  return class PositionEmbedding extends tf.layers.Layer {
    static className = 'PositionEmbedding';

    override build(shape: ShapeArgument): void {
      this.addWeight('embeddings', shapeWithoutBatch(shape), 'float32', tf.initializers.zeros());
      this.built = true;
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => tf.add(tf.zerosLike(only(inputs)), this.weights[0]!.read()));
    }
  };
}

/** Far below any score, far above -infinity; Keras' own. */
const UNSEEN = -1e9;

function multiHeadAttention(tf: typeof TfjsUnion) {
  return class MultiHeadAttention extends tf.layers.Layer {
    static className = 'MultiHeadAttention';
    private readonly own: Config;

    constructor(config: Config) {
      super(config as object);
      this.own = config;
    }

    override build(shape: ShapeArgument): void {
      const size = shapeWithoutBatch(shape).at(-1)!;
      const heads = this.own.numHeads as number;
      const width = this.own.keyDim as number;
      const zeros = tf.initializers.zeros();
      for (const role of ['query', 'key', 'value']) {
        this.addWeight(`${role}/kernel`, [size, heads, width], 'float32', zeros);
        this.addWeight(`${role}/bias`, [heads, width], 'float32', zeros);
      }
      this.addWeight('attention_output/kernel', [heads, width, size], 'float32', zeros);
      this.addWeight('attention_output/bias', [size], 'float32', zeros);
      this.built = true;
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const x = only(inputs);
        const [samples, time, size] = x.shape as [number, number, number];
        const heads = this.own.numHeads as number;
        const width = this.own.keyDim as number;
        const read = (index: number) => this.weights[index]!.read();
        const project = (input: Tensor, index: number) => {
          const kernel = tf.reshape(read(index), [-1, index === 6 ? size : heads * width]);
          const rows = tf.reshape(input, [samples * time, -1]);
          return tf.add(tf.matMul(rows, kernel), tf.reshape(read(index + 1), [-1]));
        };
        const headsOf = (index: number) =>
          tf.transpose(tf.reshape(project(x, index), [samples, time, heads, width]), [0, 2, 1, 3]);
        const scores = tf.mul(tf.matMul(headsOf(0), headsOf(2), false, true), 1 / Math.sqrt(width));
        const later = tf.sub(1, tf.linalg.bandPart(tf.ones([time, time]), -1, 0));
        const causal = this.own.useCausalMask === true;
        const seen = tf.softmax(causal ? tf.add(scores, tf.mul(later, UNSEEN)) : scores);
        const mixed = tf.transpose(tf.matMul(seen, headsOf(4)), [0, 2, 1, 3]);
        return tf.reshape(project(mixed, 6), [samples, time, size]);
      });
    }

    override getConfig(): Config {
      const { numHeads, keyDim, useCausalMask } = this.own;
      return { ...super.getConfig(), numHeads: numHeads!, keyDim: keyDim!, useCausalMask: useCausalMask! };
    }
  };
}

/** What is needed of @tensorflow/tfjs, whose own types do not compile without skipLibCheck. */
export interface LayersLibrary {
  readonly layers: object;
  readonly serialization: object;
}

/** Registers the three classes with `library`, the user's own copy of @tensorflow/tfjs; once is enough. */
export function registerKerasLayers(library: LayersLibrary): void {
  const tf = library as unknown as typeof TfjsUnion;
  for (const make of [groupNormalization, positionEmbedding, multiHeadAttention])
    tf.serialization.registerClass(make(tf) as never);
}
