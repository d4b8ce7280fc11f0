/** What a run leaves behind of its model, whichever driver ran it: the checkpoint, and the forms other tools read. */
import { join } from 'node:path';
import type { RunPlan } from '../config/run-plan.js';
import type { ParameterLayout } from '../training/parameters.js';
import { writeSafeTensors } from '../training/safetensors.js';
import { writeSavedModel } from '../training/saved-model.js';

export interface RunResult {
  readonly plan: RunPlan;
  readonly directory: string;
  readonly cacheDirectory: string;
  readonly layout: ParameterLayout;
  /** null where nothing was evaluated: then nothing is written. */
  readonly meanModel: Float32Array | null;
}

/** Writes checkpoints/mean-model.safetensors and model/. @throws GrapevineError CHECKPOINT_FAILED */
export async function writeResult({
  plan,
  directory,
  cacheDirectory,
  layout,
  meanModel,
}: RunResult): Promise<void> {
  if (meanModel === null) return;
  await writeSafeTensors(join(directory, 'checkpoints', 'mean-model.safetensors'), layout, meanModel);
  const subject = await plan.task.open?.({ cacheDirectory });
  if (subject === undefined) return; // a task without a network
  const { spec } = plan.task;
  await writeSavedModel(join(directory, 'model'), subject, { task: spec, parameters: meanModel });
}
