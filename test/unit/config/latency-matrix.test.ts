import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLatencyMatrix, withLatencyMatrix } from '../../../src/config/latency-matrix.js';
import { type SimulationConfig, simulationConfigSchema } from '../../../src/config/schema.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'latency-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function fileOf(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

describe('a latency matrix', () => {
  it.each([
    ['commas.csv', '0,1.5\n2,0\n'],
    ['semicolons.csv', '0; 1.5\r\n2; 0\r\n'],
    ['spaces.txt', '# ms\n  0 1.5\n\n2\t0 # back\n'],
    ['matrix.json', '[[0, 1.5], [2, 0]]'],
  ])('is read from %s', async (name, text) => {
    expect(await readLatencyMatrix(await fileOf(name, text))).toEqual([
      [0, 1.5],
      [2, 0],
    ]);
  });

  it.each([
    ['0,1\n2', 'row 2 of 2 has 1 entries'],
    ['0,1,2\n3,4,5', 'row 1 of 2 has 3 entries'],
    ['0,x\n1,0', 'row 1, column 2 is NaN'],
    ['0,-1\n1,0', 'row 1, column 2 is -1'],
    ['0,1\n60001,0', 'row 2, column 1 is 60001'],
    ['0,\n1,0', 'row 1, column 2 is NaN'],
    ['', 'holds no rows'],
  ])('is refused where it is %j, by row and column', async (text, problem) => {
    const path = await fileOf('bad.csv', text);
    await expect(readLatencyMatrix(path)).rejects.toThrow(problem);
    await expect(readLatencyMatrix(path)).rejects.toMatchObject({ code: 'BAD_CONFIG' });
  });

  it('is refused where JSON is none, or the file is missing', async () => {
    for (const path of [await fileOf('bad.json', '[[0, 1]'), join(directory, 'missing.csv')])
      await expect(readLatencyMatrix(path)).rejects.toMatchObject({ code: 'BAD_CONFIG' });
  });

  it('takes the place of its path in the configuration, and must be as large as the swarm', async () => {
    const latencyMatrix = await fileOf('two.csv', '0,1\n2,0');
    const config = simulationConfigSchema.parse({ latencyMatrix }) as SimulationConfig;
    expect((await withLatencyMatrix(config, 2)).latencyMatrix).toEqual([
      [0, 1],
      [2, 0],
    ]);
    await expect(withLatencyMatrix(config, 3)).rejects.toThrow('2 rows for 3 peers');
  });

  it('may stand in the configuration itself, and is checked alike', async () => {
    const config = simulationConfigSchema.parse({ latencyMatrix: [[0, 1], [2]] }) as SimulationConfig;
    await expect(withLatencyMatrix(config, 2)).rejects.toMatchObject({ code: 'BAD_CONFIG' });
  });
});
