/**
 * Residual networks for small images (He, Zhang, Ren and Sun 2016, "Deep residual learning for image recognition",
 * section 4.2): a convolution of 3 x 3, three stages of n blocks with 16, 32 and 64 filters, global average pooling and
 * a dense layer, 6 n + 2 layers with weights. Two differences from the paper:
 *
 * - group normalization (Wu and He 2018) in place of batch normalization, whose moving statistics do not survive
 *   averaging over peers with different data (Hsieh, Phanishayee, Mutlu and Gibbons 2020, ICML, section 5);
 * - where a stage halves the image, the shortcut is a convolution of 1 x 1 with stride 2 (the paper's option B) and not
 *   zeros for the new channels (option A): 2,752 parameters more for n = 3, with its normalization.
 */
import type { Layer, Network } from '../network/network.js';

/** Of every normalization: 2, 4 and 8 channels a group. */
const GROUPS = 8;
const STAGES = [16, 32, 64] as const;

interface Convolution {
  readonly name: string;
  readonly input: string;
  readonly filters: number;
  readonly side: 1 | 3;
  readonly stride: 1 | 2;
}

/** Convolution without bias, then normalization, which has one; its output is called `name`. */
function normalizedConvolution({ name, input, filters, side, stride }: Convolution): Layer[] {
  return [
    {
      kind: 'conv2d',
      name: `${name}-conv`,
      inputs: [input],
      filters,
      kernel: [side, side],
      strides: [stride, stride],
      bias: false,
    },
    { kind: 'group-norm', name, groups: GROUPS },
  ];
}

interface Block {
  readonly name: string;
  readonly input: string;
  readonly filters: number;
  readonly stride: 1 | 2;
}

/** Two convolutions and the shortcut; its output is called `name`. */
function residualBlock({ name, input, filters, stride }: Block): Layer[] {
  const [first, second, shortcut] = [`${name}-a`, `${name}-b`, `${name}-shortcut`];
  const projection =
    stride === 1 ? [] : normalizedConvolution({ name: shortcut, input, filters, side: 1, stride });
  return [
    ...normalizedConvolution({ name: first, input, filters, side: 3, stride }),
    { kind: 'activation', name: `${first}-relu`, activation: 'relu' },
    ...normalizedConvolution({ name: second, input: `${first}-relu`, filters, side: 3, stride: 1 }),
    ...projection,
    { kind: 'add', name: `${name}-add`, inputs: [second, stride === 1 ? input : shortcut] },
    { kind: 'activation', name, activation: 'relu' },
  ];
}

export interface ResnetOptions {
  /** [height, width, channels] */
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** n: 3 makes ResNet-20. */
  readonly blocks: number;
}

export function resnet({ inputShape, classes, blocks }: ResnetOptions): Network {
  const layers: Layer[] = [
    ...normalizedConvolution({ name: 'stem', input: 'input', filters: STAGES[0], side: 3, stride: 1 }),
    { kind: 'activation', name: 'stem-relu', activation: 'relu' },
  ];
  STAGES.forEach((filters, stage) => {
    for (let block = 0; block < blocks; block++) {
      const input = layers.at(-1)!.name;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      layers.push(...residualBlock({ name: `stage${stage + 1}-block${block + 1}`, input, filters, stride }));
    }
  });
  layers.push(
    { kind: 'global-average-pool', name: 'pool' },
    { kind: 'dense', name: 'dense', units: classes },
  );
  return { inputShape, layers };
}
