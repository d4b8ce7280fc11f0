/**
 * The binary version of CIFAR-10 and CIFAR-100 (Krizhevsky 2009, "Learning multiple layers of features from tiny
 * images"): records of one label (CIFAR-100: a coarse and a fine one) and 3072 bytes, the red, then the green, then the
 * blue plane of a 32 x 32 image. Images leave here as [height, width, channels].
 */
import { badData } from './read-data-file.js';

const SIDE = 32;
const PLANE = SIDE * SIDE;
const PIXELS = 3 * PLANE;

export interface CifarImages {
  /** [count, 32, 32, 3] */
  readonly images: Uint8Array;
  /** [count]; of CIFAR-100 the fine ones. */
  readonly labels: Uint8Array;
}

/**
 * Reads one .bin file; `file` heads the error.
 * @throws GrapevineError DATA_UNAVAILABLE where the length is not that of whole records, or a label too large
 */
export function readCifar(bytes: Uint8Array, file: string, classes: 10 | 100): CifarImages {
  const labelBytes = classes === 10 ? 1 : 2;
  const record = labelBytes + PIXELS;
  const count = Math.floor(bytes.length / record);
  if (count === 0 || bytes.length !== count * record)
    throw badData(file, `${bytes.length} bytes`, `CIFAR-${classes} records of ${record} bytes`);
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    const pixels = n * record + labelBytes;
    labels[n] = bytes[pixels - 1]!;
    if (labels[n]! >= classes)
      throw badData(file, `label ${labels[n]} in record ${n}`, `labels below ${classes}`);
    const to = n * PIXELS;
    for (let place = 0; place < PLANE; place++) {
      for (let c = 0; c < 3; c++) images[to + 3 * place + c] = bytes[pixels + c * PLANE + place]!;
    }
  }
  return { images, labels };
}
