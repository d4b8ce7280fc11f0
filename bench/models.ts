/** The shapes that compression is timed on: the blocks of three networks, and one large square. */
import type { MatrixBlock } from '../src/compression/compressor.js';

export interface Model {
  readonly name: string;
  readonly blocks: readonly MatrixBlock[];
  /** Numbers in all blocks. */
  readonly size: number;
}

type Shape = readonly [rows: number, cols: number];

function modelOf(name: string, shapes: readonly Shape[]): Model {
  let size = 0;
  const blocks = shapes.map(([rows, cols], k) => {
    const block = { name: `${k}`, offset: size, rows, cols };
    size += rows * cols;
    return block;
  });
  return { name, blocks, size };
}

/** Dense layers, each with its bias as the last row of its kernel. */
function perceptron(...widths: readonly number[]): Model {
  const shapes = widths.slice(1).map((width, k): Shape => [widths[k]! + 1, width]);
  return modelOf(widths.join('-'), shapes);
}

const repeat = (shapes: readonly Shape[], times: number): Shape[] =>
  new Array<readonly Shape[]>(times).fill(shapes).flat();

/**
 * A k x k convolution as a matrix, [k k in, out], without bias, and the scales and shifts of the normalization after
 * it: no matrix takes those in, so each is a block of its own.
 */
const convolution = (from: number, to: number, side = 3): Shape[] => [
  [side * side * from, to],
  [1, to],
  [1, to],
];

/** One stage: 2 n convolutions in pairs around which a shortcut goes, by a 1 x 1 convolution where channels change. */
function stage(from: number, to: number, pairs: number): Shape[] {
  const same = convolution(to, to);
  const opening = [...convolution(from, to), ...same, ...(from === to ? [] : convolution(from, to, 1))];
  return [...opening, ...repeat([...same, ...same], pairs - 1)];
}

/**
 * ResNet-20 for CIFAR-10 (He et al. 2016, section 4.2) with normalization and with projections as shortcuts (their
 * option B), as in the experiments on PowerGossip: 272,474 numbers, of which 1,568 in 42 vectors. With shortcuts that
 * have no parameters (option A) it has 269,722.
 */
function residualNetwork(): Model {
  return modelOf('resnet-20', [
    ...convolution(3, 16),
    ...stage(16, 16, 3),
    ...stage(16, 32, 3),
    ...stage(32, 64, 3),
    [65, 10],
  ]);
}

export const models = {
  small: perceptron(784, 128, 10),
  medium: perceptron(784, 512, 512, 10),
  convolutional: residualNetwork(),
  large: modelOf('4096x4096', [[4096, 4096]]),
} as const satisfies Readonly<Record<string, Model>>;
