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

/** What one peer leaves behind of its own model: checkpoints/peer-N.safetensors and model/. @throws GrapevineError CHECKPOINT_FAILED */
export async function writePeerResult({
  plan,
  directory,
  cacheDirectory,
  layout,
  peer,
  parameters,
}: Omit<RunResult, 'meanModel'> & {
  readonly peer: number;
  /** null where nothing was evaluated: then nothing is written. */
  readonly parameters: Float32Array | null;
}): Promise<void> {
  if (parameters === null) return;
  await writeSafeTensors(join(directory, 'checkpoints', `peer-${peer}.safetensors`), layout, parameters);
  const subject = await plan.task.open?.({ cacheDirectory });
  if (subject === undefined) return;
  await writeSavedModel(join(directory, 'model'), subject, { task: plan.task.spec, parameters });
}
