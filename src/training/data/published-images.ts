/**
 * Published image sets: where their files are, their SHA-256, and their form. A directory of the user's replaces the
 * download, and so does this device's own (DataRequest.dataDirectory): both may be in any form that image-directory.ts
 * reads. What has no test part is tested on a tenth of its training images.
 */
import { join } from 'node:path';
import type { DataRequest } from './data-request.js';
import type { Dataset } from './dataset.js';
import { fetchPublished, type PublishedFile } from './download.js';
import { readImageDirectory } from './image-directory.js';
import { checkImages, type ImageForm, type ImageParts, imageDataset } from './image-set.js';
import { withValidation } from './subset.js';

export interface PublishedImages {
  /** "fashion-mnist": of the data set, and of its directory in the cache. */
  readonly name: string;
  readonly form: ImageForm;
  readonly files: readonly PublishedFile[];
}

const DIGITS = Array.from({ length: 10 }, (_, digit) => String(digit));
const GRAY_28 = [28, 28, 1];

/** Size and SHA-256 of the four files, in the order of IDX_FILES. */
type IdxFacts = readonly (readonly [bytes: number, sha256: string])[];

const IDX_FILES = [
  'train-images-idx3-ubyte.gz',
  'train-labels-idx1-ubyte.gz',
  't10k-images-idx3-ubyte.gz',
  't10k-labels-idx1-ubyte.gz',
];

function idxFiles(places: readonly string[], facts: IdxFacts): PublishedFile[] {
  return IDX_FILES.map((name, index) => {
    const [bytes, sha256] = facts[index]!;
    return { name, bytes, sha256, urls: places.map((place) => `${place}/${name}`) };
  });
}

/** LeCun, Cortes and Burges: 60,000 digits to train and 10,000 to test. */
export const mnist: PublishedImages = {
  name: 'mnist',
  form: { shape: GRAY_28, names: DIGITS },
  files: idxFiles(
    ['https://storage.googleapis.com/cvdf-datasets/mnist', 'https://ossci-datasets.s3.amazonaws.com/mnist'],
    [
      [9_912_422, '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609'],
      [28_881, '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c'],
      [1_648_877, '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6'],
      [4_542, 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6'],
    ],
  ),
};

/** Xiao, Rasul and Vollgraf 2017, arXiv 1708.07747; MIT license. */
export const fashionMnist: PublishedImages = {
  name: 'fashion-mnist',
  form: {
    shape: GRAY_28,
    names: ['t-shirt', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'boot'],
  },
  files: idxFiles(
    [
      'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion',
      'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com',
    ],
    [
      [26_421_880, '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84'],
      [29_515, 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845'],
      [4_422_102, '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073'],
      [5_148, '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5'],
    ],
  ),
};

/** Krizhevsky 2009. The means and deviations are those of its training images, so that every device has the same. */
export const cifar10: PublishedImages = {
  name: 'cifar10',
  form: {
    shape: [32, 32, 3],
    names: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
    channels: { means: [0.4914, 0.4822, 0.4465], deviations: [0.247, 0.2435, 0.2616] },
  },
  files: [
    {
      name: 'cifar-10-binary.tar.gz',
      urls: ['https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'],
      bytes: 170_052_171,
      sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
    },
  ],
};

/** Share of the training images that stand in for an absent test part. */
export const VALIDATION_SHARE = 0.1;

export interface LocalImages {
  readonly name: string;
  readonly form: ImageForm;
}

/** The images of a directory as a data set of this form. @throws GrapevineError DATA_UNAVAILABLE */
export async function loadLocalImages({ name, form }: LocalImages, directory: string): Promise<Dataset> {
  const channels = form.shape[2]!;
  const parts: ImageParts = await readImageDirectory(directory, { names: form.names, channels });
  checkImages(parts.train, form, `${directory}, to train`);
  if (parts.test !== null) checkImages(parts.test, form, `${directory}, to test`);
  const data = imageDataset(name, form, parts);
  return parts.test === null ? withValidation(data, VALIDATION_SHARE) : data;
}

/** @throws GrapevineError DATA_UNAVAILABLE where there is neither a directory nor a connection */
export async function loadPublishedImages(
  published: PublishedImages,
  request: DataRequest,
  directory?: string,
): Promise<Dataset> {
  const local = request.dataDirectory ?? directory;
  if (local !== undefined) return loadLocalImages(published, local);
  const cache = join(request.cacheDirectory, published.name);
  const options = { directory: cache, onNotice: request.onNotice };
  for (const file of published.files) await fetchPublished(file, options);
  return loadLocalImages(published, cache);
}
