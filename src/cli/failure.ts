/** What a failed command says, and the exit code that it ends with. */
import { CommanderError } from 'commander';
import { type ErrorCode, isGrapevineError, messageOf } from '../base/errors.js';
import { printableLines } from '../base/printable.js';
import type { LogOptions, OutputOptions } from './display.js';

const usageErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BAD_SPEC',
  'BAD_CONFIG',
  'BAD_USAGE',
  'DOCUMENT_INVALID',
]);

/** 2 for bad usage and configuration, which no second try mends; 1 for all else; 0 for --help and --version. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return isGrapevineError(error) && usageErrors.has(error.code) ? 2 : 1;
}

/** For a person; what a peer of the swarm has said may be in it. */
export function complaintOf(error: unknown): string {
  const code = isGrapevineError(error) ? ` [${error.code}]` : '';
  return `grapevine: ${printableLines(messageOf(error))}${code}`;
}

/** Runs a command; with JSON lines its failure is a line of theirs, and not a sentence among them. */
export async function withFailureLogged(
  output: OutputOptions,
  { logFormat, logLevel = 'info' }: LogOptions,
  run: () => Promise<number>,
): Promise<number> {
  if (logFormat !== 'json') return await run();
  try {
    return await run();
  } catch (error) {
    const { createJsonLog } = await import('./json-log.js');
    const code = isGrapevineError(error) ? error.code : 'BUG';
    const stack = isGrapevineError(error) || !(error instanceof Error) ? {} : { stack: error.stack };
    createJsonLog(output.stderr, logLevel).write({
      level: 'error',
      event: 'failed',
      message: printableLines(messageOf(error)),
      fields: { code, exitCode: exitCodeOf(error), ...stack },
      isProgress: false,
    });
    return exitCodeOf(error);
  }
}
