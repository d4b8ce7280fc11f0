/**
 * `grapevine peer` started again with an unchanged command line, as systemd does: one peer that was killed, and a whole house
 * that has lost its power. Three peers in a ring, each in a process and a directory of its own.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/metrics/read-metrics.js';
import { planOf, simulated } from '../reference/honest-swarm.js';
import {
  type GrapevineProcess,
  runGrapevine,
  startGrapevine,
  temporaryDirectory,
} from './grapevine-process.js';
import { modelIn } from './peer-model.js';

const EVERY = 20;
/** A round takes some 20 ms, so that a process can be killed between two checkpoints. */
const LOCAL_STEPS = 1000;
/** Of that many steps a round; trackers bear no more. */
const LEARNING_RATE = 1e-4;

const started: GrapevineProcess[] = [];
afterEach(() => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
});

/** Three peers whose processes come and go. */
class House {
  readonly directories = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
  private readonly lines: string[][] = [];
  readonly peers: GrapevineProcess[] = [];

  async found(rounds: number, ...more: readonly string[]): Promise<void> {
    const run = ['--peers', '3', '--topology', 'ring', '--task', 'quadratic:dimension=64'];
    const long = ['--rounds', String(rounds), '--local-steps', String(LOCAL_STEPS)];
    long.push('--learning-rate', String(LEARNING_RATE));
    this.lines.push(this.lineOf(0, '--create', ...run, ...long, ...more));
    this.start(0);
    await this.peers[0]!.line(/^gv-invitation\./);
    for (const index of [1, 2]) {
      const { stdout } = await runGrapevine(['invite', this.directories[0]!, '--index', String(index)]);
      this.lines.push(this.lineOf(index, '--invite', stdout.trim()));
      this.start(index);
    }
  }

  private lineOf(index: number, ...more: readonly string[]): string[] {
    const at = ['--listen', '/ip4/127.0.0.1/tcp/0', '--out', this.directories[index]!];
    return ['peer', ...at, '--checkpoint-every', String(EVERY), ...more];
  }

  /** The same command line each time. */
  start(index: number): GrapevineProcess {
    const peer = startGrapevine(this.lines[index]!);
    started.push(peer);
    this.peers[index] = peer;
    return peer;
  }

  async ended(): Promise<string[]> {
    const ends = await Promise.all(this.peers.map(({ ended }) => ended));
    expect(
      ends.map(({ exitCode }) => exitCode),
      ends.map(({ stdout, stderr }) => stdout + stderr).join('\n'),
    ).toEqual([0, 0, 0]);
    return ends.map(({ stdout }) => stdout);
  }

  models(): Promise<string[]> {
    return Promise.all(this.directories.map(modelIn));
  }

  checkpoints(index: number): string[] {
    const files = readdirSync(join(this.directories[index]!, 'checkpoints'));
    return files.filter((name) => name.includes('.round-')).sort();
  }
}

async function uninterrupted(rounds: number, algorithm: string): Promise<(string | undefined)[]> {
  const localSteps = LOCAL_STEPS;
  const plan = planOf({ peers: 3, rounds, seed: 1, learningRate: LEARNING_RATE, localSteps, algorithm });
  return (await simulated(plan)).map((ends) => ends.at(-1));
}

/** It keeps replicas for its edges and a sum over all peers, which no newcomer could take part in. */
const STRICT = 'beer';

describe('grapevine peer, started again by the same command', () => {
  it('goes on to the bit where all peers were killed between the same two checkpoints', async () => {
    const house = new House();
    await house.found(60, '--algorithm', STRICT);
    await Promise.all(house.peers.map((peer) => peer.line(/^round 25 /)));
    for (const { child } of house.peers) child.kill('SIGKILL');
    await Promise.all(house.peers.map(({ ended }) => ended));
    expect(house.checkpoints(0)).toEqual(['peer-0.round-00000020.safetensors']);
    for (const index of [2, 1, 0]) house.start(index);
    const printed = await house.ended();
    for (const text of printed) expect(text).toContain('Going on from the checkpoint of round 20.');
    expect(await house.models()).toEqual(await uninterrupted(60, STRICT));
    const events = await readMetrics(join(house.directories[1]!, 'metrics.jsonl'));
    const rounds = events.flatMap((event) => (event.event === 'round' ? [event.round] : []));
    expect(rounds).toEqual(Array.from({ length: 60 }, (_, k) => k + 1));

    // Whatever starts it once more finds nothing to do.
    const { exitCode, stdout } = await house.start(0).ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('has finished its 60 rounds');
  });

  it('takes its place among those who have lived on, with an incarnation that only grows', async () => {
    const house = new House();
    await house.found(1_000_000);
    await house.peers[1]!.line(/^round 30 /);
    for (const life of [1, 2]) {
      house.peers[1]!.child.kill('SIGKILL');
      await house.peers[1]!.ended;
      const back = house.start(1);
      await back.line(/^Going on from the checkpoint of round \d+\.$/);
      await back.line(/^link with peer [02] is active/);
      await back.line(/^round \d+ /);
      const { incarnation } = JSON.parse(readFileSync(join(house.directories[1]!, 'swarm.json'), 'utf8'));
      expect(incarnation).toBe(life);
    }
    // And stopped in order: nobody loses anything, and edges go on where they were.
    house.peers[1]!.child.kill('SIGTERM');
    const { exitCode } = await house.peers[1]!.ended;
    expect(exitCode).toBe(130);
    const last = Number(/round-0*(\d+)/.exec(house.checkpoints(1).at(-1)!)![1]);
    expect(last % EVERY).not.toBe(0);
    const back = house.start(1);
    await back.line(new RegExp(`^Going on from the checkpoint of round ${last}\\.$`));
    await back.line(/^link with peer [02] is active/);
    for (const { child } of house.peers) child.kill('SIGINT');
    const codes = await Promise.all(house.peers.map(({ ended }) => ended));
    expect(codes.map((end) => end.exitCode)).toEqual([130, 130, 130]);
  });

  it('refuses a command line that means another swarm, and a directory that is no peer of one', async () => {
    const out = temporaryDirectory();
    const line = [
      'peer',
      '--create',
      '--peers',
      '2',
      '--topology',
      'ring',
      '--task',
      'quadratic',
      '--out',
      out,
    ];
    const peer = startGrapevine([...line, '--listen', '/ip4/127.0.0.1/tcp/0']);
    started.push(peer);
    await peer.line(/^gv-invitation\./);
    peer.child.kill('SIGINT');
    await peer.ended;
    expect(existsSync(join(out, 'swarm.json'))).toBe(true);
    for (const [args, text] of [
      [[...line, '--rounds', '7'], '--create has another configuration'],
      [[...line, '--open'], '--open says'],
      [['peer', '--out', out, '--index', '1'], '--index says 1'],
      [['peer', '--resume', temporaryDirectory()], 'wanted the run directory of a grapevine peer'],
      [['peer', '--resume', out, '--out', `${out}x`], 'leave one of them out'],
    ] as const) {
      const { exitCode, stderr } = await runGrapevine(args);
      expect(exitCode, stderr).toBe(2);
      expect(stderr).toContain(text);
    }
  });
});
