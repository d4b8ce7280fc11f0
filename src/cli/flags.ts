/** What commands share: the process around them, the flags that all have, and flags as values. */
import { type Command, Option } from 'commander';
import { GrapevineError } from '../base/errors.js';
import type { CommandContext } from './command-context.js';

/** Flags as commander gives them: text, lists of text, or absent. */
export type Flags = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/** Builds a context from the flags that every command has. */
export type MakeContext = (flags: {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}) => CommandContext;

/** The process around the commands. */
export interface Shell {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly makeContext: MakeContext;
  /** Receives each command's exit code. */
  done(exitCode: number): void;
}

export function addOutputFlags(command: Command): Command {
  return command
    .option('--json', 'print the summary as one JSON object on stdout, all else on stderr')
    .option('--quiet', 'print nothing but errors (and the JSON of --json)')
    .option('--debug', 'print stack traces and what worker processes print');
}

/** An option that collects its values. */
export function repeatable(flags: string, description: string): Option {
  const collect = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value];
  return new Option(flags, description).argParser(collect);
}

export function textOf(value: Flags[string]): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function wholeNumber(flag: string, value: Flags[string]): number {
  const number = Number(value);
  if (typeof value === 'string' && value.trim() !== '' && Number.isInteger(number) && number >= 0)
    return number;
  throw new GrapevineError('BAD_USAGE', `${flag} ${String(value)}: wanted a whole number of at least 0.`);
}

/** undefined where the flag is not there. @throws GrapevineError BAD_USAGE */
export function positiveNumber(flag: string, value: Flags[string]): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(number) && number > 0)
    return number;
  throw new GrapevineError('BAD_USAGE', `${flag} ${String(value)}: wanted a number above 0.`);
}
