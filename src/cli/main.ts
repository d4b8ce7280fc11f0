#!/usr/bin/env node
/**
 * The entry of the `grapevine` command. Exit codes: 0 done; 1 the run failed; 2 bad usage or configuration;
 * 130 interrupted. No stack trace reaches a user unless --debug.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { isGrapevineError } from '../base/errors.js';
import type { CommandContext } from './command-context.js';
import { complaintOf, exitCodeOf } from './failure.js';
import { createProgram } from './program.js';

function cacheDirectory(): string {
  const { GRAPEVINE_CACHE_DIR: given, XDG_CACHE_HOME: base } = process.env;
  return given ?? join(base ?? join(homedir(), '.cache'), 'grapevine');
}

function makeContext(flags: { json?: boolean; quiet?: boolean; debug?: boolean }): CommandContext {
  const { NO_COLOR: noColor } = process.env;
  return {
    output: {
      json: flags.json === true,
      quiet: flags.quiet === true,
      stdout: process.stdout,
      stderr: process.stderr,
      colorAllowed: noColor === undefined || noColor === '',
    },
    cacheDirectory: cacheDirectory(),
    debug: flags.debug === true,
  };
}

function complain(error: unknown): void {
  if (error instanceof CommanderError) return; // commander has printed it
  process.stderr.write(`${complaintOf(error)}\n`);
  if (process.argv.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  else if (!isGrapevineError(error))
    process.stderr.write('This is a bug; run again with --debug and report it.\n');
}

// A reader that has seen enough (`grapevine ... | head`) is no failure; without its messages a run is stopped, too.
for (const [stream, exitCode] of [
  [process.stdout, 0],
  [process.stderr, 1],
] as const) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCode);
    throw error;
  });
}

try {
  await createProgram(process.env, makeContext, (exitCode) => {
    process.exitCode = exitCode;
  }).parseAsync();
} catch (error) {
  complain(error);
  process.exitCode = exitCodeOf(error);
}
