/**
 * Images of the user's own, of any one size: the task's directory decides size and classes, and a device's own images
 * (DataRequest.dataDirectory) are held to them.
 */
import type { DataRequest } from './data-request.js';
import type { Dataset } from './dataset.js';
import { readImageDirectory } from './image-directory.js';
import { checkImages, type ImageForm, type ImageSet, imageDataset } from './image-set.js';
import { VALIDATION_SHARE } from './published-images.js';
import { withValidation } from './subset.js';

export interface ImageFiles {
  readonly directory: string;
  /** 1 or 3: what folders of images are read as. */
  readonly channels: number;
}

/** Size and classes of images that say no more: as many classes as the largest label wants. */
function formOf({ shape, labels, names }: ImageSet): ImageForm {
  const classes = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  return { shape, names: names ?? Array.from({ length: classes }, (_, label) => String(label)) };
}

/** @throws GrapevineError DATA_UNAVAILABLE */
export async function loadImageFiles(files: ImageFiles, request: DataRequest): Promise<Dataset> {
  const { directory, channels } = files;
  const shared = await readImageDirectory(directory, { channels });
  const form = formOf(shared.train);
  if (shared.test !== null) checkImages(shared.test, form, `${directory}, to test`);
  checkImages(shared.train, form, `${directory}, to train`);
  const data = imageDataset('images', form, shared);
  const tested = shared.test === null ? withValidation(data, VALIDATION_SHARE) : data;
  if (request.dataDirectory === undefined) return tested;
  const own = await readImageDirectory(request.dataDirectory, { channels, names: form.names });
  checkImages(own.train, form, request.dataDirectory);
  return { ...tested, train: imageDataset('images', form, { ...own, test: null }).train };
}
