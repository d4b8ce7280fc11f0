import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { houseTable } from '../../../reference/data-files.js';

it('examples/houses.csv, on which the documentation measures, is what its generator writes', async () => {
  const file = new URL('../../../../examples/houses.csv', import.meta.url);
  expect(await readFile(file, 'utf8')).toBe(houseTable(400));
});
