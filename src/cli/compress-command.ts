/**
 * `grapevine compress SPEC...`: a researcher's calculator. Applies operators to the tensors of a SafeTensors file or
 * to random matrices and prints error, omega, bytes and time.
 */
import pc from 'picocolors';
import { GrapevineError } from '../base/errors.js';
import type { MatrixBlock } from '../compression/compressor.js';
import { type Measurement, measureCompressor } from '../compression/measure.js';
import { compressors } from '../compression/registry.js';
import { createTestMatrix, type Spectrum } from '../compression/test-matrix.js';
import { groupThousands } from '../report/format.js';
import { renderTable, type TextCell, type TextColumn } from '../report/text-table.js';
import { readSafeTensors } from '../training/safetensors.js';
import type { CommandContext } from './command-context.js';

export interface CompressFlags {
  /** Empty: every operator with its defaults. */
  readonly specs: readonly string[];
  readonly input: string | undefined;
  /** "785x128" and so on; not used with `input`. */
  readonly shapes: readonly string[];
  /** "gaussian" or "power:1". */
  readonly spectrum: string;
  readonly messages: number;
  readonly seed: number;
  readonly layers: boolean;
  readonly markdown: boolean;
  readonly json: boolean;
}

interface Tensors {
  readonly blocks: readonly MatrixBlock[];
  readonly values: Float32Array;
}

/** A matrix of more entries than this is beyond any machine this runs on. */
const MAX_ENTRIES = 2 ** 28;

function readShape(text: string): { rows: number; cols: number } {
  const match = /^(\d+)x(\d+)$/.exec(text);
  const [rows, cols] = [Number(match?.[1]), Number(match?.[2])];
  if (rows >= 1 && cols >= 1 && rows * cols <= MAX_ENTRIES) return { rows, cols };
  throw new GrapevineError('BAD_USAGE', `--random ${text}: wanted ROWSxCOLS, for example 785x128.`);
}

function readSpectrum(text: string): Spectrum {
  const match = /^power:(\d+(?:\.\d+)?)$/.exec(text);
  if (match !== null) return { kind: 'power', exponent: Number(match[1]) };
  if (text === 'gaussian') return { kind: 'gaussian' };
  throw new GrapevineError(
    'BAD_USAGE',
    `--spectrum ${text}: wanted gaussian, or power:P for singular values q^-P.`,
  );
}

/** Puts tensors one after another; a tensor of more than two sides keeps its last as columns. */
function layTensors(
  tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly values: Float32Array;
  }[],
): Tensors {
  const values = new Float32Array(tensors.reduce((sum, tensor) => sum + tensor.values.length, 0));
  let offset = 0;
  const blocks = tensors
    .filter((tensor) => tensor.values.length > 0)
    .map((tensor) => {
      const cols = tensor.shape.at(-1) ?? 1;
      const block = { name: tensor.name, offset, rows: tensor.values.length / cols, cols };
      values.set(tensor.values, offset);
      offset += tensor.values.length;
      return block;
    });
  return { blocks, values };
}

async function loadTensors(flags: CompressFlags): Promise<Tensors> {
  if (flags.input !== undefined) return layTensors(await readSafeTensors(flags.input));
  const spectrum = readSpectrum(flags.spectrum);
  return layTensors(
    flags.shapes.map((text, index) => {
      const { rows, cols } = readShape(text);
      const values = createTestMatrix(rows, cols, { spectrum, seed: flags.seed + index });
      return { name: `random ${text}`, shape: [rows, cols], values };
    }),
  );
}

const numeric = (header: string, priority: number): TextColumn => ({ header, align: 'right', priority });
const tableColumns: readonly TextColumn[] = [
  { header: 'operator', align: 'left', priority: 1 },
  numeric('bits/number', 3),
  numeric('error', 4),
  numeric('omega', 2),
  numeric('omega/bit', 5),
  numeric('bytes', 6),
  numeric('encode ms', 7),
  numeric('decode ms', 8),
];

function cellsOf(measurement: Measurement, perLayer: boolean): string[][] {
  const { spec, total, encodeMs, decodeMs, blocks } = measurement;
  const row = (name: string, of: Measurement['total']): string[] => [
    name,
    of.bits.toFixed(2),
    of.relativeError.toFixed(4),
    of.omega.toFixed(4),
    (of.omega / of.bits).toFixed(3),
    groupThousands(of.bytes),
  ];
  const whole = [...row(spec, total), encodeMs.toFixed(2), decodeMs.toFixed(2)];
  if (!perLayer) return [whole];
  return [
    whole,
    ...blocks.map((block) => [...row(`  ${block.name} ${block.rows}x${block.cols}`, block), '', '']),
  ];
}

function markdownTable(rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = tableColumns.map(({ align }) => (align === 'right' ? '--:' : '---'));
  return [line(tableColumns.map(({ header }) => header)), line(rule), ...rows.map((row) => line(row))];
}

/** The exit code. @throws GrapevineError */
export async function runCompress(flags: CompressFlags, context: CommandContext): Promise<number> {
  const { stdout, colorAllowed } = context.output;
  const specs = flags.specs.length > 0 ? flags.specs : compressors.entries.map(({ name }) => name);
  const chosen = specs.map((spec) => compressors.resolve(spec));
  const tensors = await loadTensors(flags);
  const options = { messages: flags.messages, seed: flags.seed, nowMs: () => performance.now() };
  const results = chosen.map((compressor) => measureCompressor(compressor, tensors, options));
  if (flags.json) {
    stdout.write(`${JSON.stringify(results)}\n`);
    return 0;
  }
  const rows = results.flatMap((result) => cellsOf(result, flags.layers));
  const color = pc.createColors(stdout.isTTY === true && colorAllowed);
  const columns = stdout.isTTY === true ? { columns: stdout.columns ?? 80 } : {};
  const cells = rows.map((row) => row.map((text): TextCell => ({ text })));
  const lines = flags.markdown
    ? markdownTable(rows)
    : renderTable(tableColumns, cells, { ...columns, paintHeader: color.dim });
  stdout.write(`${lines.join('\n')}\n`);
  return 0;
}
