/**
 * A network as plain data: layers that feed each other, images as [height, width, channels]. Engines turn it into
 * arithmetic (lean/ into one fixed plan over WebAssembly memory, tfjs-network.ts into TensorFlow.js operations), and
 * keras-*.ts translate it from and to Keras. Shapes and names of parameters are those of Keras, so that weights travel.
 *
 * A layer reads the layer before it unless `inputs` says otherwise; the last layer's output is the network's.
 */

export type Activation =
  | 'linear'
  | 'relu'
  | 'relu6'
  | 'leaky-relu'
  | 'elu'
  | 'selu'
  | 'gelu'
  | 'swish'
  | 'tanh'
  | 'sigmoid'
  | 'softplus'
  | 'softmax';

export type Padding = 'same' | 'valid';
export type Pair = readonly [height: number, width: number];

interface Base {
  /** Unique in the network, without "/"; parameters are named after it: "dense1/kernel". */
  readonly name: string;
  /** Names of the layers that it reads, "input" for the network's own input. Absent: the layer before. */
  readonly inputs?: readonly string[];
}

/** y = f(x W + b) along the last axis; W is [in, units]. */
export interface DenseLayer extends Base {
  readonly kind: 'dense';
  readonly units: number;
  readonly activation?: Activation;
  /** @default true */
  readonly bias?: boolean;
}

/** W is [kernel height, kernel width, in, filters]. */
export interface Conv2dLayer extends Base {
  readonly kind: 'conv2d';
  readonly filters: number;
  readonly kernel: Pair;
  /** @default [1, 1] */
  readonly strides?: Pair;
  /** @default 'same' */
  readonly padding?: Padding;
  readonly activation?: Activation;
  /** @default true */
  readonly bias?: boolean;
}

/** W is [kernel height, kernel width, in, multiplier]; gives in * multiplier channels. */
export interface DepthwiseConv2dLayer extends Base {
  readonly kind: 'depthwise-conv2d';
  readonly kernel: Pair;
  /** @default 1 */
  readonly multiplier?: number;
  /** @default [1, 1] */
  readonly strides?: Pair;
  /** @default 'same' */
  readonly padding?: Padding;
  readonly activation?: Activation;
  /** @default true */
  readonly bias?: boolean;
}

export interface PoolLayer extends Base {
  readonly kind: 'max-pool' | 'average-pool';
  readonly size: Pair;
  /** @default size */
  readonly strides?: Pair;
  /** @default 'valid' */
  readonly padding?: Padding;
}

/** Mean over height and width, or over time. */
export interface GlobalAveragePoolLayer extends Base {
  readonly kind: 'global-average-pool';
}

export interface FlattenLayer extends Base {
  readonly kind: 'flatten';
}

export interface ReshapeLayer extends Base {
  readonly kind: 'reshape';
  /** Without the batch. */
  readonly shape: readonly number[];
}

export interface ActivationLayer extends Base {
  readonly kind: 'activation';
  readonly activation: Activation;
}

/** Sum of all inputs, which have one shape. */
export interface AddLayer extends Base {
  readonly kind: 'add';
}

/** Keeps an entry with probability 1 - rate and divides it by that; does nothing outside training. */
export interface DropoutLayer extends Base {
  readonly kind: 'dropout';
  readonly rate: number;
}

/**
 * Batch normalization over all axes but the last (Ioffe and Szegedy 2015). Parameters gamma, beta, and the moving mean
 * and variance, which no gradient changes: each training step moves them towards the batch's own by 1 - momentum.
 */
export interface BatchNormLayer extends Base {
  readonly kind: 'batch-norm';
  /** @default 0.99 */
  readonly momentum?: number;
  /** @default 1e-3 */
  readonly epsilon?: number;
}

/** Over the last axis (Ba, Kiros and Hinton 2016); parameters gamma and beta. */
export interface LayerNormLayer extends Base {
  readonly kind: 'layer-norm';
  /** @default 1e-3 */
  readonly epsilon?: number;
}

/** Over the positions and the channels of a group, sample by sample (Wu and He 2018); gamma and beta per channel. */
export interface GroupNormLayer extends Base {
  readonly kind: 'group-norm';
  readonly groups: number;
  /** @default 1e-3 */
  readonly epsilon?: number;
}

/** [time] of whole numbers to [time, size]; parameter embeddings [vocabulary, size]. */
export interface EmbeddingLayer extends Base {
  readonly kind: 'embedding';
  readonly vocabulary: number;
  readonly size: number;
}

/** Adds a learned vector to each place: [time, size], parameter embeddings [time, size]. */
export interface PositionEmbeddingLayer extends Base {
  readonly kind: 'position-embedding';
}

/**
 * Keras' LSTM and GRU (reset before the product, sigmoid gates): kernel [in, 4 or 3 units], recurrent kernel
 * [units, 4 or 3 units], bias; gates in the order i f c o, and z r h.
 */
export interface RecurrentLayer extends Base {
  readonly kind: 'lstm' | 'gru';
  readonly units: number;
  /** All places or the last one only. @default false */
  readonly returnSequences?: boolean;
}

/**
 * Multi-head self-attention (Vaswani et al. 2017, section 3.2) on [time, size]: parameters query, key, value and
 * output, each a kernel [size, size] with a bias [size]; size is a multiple of heads.
 */
export interface AttentionLayer extends Base {
  readonly kind: 'attention';
  readonly heads: number;
  /** A place sees no later one. @default false */
  readonly causal?: boolean;
}

export type Layer =
  | DenseLayer
  | Conv2dLayer
  | DepthwiseConv2dLayer
  | PoolLayer
  | GlobalAveragePoolLayer
  | FlattenLayer
  | ReshapeLayer
  | ActivationLayer
  | AddLayer
  | DropoutLayer
  | BatchNormLayer
  | LayerNormLayer
  | GroupNormLayer
  | EmbeddingLayer
  | PositionEmbeddingLayer
  | RecurrentLayer
  | AttentionLayer;

export interface Network {
  /** Of one sample. */
  readonly inputShape: readonly number[];
  readonly layers: readonly Layer[];
}

/**
 * What training makes small, a mean over the samples of a batch (and their places):
 * - cross-entropy: the last axis holds logits, a target is the index of a class;
 * - binary-cross-entropy: the output is one logit, a target is 0 or 1;
 * - mean-squared-error: outputs and targets have one shape; mean over outputs as well.
 */
export const losses = ['cross-entropy', 'binary-cross-entropy', 'mean-squared-error'] as const;
export type Loss = (typeof losses)[number];

/** Of the norm layers; Keras' own. */
export const DEFAULT_EPSILON = 1e-3;
export const DEFAULT_MOMENTUM = 0.99;
/** Slope of leaky-relu below 0; that of Keras' layer LeakyReLU. */
export const LEAKY_SLOPE = 0.3;
