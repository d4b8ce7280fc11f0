/** `grapevine experiment`: its three commands and their flags. */
import type { Command } from 'commander';
import { GrapevineError } from '../base/errors.js';
import { parseShard, type Shard } from '../experiment/shard.js';
import {
  addOutputFlags,
  type Flags,
  type MakeContext,
  repeatable,
  type Shell,
  textOf,
  wholeNumber,
} from './flags.js';

const example = `
Example of a FILE:
  settings: { task: mnist-mlp, rounds: 50 }
  axes:
    topology: [ring, torus, complete]
    compressor: [none, "low-rank:rank=8,bits=4"]
    seed: { from: 1, to: 3 }
  exclude:
    - { topology: complete, compressor: none }

docs/experiments.md tells the rest.`;

function shardOf({ shard }: Flags): Shard | undefined {
  const text = textOf(shard);
  return text === undefined ? undefined : parseShard(text);
}

function positive(flag: string, value: Flags[string]): number | undefined {
  if (value === undefined) return undefined;
  const number = wholeNumber(flag, value);
  if (number > 0) return number;
  throw new GrapevineError('BAD_USAGE', `${flag} 0: wanted at least 1.`);
}

const contextOf = ({ makeContext }: Shell, flags: Flags) => makeContext(flags as Parameters<MakeContext>[0]);
const OUT = 'where its cells are (runs/NAME)';
const SHARD = 'of N processes the I-th, from 1: only its share of the cells';

export function addExperiment(program: Command, shell: Shell): void {
  const experiment = program
    .command('experiment')
    .description('a sweep over topologies, compressors, algorithms, seeds and whatever else a run has')
    .addHelpText('after', example);
  addOutputFlags(experiment.command('plan <file>').description('list the cells; run nothing'))
    .option('--out <directory>', OUT)
    .option('--shard <i/n>', SHARD)
    .action(async (file: string, flags: Flags) => {
      const choices = { file, out: textOf(flags.out), shard: shardOf(flags) };
      const { planExperiment } = await import('./experiment-plan.js');
      shell.done(await planExperiment(choices, contextOf(shell, flags)));
    });
  addOutputFlags(
    experiment
      .command('run <file>')
      .description('run the cells that have not been run; again after any interruption'),
  )
    .option('--out <directory>', OUT)
    .option('--workers <n>', 'processes (one a core; of driver swarm one)')
    .option('--shard <i/n>', SHARD)
    .option('--cell <id>', 'run this cell alone, even if it is done; the beginning of its id will do')
    .option('--timeout-seconds <s>', "give a cell up after this long (the file's timeoutSeconds)")
    .option('--update', 'go on in a directory that was begun with other cells')
    .action(async (file: string, flags: Flags) => {
      const choices = {
        file,
        out: textOf(flags.out),
        workers: positive('--workers', flags.workers),
        shard: shardOf(flags),
        cell: textOf(flags.cell),
        timeoutSeconds: positive('--timeout-seconds', flags.timeoutSeconds),
        update: flags.update === true,
      };
      const { runExperiment } = await import('./experiment-run.js');
      shell.done(await runExperiment(choices, contextOf(shell, flags)));
    });
  addOutputFlags(
    experiment
      .command('collect <file>')
      .description('write results.jsonl, results.parquet and series.parquet'),
  )
    .option('--out <directory>', OUT)
    .addOption(repeatable('--from <directory>', 'cells are here, too; may be repeated'))
    .option('--partial', 'collect although cells are missing')
    .action(async (file: string, flags: Flags) => {
      const from = Array.isArray(flags.from) ? (flags.from as readonly string[]) : [];
      const choices = { file, out: textOf(flags.out), from, partial: flags.partial === true };
      const { collectExperiment } = await import('./experiment-collect.js');
      shell.done(await collectExperiment(choices, contextOf(shell, flags)));
    });
}
