import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { GrapevineError } from '../../../src/base/errors.js';
import type { OutputOptions } from '../../../src/cli/display.js';
import { complaintOf, exitCodeOf, withFailureLogged } from '../../../src/cli/failure.js';

describe('a command that fails', () => {
  const refused = new GrapevineError('NOT_ADMITTED', 'refused: \u001b[31mno\u001b[0m');
  const stderr = new PassThrough({ encoding: 'utf8' });
  const output: OutputOptions = { json: false, quiet: false, stdout: stderr, stderr, colorAllowed: false };

  it('ends with 2 where the command line is at fault, and else with 1', () => {
    expect(exitCodeOf(new GrapevineError('BAD_CONFIG', 'x'))).toBe(2);
    expect(exitCodeOf(refused)).toBe(1);
    expect(exitCodeOf(new TypeError('x'))).toBe(1);
  });

  it('says why, without what another peer would do to the terminal', () => {
    expect(complaintOf(refused)).toBe('grapevine: refused: \\u{1b}[31mno\\u{1b}[0m [NOT_ADMITTED]');
  });

  it('says so in the form of the log', async () => {
    const fail = async (): Promise<number> => {
      throw refused;
    };
    expect(await withFailureLogged(output, { logFormat: 'json' }, fail)).toBe(1);
    const line = JSON.parse(String(stderr.read())) as object;
    expect(line).toMatchObject({ level: 'error', event: 'failed', code: 'NOT_ADMITTED', exitCode: 1 });
    await expect(withFailureLogged(output, {}, fail)).rejects.toBe(refused);
  });
});
