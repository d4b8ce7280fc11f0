/** What three kinds of output show of one run: the same events, each in its own form, down to the level that was asked for. */
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createDisplay, type LogOptions, type OutputOptions } from '../../../src/cli/display.js';
import { createLogEntries, type OperationEvent } from '../../../src/cli/log-entry.js';
import type { MetricsEvent } from '../../../src/metrics/events.js';
import { fakeRun } from '../../reference/fake-run.js';

function capture() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
}

const invitation: OperationEvent = {
  event: 'message',
  level: 'info',
  message: 'invitation for one peer, also in a/invitation.txt',
  secret: 'gv-invitation.SECRET',
};
const notice: MetricsEvent = {
  event: 'notice',
  atMs: 5,
  peer: 2,
  code: 'HELLO_REFUSED',
  message: 'link with peer 1: \u001b[31mmine\nforged line',
};
const edge: MetricsEvent = {
  event: 'edge',
  atMs: 6,
  peer: 2,
  neighbor: 1,
  round: 3,
  state: 'inactive',
  reason: 'deadline',
};

/** Shows a run of one peer, and says what came out. */
async function shown(options: LogOptions, output: Partial<OutputOptions> = {}) {
  const [stdout, stderr] = [capture(), capture()];
  const display = await createDisplay(
    {
      json: false,
      quiet: false,
      stdout: stdout.stream,
      stderr: stderr.stream,
      colorAllowed: false,
      ...output,
    },
    options,
  );
  const swarm = fakeRun({ peers: 4, rounds: 3, lostPeer: null, config: { evaluateEvery: 3, rounds: 3 } });
  const ofPeer2 = swarm.filter((event) => event.event !== 'round' || event.peer === 2);
  const events: MetricsEvent[] = ofPeer2.map((event) =>
    event.event === 'run' ? { ...event, peer: 2 } : event,
  );
  const entryOf = createLogEntries();
  for (const event of [...events, notice, edge]) {
    display.log(entryOf(event));
    display.show(event);
    if (event.event === 'run') display.bind({ swarm: 's', peer: 2 });
  }
  display.log(entryOf(invitation));
  return { stdout: stdout.text(), stderr: stderr.text() };
}

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log of a service', () => {
  it('is a JSON object a line on stderr: level, time, who speaks, event, its fields, and a message', async () => {
    const { stdout, stderr } = await shown({ logFormat: 'json', logLevel: 'debug' });
    expect(stdout).toBe('');
    const lines = linesOf(stderr);
    const names = lines.map(({ event }) => event);
    expect(names).toEqual(['run', 'round', 'round', 'round', 'end', 'notice', 'edge', 'message']);
    for (const { level, time, message } of lines) {
      expect([typeof level, typeof message]).toEqual(['string', 'string']);
      expect(new Date(time as string).toISOString()).toBe(time);
    }
    expect(lines.slice(1).every(({ swarm, peer }) => swarm === 's' && peer === 2)).toBe(true);
    const told = { level: 'warn', neighbor: 1, state: 'inactive', reason: 'deadline', round: 3 };
    expect(lines[6]).toMatchObject({ ...told, message: 'link with peer 1 is inactive (deadline)' });
    // Collectors differ in what they make of a key that comes twice.
    for (const line of stderr.trim().split('\n')) expect(line.match(/"peer":/g)?.length ?? 0).toBeLessThan(2);
  });

  it('says a round in ten seconds at info, and each at debug', async () => {
    const { stderr } = await shown({ logFormat: 'json' });
    const rounds = linesOf(stderr).filter(({ event }) => event === 'round');
    expect(rounds.map(({ round }) => round)).toEqual([1]); // rounds are 410 ms apart
  });

  it('holds no invitation: who can read the log could join', async () => {
    expect((await shown({ logFormat: 'json', logLevel: 'trace' })).stderr).not.toContain('SECRET');
    expect((await shown({})).stdout).toContain('\n\ngv-invitation.SECRET\n');
  });

  it('leaves out what is below its level; --quiet leaves errors', async () => {
    const levels = async (options: LogOptions, output = {}) =>
      (await shown(options, output)).stderr
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { level: string }).level);
    expect(await levels({ logFormat: 'json', logLevel: 'warn' })).toEqual(['warn', 'warn']);
    expect(await levels({ logFormat: 'json', logLevel: 'silent' })).toEqual([]);
    expect(await levels({ logFormat: 'json' }, { quiet: true })).toEqual([]);
  });
});

describe('the lines of a pipe', () => {
  it('are progress and sentences on stdout, of which a stranger can write neither', async () => {
    const { stdout, stderr } = await shown({});
    expect(stderr).toBe('');
    const lines = stdout.split('\n');
    expect(lines.filter((line) => /^round [12] {2}training loss/.test(line))).toHaveLength(2);
    expect(lines).toContain('link with peer 1: \\u{1b}[31mmine\\u{a}forged line');
    expect(lines).toContain('link with peer 1 is inactive (deadline)');
  });

  it('are the warnings alone at warn, and none at silent or with --quiet', async () => {
    const { stdout } = await shown({ logLevel: 'warn' });
    expect(stdout.trim().split('\n')).toHaveLength(2);
    expect((await shown({ logLevel: 'silent' })).stdout).toBe('');
    expect((await shown({}, { quiet: true })).stdout).toBe('');
  });

  it('go to stderr where stdout is for the summary', async () => {
    const { stdout, stderr } = await shown({}, { json: true });
    expect([stdout, stderr.length > 0]).toEqual(['', true]);
  });
});

describe('entries', () => {
  it('of edges are news in the run of one peer, and details in that of a swarm', () => {
    const ofSwarm = createLogEntries();
    expect(ofSwarm(edge)).toMatchObject({
      level: 'debug',
      message: 'peer 2: link with peer 1 is inactive (deadline)',
    });
  });

  it('of a checkpoint that failed carry the code', () => {
    const failed = createLogEntries()({
      event: 'checkpoint',
      round: 50,
      seconds: 0.1,
      error: 'CHECKPOINT_FAILED',
    });
    expect(failed.message).toBe('no checkpoint of round 50 [CHECKPOINT_FAILED]');
  });
});
