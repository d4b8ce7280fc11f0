/**
 * Images with classes, in memory, and what a task expects of them. Every reader of images (IDX, CIFAR, NumPy, folders)
 * makes such a set; image-directory.ts finds out which reader a directory wants.
 */
import type { ChannelStatistics, Dataset } from './dataset.js';
import { rowSamples } from './dataset.js';
import { badData } from './read-data-file.js';

export interface ImageSet {
  /** [count, height, width, channels]: bytes, or numbers that are taken as they are. */
  readonly images: Uint8Array | Float32Array;
  /** [height, width, channels] */
  readonly shape: readonly number[];
  /** [count] */
  readonly labels: Uint8Array;
  /** [count]; which file a sample came from, where there are several. */
  readonly origins?: Uint32Array;
  /** Of the classes, where the data say so. */
  readonly names?: readonly string[];
}

/** What a task's images are. */
export interface ImageForm {
  /** [height, width, channels] */
  readonly shape: readonly number[];
  /** A class each, in the order of the labels. */
  readonly names: readonly string[];
  readonly channels?: ChannelStatistics;
}

export interface ImageParts {
  readonly train: ImageSet;
  /** null where the data have no test part. */
  readonly test: ImageSet | null;
}

/** @throws GrapevineError DATA_UNAVAILABLE where images or labels are not of the form; `source` heads the message */
export function checkImages({ images, shape, labels }: ImageSet, form: ImageForm, source: string): void {
  const [got, wanted] = [shape.join(' x '), form.shape.join(' x ')];
  if (got !== wanted) throw badData(source, `images of ${got}`, `${wanted} (height x width x channels)`);
  const size = shape.reduce((product, side) => product * side, 1);
  const count = images.length / size;
  if (count !== labels.length)
    throw badData(source, `${count} images and ${labels.length} labels`, 'as many labels as images');
  const strange = labels.findIndex((label) => label >= form.names.length);
  if (strange >= 0) {
    const wantedLabels = `labels from 0 to ${form.names.length - 1}`;
    throw badData(source, `label ${labels[strange]} of image ${strange}`, wantedLabels);
  }
}

/** One set after another, each an origin. Wants at least one, all of one shape. */
export function joinImages(sets: readonly ImageSet[]): ImageSet {
  const [first] = sets;
  const count = sets.reduce((sum, { labels }) => sum + labels.length, 0);
  const images = new Uint8Array(sets.reduce((sum, set) => sum + set.images.length, 0));
  const labels = new Uint8Array(count);
  const origins = new Uint32Array(count);
  let [image, place] = [0, 0];
  sets.forEach((set, origin) => {
    images.set(set.images, image);
    labels.set(set.labels, place);
    origins.fill(origin, place, place + set.labels.length);
    image += set.images.length;
    place += set.labels.length;
  });
  return { images, labels, origins, shape: first!.shape };
}

/** As a data set; bytes become numbers from 0 to 1. */
export function imageDataset(name: string, form: ImageForm, parts: Required<ImageParts>): Dataset {
  const samplesOf = ({ images, labels, origins }: ImageSet) =>
    rowSamples({
      rows: images,
      features: form.shape.reduce((product, side) => product * side, 1),
      scale: images instanceof Uint8Array ? 1 / 255 : 1,
      channels: form.channels,
      labels,
      ...(origins === undefined ? {} : { origins }),
    });
  const train = samplesOf(parts.train);
  return {
    name,
    inputShape: form.shape,
    targets: { kind: 'classes', classes: form.names.length, perSample: 1, names: form.names },
    encoding: { kind: 'images', shape: form.shape, channels: form.channels },
    train,
    test: parts.test === null ? train : samplesOf(parts.test),
  };
}
