import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HEARTBEAT_MS, openClaims, RUNNER_SILENCE_MS } from '../../../src/experiment/claims.js';
import { ManualClock } from '../../reference/manual-clock.js';

const CELL = '0123456789abcdef';
/** Above every process id that Linux, macOS and Windows give. */
const NO_PROCESS = 2 ** 30;

let directory = '';
const open = (host: string, token: string, pid = process.pid, clock = new ManualClock()) =>
  openClaims(directory, { host, pid, token }, clock);

/** As if the runner had last been seen `ms` ago. */
function age(runner: string, ms: number): void {
  const seen = new Date(Date.now() - ms);
  utimesSync(join(directory, 'runners', `${runner}.json`), seen, seen);
}

describe('claims', () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'grapevine-claims-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('give a cell to one of several processes, until it is released', () => {
    const [one, two] = [open('here', 'a'), open('there', 'b')];
    expect(one.take(CELL)).toBe(true);
    expect(two.take(CELL)).toBe(false);
    expect(one.take(CELL)).toBe(false);
    one.release(CELL);
    expect(two.take(CELL)).toBe(true);
  });

  it('of a process that ended in order are given back', () => {
    const [one, two] = [open('here', 'a'), open('here', 'b')];
    one.take(CELL);
    one.stop();
    expect(two.take(CELL)).toBe(true);
    two.release(CELL);
    two.stop();
    expect([...readdirSync(join(directory, 'claims')), ...readdirSync(join(directory, 'runners'))]).toEqual(
      [],
    );
  });

  it('of a process of this machine that was killed are taken over at once', () => {
    open('here', 'a', NO_PROCESS).take(CELL);
    const [two, three] = [open('here', 'b'), open('here', 'c')];
    expect(two.take(CELL)).toBe(true);
    expect(three.take(CELL)).toBe(false);
  });

  it('of a process of another machine are taken over when it has been silent for long', () => {
    const far = open('there', 'a', NO_PROCESS);
    far.take(CELL);
    const two = open('here', 'b');
    age(far.runner, RUNNER_SILENCE_MS / 2);
    expect(two.take(CELL)).toBe(false);
    age(far.runner, RUNNER_SILENCE_MS + 1000);
    expect(two.take(CELL)).toBe(true);
  });

  it('are kept by a heartbeat', () => {
    const clock = new ManualClock();
    const far = open('there', 'a', NO_PROCESS, clock);
    far.take(CELL);
    age(far.runner, RUNNER_SILENCE_MS + 1000);
    clock.advance(HEARTBEAT_MS);
    expect(open('here', 'b').take(CELL)).toBe(false);
    far.stop();
    expect(clock.pending).toBe(0);
  });

  it('that were never written to the end are respected while they are young', () => {
    const [one] = [open('here', 'a')];
    const claim = join(directory, 'claims', `${CELL}.0`);
    writeFileSync(claim, '');
    expect(one.take(CELL)).toBe(false);
    const seen = new Date(Date.now() - RUNNER_SILENCE_MS - 1000);
    utimesSync(claim, seen, seen);
    expect(one.take(CELL)).toBe(true);
  });
});
