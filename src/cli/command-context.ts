/** What a command gets from the process that it runs in: nothing below cli/ reads environment or terminal. */
import type { OutputOptions } from './display.js';

export interface CommandContext {
  readonly output: OutputOptions;
  readonly cacheDirectory: string;
  /** --debug: stack traces, and what worker processes print. */
  readonly debug: boolean;
}
