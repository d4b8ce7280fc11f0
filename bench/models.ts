/** The shapes that compression is timed on: the matrices of three networks, and one large square. */
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

const repeat = (shape: Shape, times: number): Shape[] => new Array<Shape>(times).fill(shape);

/** A 3 x 3 convolution as a matrix, [kh kw in, out]. */
const convolution = (from: number, to: number): Shape => [9 * from, to];

/** ResNet-20 for CIFAR-10 (He et al. 2016, section 4.2): its 3 x 3 kernels and the dense layer, 268,346 numbers. */
function residualNetwork(): Model {
  return modelOf('resnet-20', [
    convolution(3, 16),
    ...repeat(convolution(16, 16), 6),
    convolution(16, 32),
    ...repeat(convolution(32, 32), 5),
    convolution(32, 64),
    ...repeat(convolution(64, 64), 5),
    [65, 10],
  ]);
}

export const models = {
  small: perceptron(784, 128, 10),
  medium: perceptron(784, 512, 512, 10),
  convolutional: residualNetwork(),
  large: modelOf('4096x4096', [[4096, 4096]]),
} as const satisfies Readonly<Record<string, Model>>;
