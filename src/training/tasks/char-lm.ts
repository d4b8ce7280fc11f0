/**
 * The next character of a text: a small transformer or a recurrent network on the user's own file, or on all .txt files
 * of a directory, each an origin for the partition by-file. Accuracy is the share of characters guessed right.
 */
import { choiceField, integerField, type RegistryEntry } from '../../base/registry.js';
import type { Dataset } from '../data/dataset.js';
import { checkText, loadText, type TextOptions, textFields } from '../data/text-source.js';
import type { Network } from '../network/network.js';
import { gru, transformer } from './language-models.js';
import { networkTask } from './network-task.js';
import type { Task } from './task.js';

export interface CharLmOptions extends TextOptions {
  readonly model: 'transformer' | 'gru';
  readonly size: number;
  readonly layers: number;
  readonly heads: number;
}

function design(options: CharLmOptions, data: Dataset): Network {
  const vocabulary = data.targets.kind === 'classes' ? data.targets.classes : 0;
  const { time, size, layers, heads } = options;
  const model = { time, vocabulary, size, layers, heads };
  return options.model === 'gru' ? gru(model) : transformer(model);
}

export const charLm: RegistryEntry<CharLmOptions, Task> = {
  name: 'char-lm',
  summary: 'the next character of a text of yours: char-lm:file=PATH, model=transformer or gru',
  fields: {
    ...textFields,
    model: choiceField<'transformer' | 'gru'>('network', 'transformer', ['transformer', 'gru']),
    size: integerField('numbers for a character', 64, 1, 4096),
    layers: integerField('blocks, or recurrent layers', 2, 1, 64),
    heads: integerField('heads of attention; size is a multiple of it', 4, 1, 64),
  },
  make(options, spec) {
    checkText(spec, options);
    return networkTask({
      name: 'char-lm',
      spec,
      // Found with qg on sentences of a small grammar: the transformer stays at the letters' frequencies from 0.1 on.
      defaults: {
        learningRate: options.model === 'gru' ? 0.5 : 0.03,
        batch: 16,
        localSteps: 5,
        rounds: 300,
      },
      load: (request) => loadText(options, request),
      design: (data) => ({ network: design(options, data), loss: 'cross-entropy' }),
    });
  },
};
