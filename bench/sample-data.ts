/**
 * `npm run bench -- sample-data DIR`: writes the generated files on which docs/tasks.md measures what cannot be
 * downloaded everywhere: pictures of stripes in the formats of Fashion-MNIST and CIFAR-10, and a text with a grammar.
 * The same bytes each time.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cifarBytes, grammarText, stripedPictures, writeIdxFiles } from '../test/reference/data-files.js';

/** Pictures in all, and how many of them are for training. */
const FASHION = { count: 2_000, train: 1_600 } as const;
const CIFAR = { count: 1_000, train: 800 } as const;
/** Some 64,000 characters: a short story. */
const SENTENCES = 2_000;

export async function writeSampleData(directory: string): Promise<void> {
  const clothes = stripedPictures({ count: FASHION.count, side: 28, channels: 1, seed: 1 });
  await writeIdxFiles(join(directory, 'fashion'), clothes, FASHION.train);
  const colored = stripedPictures({ count: CIFAR.count, side: 32, channels: 3, seed: 2 });
  await mkdir(join(directory, 'cifar'), { recursive: true });
  await writeFile(join(directory, 'cifar', 'data_batch_1.bin'), cifarBytes(colored, 0, CIFAR.train));
  await writeFile(join(directory, 'cifar', 'test_batch.bin'), cifarBytes(colored, CIFAR.train));
  await writeFile(join(directory, 'grammar.txt'), grammarText(SENTENCES));
}

export async function runSampleData([directory, ...rest]: readonly string[]): Promise<void> {
  if (directory === undefined || rest.length > 0) {
    console.error('Wanted the directory to write into: npm run bench -- sample-data DIR');
    process.exitCode = 2;
    return;
  }
  await writeSampleData(directory);
  console.log(`${directory}: fashion, cifar, grammar.txt`);
}
