/**
 * Runs on real disks that fill up, become read-only or lose a directory while they are written to: tmpfs of a few MiB, mounted
 * for the test. What is to hold: a clear sentence with the file, the cause and what to do; training that goes on or stops, as
 * configured; the checkpoints of before, whole; no half-written file under its own name; and all is well once there is room.
 *
 * Mounting needs root or CAP_SYS_ADMIN; without, the tests are skipped.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { decodeTensorFile } from '../../src/base/tensor-file.js';
import { readMetrics } from '../../src/metrics/read-metrics.js';
import {
  type GrapevineProcess,
  runGrapevine,
  startGrapevine,
  temporaryDirectory,
} from './grapevine-process.js';

/** Half a minute more of it, by npm run test:checkpoints. */
const itWhenThorough = it.runIf(process.env.CHECKPOINT_TRIES !== undefined);
const ROUNDS = { simulate: 1200, swarm: 400 };

const base = temporaryDirectory();
const disk = join(base, 'disk');
const DISK = 'size=24m';

function mount(...args: readonly string[]): boolean {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

mkdirSync(disk);
const mounted = mount('-t', 'tmpfs', '-o', DISK, 'tmpfs', disk);

const ballast = join(disk, 'ballast');
const PIECE = Buffer.alloc(1 << 16);

/** Takes all the room there is, to the last byte that can be had; and as a run's own files may be growing, again and again. */
function fillDisk(): void {
  const file = openSync(ballast, 'a');
  for (let bytes = PIECE.length; bytes >= 1; ) {
    try {
      if (writeSync(file, PIECE, 0, bytes) < bytes) bytes >>= 1;
    } catch {
      bytes >>= 1;
    }
  }
  closeSync(file);
}

const makeRoom = (): void => rmSync(ballast, { force: true });

/** Retries while a file there is open for writing. */
async function remount(path: string, how: 'ro' | 'rw'): Promise<void> {
  while (!mount('-o', `remount,${how}`, path)) await delay(1);
}

const checkpointsIn = (out: string): string[] => {
  const directory = join(out, 'checkpoints');
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.includes('.round-')) : [];
};
const latestIn = (out: string): number =>
  Math.max(0, ...checkpointsIn(out).map((name) => Number(/\.round-(\d+)/.exec(name)![1])));

function expectWhole(out: string): void {
  for (const name of checkpointsIn(out))
    expect(decodeTensorFile(readFileSync(join(out, 'checkpoints', name))), name).not.toBeTypeOf('string');
}

async function untilLater(out: string, round: number): Promise<number> {
  while (latestIn(out) <= round) await delay(2);
  return latestIn(out);
}

/** What a user sees of an error: a sentence and a code. */
function expectClear(stderr: string, code: string): void {
  expect(stderr).toContain(`[${code}]`);
  expect(stderr).not.toMatch(/This is a bug|^\s+at /m);
}

const PEERS = 4;
const TASK = ['--peers', `${PEERS}`, '--topology', 'ring', '--task', 'quadratic:dimension=64', '--seed', '3'];
const SAVING = ['--checkpoint-every', '5', '--evaluate-every', '100', '--learning-rate', '0.05'];

function start(command: 'simulate' | 'swarm', out: string, ...flags: readonly string[]): GrapevineProcess {
  const processes = command === 'swarm' ? ['--processes', '2'] : [];
  const rounds = ['--rounds', `${ROUNDS[command]}`];
  return startGrapevine([command, ...TASK, ...SAVING, ...processes, ...rounds, '--out', out, ...flags]);
}

const NOTICE =
  /checkpoint \S+round-\d+\.safetensors cannot be written \(.*\); the one before it is kept\. Make room/;

describe.skipIf(!mounted)('a disk that is full or read-only (skipped where nothing may be mounted)', () => {
  afterAll(() => {
    execFileSync('umount', [disk]);
    rmSync(base, { recursive: true, force: true });
  });
  beforeEach(() => {
    for (const name of readdirSync(disk)) rmSync(join(disk, name), { recursive: true, force: true });
  });

  for (const command of ['simulate', 'swarm'] as const) {
    const test = command === 'simulate' ? it : itWhenThorough;

    test(`lets ${command} train on where that is wanted, and all is there when there is room again`, async () => {
      const out = join(disk, 'run');
      const run = start(command, out, '--on-checkpoint-failure', 'continue');
      await untilLater(out, 0);
      fillDisk();
      expect(await run.line(NOTICE)).toContain('ENOSPC');
      const before = latestIn(out);
      expect(before).toBeGreaterThan(0);
      expectWhole(out);
      makeRoom();
      await untilLater(out, before);
      const { exitCode, stderr } = await run.ended;
      expect([exitCode, stderr]).toEqual([0, '']);
      expectWhole(out);
      const rounds = ROUNDS[command];
      expect(JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))).toMatchObject({ rounds });
      const events = await readMetrics(join(out, 'metrics.jsonl'));
      expect(events.filter(({ event }) => event === 'round')).toHaveLength(PEERS * rounds);
      expect(readdirSync(out).filter((name) => name.endsWith('.draft'))).toEqual([]);
    });

    test(`stops ${command} where that is wanted, with what was saved before`, async () => {
      const out = join(disk, 'run');
      const run = start(command, out, '--on-checkpoint-failure', 'stop', '--quiet');
      await untilLater(out, 0);
      fillDisk();
      const { exitCode, stderr } = await run.ended;
      expect(exitCode, stderr).toBe(1);
      expectClear(stderr, 'CHECKPOINT_FAILED');
      expect(stderr).toContain('ENOSPC');
      expect(latestIn(out)).toBeGreaterThan(0);
      expectWhole(out);
    });
  }

  it('that stays full costs the files of a run, and not its result: no half a summary is left', async () => {
    const out = join(disk, 'run');
    const run = start('simulate', out, '--json', '--rounds', '500');
    await untilLater(out, 0);
    fillDisk();
    await run.line(NOTICE);
    const { exitCode, stdout, stderr } = await run.ended;
    expect(exitCode).toBe(1);
    expectClear(stderr, 'METRICS_WRITE_FAILED');
    expect(JSON.parse(stdout)).toHaveProperty('rounds');
    expect(readdirSync(out).sort()).toEqual(['checkpoints', 'config.json', 'metrics.jsonl']);
    await readMetrics(join(out, 'metrics.jsonl')); // whole lines
    makeRoom();
    expect((await runGrapevine(['report', out, '--quiet'])).exitCode).toBe(0);
    expect(readdirSync(out)).toContain('summary.json');
    fillDisk();
    const again = await runGrapevine(['report', out]);
    expectClear(again.stderr, 'METRICS_WRITE_FAILED');
    expect(JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))).toHaveProperty('rounds');
  });

  itWhenThorough('that is full from the start gets its config.json when there is room', async () => {
    const out = join(disk, 'run');
    fillDisk();
    const run = start('simulate', out, '--rounds', '500');
    expect(await run.line(/config\.json cannot be written/)).toContain('ENOSPC');
    makeRoom();
    const { exitCode, stderr } = await run.ended;
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toMatchObject({ peers: PEERS });
  });

  it('that is read-only is refused at once; one that becomes so costs the checkpoints of that time', async () => {
    await remount(disk, 'ro');
    const refused = await runGrapevine(['simulate', ...TASK, '--out', join(disk, 'run')]);
    await remount(disk, 'rw');
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('EROFS')]);

    const out = join(base, 'run');
    const own = join(out, 'checkpoints'); // a disk of its own: metrics.jsonl is open all the time
    mkdirSync(own, { recursive: true });
    mount('-t', 'tmpfs', '-o', DISK, 'tmpfs', own);
    const run = start('simulate', out);
    await untilLater(out, 0);
    await remount(own, 'ro');
    const before = latestIn(out);
    expect(await run.line(NOTICE)).toContain('EROFS');
    await remount(own, 'rw');
    await untilLater(out, before);
    const { exitCode, stderr } = await run.ended;
    execFileSync('umount', [own]);
    expect([exitCode, stderr]).toEqual([0, '']);
  });

  itWhenThorough(
    'from which the checkpoints are taken away gets new ones, in a directory made again',
    async () => {
      const out = join(disk, 'run');
      const run = start('simulate', out, '--rounds', '500');
      const before = await untilLater(out, 0);
      rmSync(join(out, 'checkpoints'), { recursive: true, force: true });
      await untilLater(out, before);
      const { exitCode, stderr } = await run.ended;
      expect([exitCode, stderr]).toEqual([0, '']);
      expect(checkpointsIn(out)).toHaveLength(3);
    },
  );

  it('leaves a peer no half an identity, and the founder its invitation on the screen', async () => {
    const out = join(disk, 'founder');
    const found = ['peer', '--create', ...TASK, '--listen', '/ip4/127.0.0.1/tcp/0', '--out', out];
    fillDisk();
    const refused = await runGrapevine(found);
    expect(refused.exitCode).toBe(2);
    expectClear(refused.stderr, 'BAD_CONFIG');
    expect(refused.stderr).toMatch(/identity\.key.*ENOSPC.*--identity/s);
    expect(readdirSync(out)).toEqual([]);
    makeRoom();

    const founder = startGrapevine(found);
    await founder.line(/^invitation for one peer.*also in/);
    while (!existsSync(join(out, 'swarm.json'))) await delay(2);
    founder.child.kill('SIGINT');
    await founder.ended;
    const file = readFileSync(join(out, 'swarm.json'), 'utf8');
    fillDisk();
    const invited = await runGrapevine(['invite', out, '--out', join(out, 'for-a-friend.txt')]);
    const revoked = await runGrapevine(['revoke', out, 'an-invitation']);
    for (const { exitCode, stderr } of [invited, revoked]) {
      expect(exitCode).toBe(1);
      expectClear(stderr, 'FILE_WRITE_FAILED');
      expect(stderr).toContain('ENOSPC');
    }
    expect(readdirSync(out)).not.toContain('revocations.txt');
    expect(readdirSync(out)).not.toContain('for-a-friend.txt');

    const other = [...found.slice(0, -1), join(disk, 'other'), '--identity', join(base, 'identity.key')];
    const crowded = startGrapevine(other);
    expect(await crowded.line(/^invitation for one peer/)).toContain('ENOSPC');
    await crowded.line(/swarm\.json cannot be written .*cannot come back/);
    crowded.child.kill('SIGINT');
    await crowded.ended;
    expect(readFileSync(join(out, 'swarm.json'), 'utf8')).toBe(file);
  });
});
