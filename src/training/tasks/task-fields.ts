/** Options that several tasks have. */
import { numberField, type OptionField, textField } from '../../base/registry.js';

/** Where data are that the user has: no download. */
export const directoryField = textField('a directory with the data, instead of the download');

export const validationField = numberField(
  'share of the training samples to evaluate on, instead of the test samples',
  undefined,
  0.001,
  0.9,
);

/** A hidden layer of more units is a mistake in the unit. */
const MAX_WIDTH = 65_536;

/** "64x32" as [64, 32]; "none" as []. */
export function widthsOf(text: string): number[] {
  return text === 'none' ? [] : text.split('x').map(Number);
}

/** Widths of hidden layers, from the input on. */
export function widthsField(fallback: string | undefined): OptionField<string> {
  return {
    doc: 'units of each hidden layer: 128, 64x32, or none',
    default: fallback,
    read(text) {
      const fine = widthsOf(text).every(
        (width) => Number.isInteger(width) && width >= 1 && width <= MAX_WIDTH,
      );
      return fine
        ? { value: text }
        : { wanted: `widths from 1 to ${MAX_WIDTH} such as 128 or 64x32, or none` };
    },
  };
}
