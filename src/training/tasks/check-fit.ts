/**
 * Whether data, network and loss belong together. All shipped tasks do; a model of the user's own may not, and the
 * message then says which side to change.
 */
import { GrapevineError } from '../../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import type { Loss, Network } from '../network/network.js';
import { outputShape, type Shape, sizeOf } from '../network/shapes.js';
import type { TaskSubject } from './task.js';

const inWords = (shape: Shape): string => `[${shape.join(', ')}]`;

function refuse(data: Dataset, problem: string): never {
  throw new GrapevineError('BAD_CONFIG', `data "${data.name}" and model do not fit: ${problem}`, {
    data: data.name,
  });
}

/** A flat model reads images row by row; sides of 1 are no difference. */
function sameSamples(model: Shape, data: Shape): boolean {
  const sides = (shape: Shape): string => shape.filter((side) => side !== 1).join();
  if (sizeOf(model) !== sizeOf(data)) return false;
  return model.length === 1 || sides(model) === sides(data);
}

function classesInWords({ targets }: Dataset): string {
  if (targets.kind === 'values') return 'numbers';
  const names = targets.names?.slice(0, 5).join(', ');
  return `${targets.classes} classes${names === undefined ? '' : ` (${names}${targets.names!.length > 5 ? ', ...' : ''})`}`;
}

function checkClasses(data: Dataset, shape: Shape, loss: Loss): void {
  const { targets } = data;
  const got = `the loss is ${loss}, and the targets are ${classesInWords(data)}`;
  if (targets.kind !== 'classes') refuse(data, `${got}; wanted classes, or the loss mean-squared-error.`);
  if (loss === 'binary-cross-entropy') {
    if (targets.classes !== 2) refuse(data, `${got}; wanted two classes, or the loss cross-entropy.`);
    if (sizeOf(shape) !== 1)
      refuse(data, `the output has shape ${inWords(shape)} under ${loss}; wanted one number.`);
    return;
  }
  if (shape.at(-1) !== targets.classes) {
    refuse(
      data,
      `the model's last layer gives ${shape.at(-1)} numbers, and the data have ${classesInWords(data)}; wanted as ` +
        `many: give the last layer ${targets.classes} units.`,
    );
  }
  const places = sizeOf(shape.slice(0, -1));
  if (places !== targets.perSample)
    refuse(
      data,
      `the output ${inWords(shape)} has ${places} places, a sample ${targets.perSample} targets; wanted as many.`,
    );
}

function checkValues(data: Dataset, shape: Shape, loss: Loss): void {
  const { targets } = data;
  if (targets.kind !== 'values')
    refuse(
      data,
      `the loss is ${loss}, and the targets are ${classesInWords(data)}; wanted the loss cross-entropy.`,
    );
  if (sizeOf(shape) !== targets.perSample) {
    refuse(
      data,
      `the model's output has shape ${inWords(shape)}, and a sample has ${targets.perSample} targets; wanted as many ` +
        `numbers: give the last layer ${targets.perSample} units.`,
    );
  }
}

/** @throws GrapevineError BAD_CONFIG naming both sides, and what to change */
export function checkFit({ data, network, loss }: Pick<TaskSubject, 'data' | 'network' | 'loss'>): void {
  if (!sameSamples(network.inputShape, data.inputShape)) {
    refuse(
      data,
      `the model reads samples of shape ${inWords(network.inputShape)}, the data have ${inWords(data.inputShape)}; ` +
        `wanted one shape: give the model the input shape ${inWords(data.inputShape)}.`,
    );
  }
  const shape = outputShape(network);
  if (loss === 'mean-squared-error') checkValues(data, shape, loss);
  else checkClasses(data, shape, loss);
}

/** The loss for these targets where the user names none. */
export function suitableLoss({ targets }: Dataset, network: Network): Loss {
  if (targets.kind === 'values') return 'mean-squared-error';
  const oneOfTwo = targets.classes === 2 && targets.perSample === 1 && sizeOf(outputShape(network)) === 1;
  return oneOfTwo ? 'binary-cross-entropy' : 'cross-entropy';
}
