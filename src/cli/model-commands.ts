/** Names, flags and help of the commands about models and this machine: evaluate, predict, doctor. */
import type { Command } from 'commander';
import { GrapevineError } from '../base/errors.js';
import { unknownNameMessage } from '../base/registry.js';
import { type EngineChoice, engineChoices } from '../training/engine.js';
import { runEvaluate } from './evaluate-command.js';
import type { Flags } from './flags.js';
import { addOutputFlags, repeatable, type Shell, textOf, wholeNumber } from './flags.js';
import { runPredict } from './predict-command.js';
import { readReachFlags } from './reach-flags.js';

const engineFlag = ['--engine <name>', `what does the arithmetic: ${engineChoices.join(', ')}`] as const;

function engineOf(value: Flags[string]): EngineChoice | undefined {
  if (value === undefined) return undefined;
  const engine = engineChoices.find((choice) => choice === value);
  if (engine !== undefined) return engine;
  throw new GrapevineError('BAD_USAGE', unknownNameMessage('engine', String(value), engineChoices));
}

function positiveNumber(flag: string, value: Flags[string]): number {
  const number = Number(value);
  if (typeof value === 'string' && Number.isFinite(number) && number > 0) return number;
  throw new GrapevineError('BAD_USAGE', `${flag} ${String(value)}: wanted a number above 0.`);
}

type ContextFlags = Parameters<Shell['makeContext']>[0];

export function addEvaluate(program: Command, { makeContext, done }: Shell): void {
  const description = 'loss and accuracy of a run directory, a checkpoint or a model.json on a test set';
  addOutputFlags(program.command('evaluate <path>').description(description))
    .option('--task <spec>', "whose test samples (the run's)")
    .option(...engineFlag)
    .action(async (path: string, flags: Flags) => {
      const choices = {
        path,
        task: textOf(flags.task),
        engine: engineOf(flags.engine),
        json: flags.json === true,
      };
      done(await runEvaluate(choices, makeContext(flags as ContextFlags)));
    });
}

const predictHelp = `
Examples:
  grapevine predict runs/mine --input new.csv
  grapevine predict runs/digits --input seven.png --input digits.npy --json
  grapevine predict runs/text --prompt "To be" --length 300 --temperature 0.7`;

export function addPredict(program: Command, { makeContext, done }: Shell): void {
  const description = 'what a trained model says of rows, images, arrays or a prompt';
  addOutputFlags(program.command('predict <path>').description(description))
    .addOption(repeatable('--input <file>', 'csv, npy, png, jpg or json; may be repeated'))
    .option('--prompt <text>', 'the beginning of a text, for a text model')
    .option('--length <n>', 'characters after the prompt', '200')
    .option('--temperature <x>', 'near 0: the most probable character; 1: by probability', '0.8')
    .option('--seed <n>', 'of the characters drawn', '1')
    .option(...engineFlag)
    .addHelpText('after', predictHelp)
    .action(async (path: string, flags: Flags) => {
      const choices = {
        path,
        inputs: Array.isArray(flags.input) ? (flags.input as readonly string[]) : [],
        prompt: textOf(flags.prompt),
        length: wholeNumber('--length', flags.length),
        temperature: positiveNumber('--temperature', flags.temperature),
        seed: wholeNumber('--seed', flags.seed),
        engine: engineOf(flags.engine),
        json: flags.json === true,
      };
      done(await runPredict(choices, makeContext(flags as ContextFlags)));
    });
}

export function addDoctor(program: Command, { makeContext, done }: Shell): void {
  const description = 'what this machine can do, and how to mend what it cannot';
  addOutputFlags(program.command('doctor').description(description))
    .addOption(repeatable('--listen <multiaddr>', 'address to try listening on (/ip4/0.0.0.0/tcp/0)'))
    .option('--peer <multiaddr>', 'a running peer, to be asked whether it can call this machine')
    .option('--relay <multiaddr>', 'a relay, to be asked for a place')
    .action(async (flags: Flags) => {
      const { listen } = readReachFlags(flags, '/ip4/0.0.0.0/tcp/0');
      const questions = { listen, peer: textOf(flags.peer), relay: textOf(flags.relay) };
      const { runDoctor } = await import('./doctor-command.js'); // libp2p
      done(await runDoctor(questions, flags.json === true, makeContext(flags as ContextFlags)));
    });
}
