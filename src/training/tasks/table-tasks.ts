/**
 * Rows of numbers and texts: `csv` learns a column of the user's own file with a perceptron; `linear` and `logistic` are
 * the convex models, on a file as well or on synthetic rows with a known answer (data/synthetic-rows.ts). A target of
 * texts or of few whole numbers is a class, other numbers are predicted (data/csv-encoding.ts).
 */
import { integerField, numberField, type RegistryEntry } from '../../base/registry.js';
import type { CsvOptions } from '../data/csv-encoding.js';
import { checkTable, loadTable, type TableOptions, tableFields, tableKindField } from '../data/csv-source.js';
import type { Dataset } from '../data/dataset.js';
import { syntheticRows } from '../data/synthetic-rows.js';
import type { Loss, Network } from '../network/network.js';
import { perceptron } from './classifiers.js';
import { networkTask } from './network-task.js';
import type { Task } from './task.js';
import { widthsField, widthsOf } from './task-fields.js';

/** One output a class, or one number; two classes of a linear model share one logit. */
function design(
  { inputShape, targets }: Dataset,
  hidden: readonly number[],
): { network: Network; loss: Loss } {
  if (targets.kind === 'values') {
    return { network: perceptron({ inputShape, hidden, outputs: 1 }), loss: 'mean-squared-error' };
  }
  if (targets.classes === 2 && hidden.length === 0) {
    return { network: perceptron({ inputShape, hidden, outputs: 1 }), loss: 'binary-cross-entropy' };
  }
  return { network: perceptron({ inputShape, hidden, outputs: targets.classes }), loss: 'cross-entropy' };
}

interface CsvTaskOptions extends TableOptions {
  readonly kind: CsvOptions['kind'];
  readonly hidden: string;
}

export const csv: RegistryEntry<CsvTaskOptions, Task> = {
  name: 'csv',
  summary: 'a column of a table of yours: csv:file=PATH,target=COLUMN',
  fields: {
    ...tableFields,
    kind: tableKindField,
    hidden: widthsField('64x32'),
  },
  make(options, spec) {
    checkTable(spec, options);
    return networkTask({
      name: 'csv',
      spec,
      defaults: { learningRate: 0.03, batch: 32, localSteps: 5, rounds: 100 },
      load: (request) => loadTable(options, options.kind, request),
      design: (data) => design(data, widthsOf(options.hidden)),
    });
  },
};

interface ConvexOptions extends TableOptions {
  readonly features: number;
  readonly samples: number;
  readonly noise: number;
  readonly dataSeed: number;
}

/** `linear` or `logistic`; the noise at which a model is neither trivial nor hopeless is another for each. */
function convex(
  kind: 'linear' | 'logistic',
  summary: string,
  noise: number,
): RegistryEntry<ConvexOptions, Task> {
  return {
    name: kind,
    summary,
    fields: {
      ...tableFields,
      features: integerField('of a synthetic row', 20, 1, 100_000),
      samples: integerField('synthetic rows', 2000, 10, 1_000_000),
      noise: numberField('of synthetic targets', noise, 1e-6, 1e6),
      dataSeed: integerField('of synthetic rows', 1, 0, 2 ** 31),
    },
    make(options, spec) {
      const synthetic = options.file === undefined && options.directory === undefined;
      if (!synthetic) checkTable(spec, options);
      return networkTask({
        name: kind,
        spec,
        defaults: { learningRate: 0.05, batch: 32, localSteps: 5, rounds: 50 },
        load: async (request) =>
          synthetic
            ? syntheticRows({ kind, ...options })
            : loadTable(options, kind === 'linear' ? 'regression' : 'classification', request),
        design: (data) => design(data, []),
      });
    },
  };
}

export const linear = convex('linear', 'least squares, on synthetic rows or a table of yours', 0.1);
export const logistic = convex('logistic', 'logistic regression, on synthetic rows or a table of yours', 0.2);
