/** `grapevine predict`: what a run's mean model, or a model.json, says of rows, images, arrays or a prompt. */
import pc from 'picocolors';
import { GrapevineError } from '../base/errors.js';
import { formatReal } from '../report/format.js';
import { renderTable, type TextCell, type TextColumn } from '../report/text-table.js';
import type { EngineChoice, NetworkEngine } from '../training/engine.js';
import { startEngine } from '../training/engines.js';
import { continueText, type Prediction, predict } from '../training/predict.js';
import { readInputs } from '../training/prediction-inputs.js';
import { readSavedModel, type SavedModel } from '../training/saved-model.js';
import type { CommandContext } from './command-context.js';
import { findModel } from './run-directory.js';

export interface PredictFlags {
  readonly path: string;
  readonly inputs: readonly string[];
  readonly prompt: string | undefined;
  readonly length: number;
  readonly temperature: number;
  readonly seed: number;
  readonly engine: EngineChoice | undefined;
  readonly json: boolean;
}

function writeText(
  engine: NetworkEngine,
  model: SavedModel,
  flags: PredictFlags,
  context: CommandContext,
): void {
  const { prompt, length, temperature, seed } = flags;
  const { encoding } = model;
  if (encoding?.kind !== 'text')
    throw new GrapevineError(
      'BAD_USAGE',
      '--prompt: the model was not trained on text; wanted --input FILE.',
    );
  const text = continueText(engine, { ...model, encoding }, { prompt: prompt!, length, temperature, seed });
  const { stdout } = context.output;
  stdout.write(flags.json ? `${JSON.stringify({ prompt, text })}\n` : `${prompt}${text}\n`);
}

const columns: readonly TextColumn[] = [
  { header: 'input', align: 'left', priority: 1 },
  { header: 'prediction', align: 'left', priority: 1 },
  { header: 'probability', align: 'right', priority: 2 },
];

/** Classes of a place apart by a comma; a value as it is. */
function cellsOf({ input, classes, probabilities, values }: Prediction): TextCell[] {
  if (values !== null) return [input, values.map(formatReal).join(', '), ''].map((text) => ({ text }));
  const best = probabilities!.map((place) => Math.max(...place).toFixed(3));
  return [input, classes!.join(', '), best.join(', ')].map((text) => ({ text }));
}

function writePredictions(
  predictions: readonly Prediction[],
  { json }: PredictFlags,
  context: CommandContext,
): void {
  const { stdout, colorAllowed } = context.output;
  if (json) {
    stdout.write(`${JSON.stringify(predictions)}\n`);
    return;
  }
  const color = pc.createColors(stdout.isTTY === true && colorAllowed);
  const hasClasses = predictions.some(({ classes }) => classes !== null);
  const shown = hasClasses ? columns : columns.slice(0, 2);
  const lines = renderTable(shown, predictions.map(cellsOf), { paintHeader: color.dim });
  stdout.write(`${lines.join('\n')}\n`);
}

/** The exit code. @throws GrapevineError */
export async function runPredict(flags: PredictFlags, context: CommandContext): Promise<number> {
  if ((flags.inputs.length === 0) === (flags.prompt === undefined))
    throw new GrapevineError(
      'BAD_USAGE',
      'predict wants --input FILE (csv, npy, png, jpg, json) or --prompt TEXT.',
    );
  const found = findModel(flags.path, 'model');
  if (found.kind !== 'model')
    throw new GrapevineError(
      'BAD_USAGE',
      `${found.path} is a checkpoint; wanted a run directory or a model.json.`,
    );
  const model = readSavedModel(found.path);
  const { network, loss } = model;
  const { engine } = await startEngine(flags.engine ?? 'auto', { network, loss, seed: flags.seed });
  try {
    if (flags.prompt !== undefined) writeText(engine, model, flags, context);
    else writePredictions(predict(engine, model, await readInputs(flags.inputs, model)), flags, context);
  } finally {
    engine.dispose();
  }
  return 0;
}
