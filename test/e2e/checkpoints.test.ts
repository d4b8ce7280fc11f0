/**
 * Processes that are killed with SIGKILL while they write checkpoints, and runs killed and taken up again as users do. `npm run test:checkpoints` kills 200 processes in a row, each at another operation; a
 * plain run of the tests takes a sample of them.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { checkpointRounds, loadLatestCheckpoint } from '../../src/node/checkpoint-files.js';
import { runGrapevine, startGrapevine, temporaryDirectory } from './grapevine-process.js';

const WRITER = fileURLToPath(new URL('../reference/checkpoint-writer.mjs', import.meta.url));
const base = temporaryDirectory();
/** Of 200 in the full form. */
const TRIES = Number(process.env.CHECKPOINT_TRIES ?? 10);
const ALL_TRIES = 200;
const wanted = { owner: 'peer-0', hashes: { configuration: 'c0ffee' } };

afterAll(() => rmSync(base, { recursive: true, force: true }));

/** The last round that the writer said it had saved before it died in operation `fatal`. */
async function writeUntilKilled(directory: string, fatal: number): Promise<number> {
  const writer = spawn(process.execPath, [WRITER, directory, String(fatal)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const signal = await new Promise((resolve) => writer.on('close', (_code, by) => resolve(by)));
  expect(signal).toBe('SIGKILL');
  return Number(said.trim().split('\n').at(-1) ?? 0);
}

describe('kill -9 while a checkpoint is written', () => {
  it(`loses no checkpoint that was there, at any of ${TRIES} operations`, async () => {
    for (let k = 0; k < TRIES; k++) {
      const fatal = 1 + Math.floor((k * ALL_TRIES) / TRIES);
      const directory = join(base, `killed-${fatal}`);
      const said = await writeUntilKilled(directory, fatal);
      const refused: string[] = [];
      const latest = await loadLatestCheckpoint({ directory }, wanted, ({ message }) =>
        refused.push(message),
      );
      const round = latest?.round ?? 0;
      expect([said, said + 1], `operation ${fatal}`).toContain(round);
      expect(refused).toEqual([]);
      if (latest !== null)
        expect(latest.restore('peer')).toEqual({ round, x: new Float32Array(30_001).fill(-round) });
      expect((await checkpointRounds({ directory }, 'peer-0')).length).toBeLessThanOrEqual(3);
    }
  });
});

const RUN = [
  '--peers',
  '4',
  '--topology',
  'ring',
  '--task',
  'quadratic:dimension=64',
  '--learning-rate',
  '0.05',
];
const rounds = (count: number): string[] => [
  '--rounds',
  String(count),
  '--evaluate-every',
  '10',
  '--seed',
  '3',
];

function summaryOf(directory: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(directory, 'summary.json'), 'utf8')) as Record<string, unknown>;
}

const modelOf = (directory: string): Buffer =>
  readFileSync(join(directory, 'checkpoints', 'mean-model.safetensors'));

async function untilThere(directory: string, pattern: RegExp): Promise<void> {
  for (;;) {
    const names = existsSync(directory) ? readdirSync(directory) : [];
    if (names.some((name) => pattern.test(name))) return;
    await delay(5);
  }
}

describe('a run that is killed and resumed', () => {
  it('in the simulator has the files of one that was never stopped, byte by byte', async () => {
    const [whole, killed] = [join(base, 'whole'), join(base, 'killed')];
    const args = ['simulate', ...RUN, ...rounds(200), '--checkpoint-every', '7', '--quiet'];
    await runGrapevine([...args, '--out', whole]);
    const run = startGrapevine([...args, '--out', killed]);
    await untilThere(join(killed, 'checkpoints'), /round-000000[3-9]\d/);
    run.child.kill('SIGKILL');
    await run.ended;
    const { exitCode, stderr } = await runGrapevine(['simulate', '--resume', killed, '--quiet']);
    expect([exitCode, stderr]).toEqual([0, '']);
    for (const name of ['summary.json', 'metrics.jsonl', 'config.json'])
      expect(readFileSync(join(killed, name), 'utf8')).toBe(readFileSync(join(whole, name), 'utf8'));
    expect(modelOf(killed)).toEqual(modelOf(whole));
    expect(readdirSync(join(killed, 'checkpoints'))).toEqual(readdirSync(join(whole, 'checkpoints')));
  });

  it('over libp2p, all processes at once, has the model and the summary of one that was never stopped', async () => {
    const [whole, killed] = [join(base, 'swarm-whole'), join(base, 'swarm-killed')];
    const args = ['swarm', ...RUN, ...rounds(150), '--checkpoint-every', '10', '--quiet', '--processes', '2'];
    await runGrapevine([...args, '--out', whole]);
    const run = startGrapevine([...args, '--out', killed]);
    await untilThere(join(killed, 'checkpoints'), /peer-3\.round-000000[3-9]\d/);
    run.child.kill('SIGKILL'); // the workers end with their launcher
    await run.ended;
    const { exitCode, stderr } = await runGrapevine(['swarm', '--resume', killed, '--quiet']);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(modelOf(killed)).toEqual(modelOf(whole));
    const clocks = { seconds: null, samplesPerSecond: null, wireBytesPerPeer: null };
    expect({ ...summaryOf(killed), ...clocks }).toEqual({ ...summaryOf(whole), ...clocks });
    const told = (directory: string) =>
      readFileSync(join(directory, 'metrics.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('"event":"evaluation"')).length;
    expect(told(killed)).toBe(told(whole));
  });

  it('in the asynchronous pace goes on with the models that its peers had', async () => {
    const directory = join(base, 'asynchronous');
    const args = [
      '--pace',
      'asynchronous',
      '--evaluate-every',
      '1',
      '--checkpoint-every',
      '10',
      '--seed',
      '3',
    ];
    const limits = ['--rounds', '1000000', '--processes', '2', '--local-steps', '50', '--quiet'];
    const slowly = ['--learning-rate', '0.002']; // so that the beginning is far from where it is stopped
    const run = startGrapevine(['swarm', ...RUN, ...args, ...limits, ...slowly, '--out', directory]);
    await untilThere(join(directory, 'checkpoints'), /peer-3\.round-000000[3-9]\d/);
    run.child.kill('SIGINT');
    expect((await run.ended).exitCode).toBe(130);
    const told = (): number[] =>
      readFileSync(join(directory, 'metrics.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { event: string; meanModel: { loss: number } })
        .flatMap(({ event, meanModel }) => (event === 'evaluation' ? [meanModel.loss] : []));
    const before = told();
    const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as object;
    expect(config).toMatchObject({ pace: 'asynchronous' });
    const again = startGrapevine(['swarm', '--resume', directory]);
    await again.line(/^In the asynchronous pace edges begin anew; models go on\.$/);
    await again.line(/^round \d+ /);
    again.child.kill('SIGINT');
    expect((await again.ended).exitCode).toBe(130);
    const after = told();
    // Of a run that had begun anew, the first loss would be that of the beginning again.
    const [first, last] = [Math.max(...before), before.at(-1)!];
    expect(last).toBeLessThan(first / 2);
    expect(Math.max(...after.slice(before.length - 1))).toBeLessThan((first + last) / 2);
  });

  it('goes on for more rounds, and refuses to become another run', async () => {
    const directory = join(base, 'whole');
    expect((await runGrapevine(['simulate', '--resume', directory])).stderr).toContain(
      'give it more with --rounds',
    );
    const other = await runGrapevine(['simulate', '--resume', directory, '--seed', '4']);
    expect([other.exitCode, other.stderr]).toEqual([2, expect.stringContaining('got --seed')]);
    const more = await runGrapevine(['simulate', '--resume', directory, '--rounds', '220', '--quiet']);
    expect([more.exitCode, summaryOf(directory).rounds]).toEqual([0, 220]);
    const longer = join(base, 'longer');
    await runGrapevine(['simulate', ...RUN, ...rounds(220), '--out', longer, '--quiet']);
    expect(modelOf(directory)).toEqual(modelOf(longer));
  });
});
