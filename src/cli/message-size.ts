/**
 * Bytes of a message of given parameters through a given compressor: encoded for real from random numbers, since the
 * sizes of some operators depend on what they get. The parameters are those of a task's model, or one matrix.
 */
import { GrapevineError } from '../base/errors.js';
import type { MatrixBlock } from '../compression/compressor.js';
import { measureCompressor } from '../compression/measure.js';
import { compressors } from '../compression/registry.js';
import { createTestMatrix } from '../compression/test-matrix.js';
import { partitions } from '../training/partition.js';
import { openTasks } from '../training/tasks/task-file.js';

export interface MessageSizeFlags {
  /** Absent: `parameters`. */
  readonly task: string | undefined;
  /** "1000000" or "1000x1000". */
  readonly parameters: string;
  readonly compressor: string;
  readonly seed: number;
  readonly cacheDirectory: string;
}

export interface MessageSize {
  /** The task, or the matrix, in words. */
  readonly model: string;
  readonly parameters: number;
  /** Canonical spec. */
  readonly compressor: string;
  readonly bytes: number;
  /** 4 bytes a parameter. */
  readonly uncompressedBytes: number;
}

const MAX_PARAMETERS = 2 ** 28;

/** The second message is what a warm start makes of it. */
const MESSAGES = 2;

/** @throws GrapevineError BAD_USAGE, BAD_SPEC, DATA_UNAVAILABLE */
export async function messageSizeOf(flags: MessageSizeFlags): Promise<MessageSize> {
  const compressor = compressors.resolve(flags.compressor);
  const { model, blocks } =
    flags.task === undefined ? matrixOf(flags.parameters) : await taskBlocks(flags.task, flags);
  const parameters = blocks.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  const uncompressedBytes = 4 * parameters;
  if (flags.compressor === 'none')
    return { model, parameters, compressor: compressor.spec, bytes: uncompressedBytes, uncompressedBytes };
  const values = createTestMatrix(1, parameters, { spectrum: { kind: 'gaussian' }, seed: flags.seed });
  const options = { messages: MESSAGES, seed: flags.seed, nowMs: () => 0 };
  const { total } = measureCompressor(compressor, { blocks, values }, options);
  return { model, parameters, compressor: compressor.spec, bytes: total.bytes, uncompressedBytes };
}

interface Model {
  readonly model: string;
  readonly blocks: readonly MatrixBlock[];
}

/** ROWSxCOLS, or N numbers as the most square matrix that they fill. */
function matrixOf(text: string): Model {
  const match = /^(\d+)(?:x(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const parameters = match?.[2] === undefined ? first : first * Number(match[2]);
  if (!(parameters >= 1 && parameters <= MAX_PARAMETERS)) {
    throw new GrapevineError(
      'BAD_USAGE',
      `--parameters ${text}: wanted a number from 1 to ${MAX_PARAMETERS}, or ROWSxCOLS such as 784x128.`,
      { parameters: text },
    );
  }
  let rows = match?.[2] === undefined ? Math.floor(Math.sqrt(parameters)) : first;
  while (parameters % rows !== 0) rows--;
  const cols = parameters / rows;
  return { model: `a ${rows} x ${cols} matrix`, blocks: [{ name: 'all', offset: 0, rows, cols }] };
}

async function taskBlocks(text: string, { seed, cacheDirectory }: MessageSizeFlags): Promise<Model> {
  const task = (await openTasks(text)).resolve(text);
  const partition = partitions.resolve('iid');
  const model = await task.createModel({ peer: null, peers: 1, partition, seed, cacheDirectory });
  return { model: task.spec, blocks: model.layout.blocks };
}
