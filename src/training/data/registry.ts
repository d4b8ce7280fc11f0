/** Data that a user can name beside a model of his own: the tasks' own data sets, and files in the forms they read. */

import { GrapevineError } from '../../base/errors.js';
import {
  choiceField,
  createRegistry,
  type Registry,
  type RegistryEntry,
  textField,
} from '../../base/registry.js';
import type { CsvOptions } from './csv-encoding.js';
import { checkTable, loadTable, type TableOptions, tableFields, tableKindField } from './csv-source.js';
import type { DataSource } from './data-source.js';
import { loadImageFiles } from './image-source.js';
import { loadMnist } from './mnist.js';
import {
  cifar10,
  fashionMnist,
  loadPublishedImages,
  mnist,
  type PublishedImages,
} from './published-images.js';
import { checkText, loadText, type TextOptions, textFields } from './text-source.js';

interface DirectoryOptions {
  readonly directory?: string;
}

const directory = textField('a directory with the data, instead of the download');

function published(images: PublishedImages, summary: string): RegistryEntry<DirectoryOptions, DataSource> {
  return {
    name: images.name,
    summary,
    fields: { directory },
    make: (options, spec) => ({
      spec,
      load: (request) => loadPublishedImages(images, request, options.directory),
    }),
  };
}

const embeddedDigits: RegistryEntry<Record<string, never>, DataSource> = {
  name: 'mnist-10k',
  summary: '10,000 MNIST digits, 28 x 28 x 1, without a download',
  fields: {},
  make: (_options, spec) => ({
    spec,
    load: (request) =>
      request.dataDirectory === undefined
        ? loadMnist(request.cacheDirectory)
        : loadPublishedImages(mnist, request),
  }),
};

interface ImageOptions extends DirectoryOptions {
  readonly channels: 1 | 3;
}

const images: RegistryEntry<ImageOptions, DataSource> = {
  name: 'images',
  summary: 'images of yours: images:directory=PATH, a folder for each class',
  fields: {
    directory: textField('folders of PNG or JPEG files, or IDX, CIFAR or .npy files'),
    channels: choiceField<1 | 3>('1: gray, 3: color', 3, [1, 3]),
  },
  make(options, spec) {
    const place = options.directory;
    if (place === undefined) {
      throw new GrapevineError('BAD_SPEC', `"${spec}": got no directory; wanted images:directory=PATH.`);
    }
    return {
      spec,
      load: (request) => loadImageFiles({ directory: place, channels: options.channels }, request),
    };
  },
};

const csv: RegistryEntry<TableOptions & { readonly kind: CsvOptions['kind'] }, DataSource> = {
  name: 'csv',
  summary: 'a table of yours: csv:file=PATH,target=COLUMN',
  fields: { ...tableFields, kind: tableKindField },
  make(options, spec) {
    checkTable(spec, options);
    return { spec, load: (request) => loadTable(options, options.kind, request) };
  },
};

const text: RegistryEntry<TextOptions, DataSource> = {
  name: 'text',
  summary: 'a text of yours, character by character: text:file=PATH',
  fields: textFields,
  make(options, spec) {
    checkText(spec, options);
    return { spec, load: (request) => loadText(options, request) };
  },
};

export const dataSources: Registry<DataSource> = createRegistry<DataSource>('data', [
  embeddedDigits,
  published(mnist, '70,000 MNIST digits, 28 x 28 x 1, downloaded'),
  published(fashionMnist, '70,000 pictures of clothes, 28 x 28 x 1, downloaded'),
  published(cifar10, '60,000 CIFAR-10 pictures, 32 x 32 x 3, downloaded'),
  images,
  csv,
  text,
]);
