/**
 * Real swarms of real processes, and what an operating system can do to them: kill, stop, continue, interrupt,
 * close a pipe, take a directory away. Whatever happens, the run ends, says what happened with its exit code, and
 * leaves no process behind.
 *
 * GRAPEVINE_CHAOS_SEEDS=100 npm run test:e2e -- chaos runs the random part with as many seeds; by default it has one, and some
 * tests are left out for the sake of time.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createRandom, uniform, uniformInt } from '../../src/base/random.js';
import { readMetrics } from '../../src/metrics/read-metrics.js';
import { openDoors } from '../reference/tcp-door.js';
import {
  type GrapevineProcess,
  isRunning,
  startGrapevine,
  temporaryDirectory,
  workersOf,
} from './grapevine-process.js';

const { GRAPEVINE_CHAOS_SEEDS: givenSeeds } = process.env;
const SEEDS = Number(givenSeeds ?? 1);
/** What unit tests hold as well, or another test here almost does. */
const itWhenThorough = it.runIf(givenSeeds !== undefined);
/** Long enough that what is done to a run is done long before its end. */
const ROUNDS = 150;
/** A wait for links of this length is a hang. */
const FOR_EVER_MS = '3600000';

const started: { readonly process: GrapevineProcess; readonly workers: Set<number> }[] = [];

interface Swarm extends GrapevineProcess {
  readonly out: string;
  readonly peers: number;
  /** Process ids, in order of the peers. */
  workers(): number[];
}

/** A swarm of one process a peer on the quadratic task. */
function startSwarm(peers: number, ...flags: string[]): Swarm {
  const out = temporaryDirectory();
  const basic = ['--task', 'quadratic', '--rounds', `${ROUNDS}`, '--evaluate-every', '10', '--json'];
  const placed = ['--peers', `${peers}`, '--processes', `${peers}`, '--out', out];
  const process = startGrapevine(['swarm', ...basic, ...placed, '--start-timeout-ms', FOR_EVER_MS, ...flags]);
  const workers = new Set<number>();
  started.push({ process, workers });
  return {
    ...process,
    out,
    peers,
    workers() {
      const now = workersOf(process.child);
      for (const pid of now) workers.add(pid);
      return now;
    },
  };
}

/** Resolves with the workers once there are as many. */
async function workersOnceThere(swarm: Swarm, count = swarm.peers): Promise<number[]> {
  let workers: number[] = [];
  while (workers.length < count) {
    await pause(10);
    workers = swarm.workers();
  }
  return workers;
}

async function summaryOf(swarm: GrapevineProcess) {
  const { exitCode, stdout, stderr } = await swarm.ended;
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has finished
  }
}

afterEach(async () => {
  const left: number[] = [];
  for (const { process: launcher, workers } of started.splice(0)) {
    await expect.poll(() => [...workers].filter(isRunning), { timeout: 15_000 }).toEqual([]);
    for (const pid of workers) if (isRunning(pid)) left.push(pid);
    launcher.child.kill('SIGKILL');
  }
  expect(left).toEqual([]);
});

describe('a swarm whose processes are killed, stopped and continued', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`finishes and names the killed, and only them: seed ${seed}`, async () => {
      const random = createRandom('chaos', seed);
      const swarm = startSwarm(8, '--silence-ms', '700');
      const workers = await workersOnceThere(swarm);
      const killed = new Set<number>();
      for (let blow = 0; blow < 6; blow++) {
        // The first may fall while processes load, find each other, or train.
        if (blow > 0) await swarm.line(new RegExp(`^round ${10 * (2 * blow + uniformInt(random, 2))} `));
        else await pause(3_000 * uniform(random));
        const peer = uniformInt(random, swarm.peers);
        if (uniform(random) < 0.5 && killed.size < swarm.peers - 1) {
          signal(workers[peer]!, 'SIGKILL');
          killed.add(peer);
        } else {
          signal(workers[peer]!, 'SIGSTOP');
          await pause(200 + 1_800 * uniform(random));
          signal(workers[peer]!, 'SIGCONT');
        }
      }
      const summary = await summaryOf(swarm);
      expect(summary.peersLost).toEqual([...killed].sort((a, b) => a - b));
      expect(summary.rounds).toBe(ROUNDS);
    });
  }

  itWhenThorough('does without its first peer from before it listens', async () => {
    const swarm = startSwarm(4);
    const [first] = await workersOnceThere(swarm, 1);
    signal(first!, 'SIGKILL');
    const summary = await summaryOf(swarm);
    expect(summary.peersLost).toEqual([0]);
    await expectAllLinks(swarm.out, [0]);
  });

  it('does without its first peer while the others are joining through it', async () => {
    const swarm = startSwarm(4);
    const [first] = await workersOnceThere(swarm);
    await listening(first!);
    signal(first!, 'SIGKILL');
    const summary = await summaryOf(swarm);
    expect(summary.peersLost).toEqual([0]);
    await expectAllLinks(swarm.out, [0]);
  });

  itWhenThorough('does not wait for a peer that was killed before it listened', async () => {
    const swarm = startSwarm(4);
    const workers = await workersOnceThere(swarm);
    signal(workers[2]!, 'SIGKILL');
    const summary = await summaryOf(swarm);
    expect(summary.peersLost).toEqual([2]);
    await expectAllLinks(swarm.out, [2]);
  });

  it('takes back a peer that was silent for too long', async () => {
    const swarm = startSwarm(4, '--silence-ms', '400');
    const workers = await workersOnceThere(swarm);
    await swarm.line(/^round 20 /);
    signal(workers[3]!, 'SIGSTOP');
    await pause(2_000);
    signal(workers[3]!, 'SIGCONT');
    const summary = await summaryOf(swarm);
    expect(summary.peersLost).toEqual([]);
    const edges = (await readMetrics(join(swarm.out, 'metrics.jsonl'))).filter(
      (event) => event.event === 'edge' && event.neighbor === 3,
    );
    expect(edges).toContainEqual(expect.objectContaining({ state: 'inactive', reason: 'silent' }));
  });

  it('trains on when one peer is left, and fails when none is', async () => {
    const [lone, empty] = [startSwarm(4), startSwarm(4, '--rounds', '1000000')]; // never done before it is killed
    for (const [swarm, count] of [
      [lone, 3],
      [empty, 4],
    ] as const) {
      const workers = await workersOnceThere(swarm);
      await swarm.line(/^round 10 /);
      for (const pid of workers.slice(0, count)) signal(pid, 'SIGKILL');
    }
    expect((await summaryOf(lone)).peersLost).toEqual([0, 1, 2]);
    const { exitCode, stderr } = await empty.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('[PEER_LOST]');
  });

  itWhenThorough(
    'goes on when its launcher and all others are stopped and continued, as by Ctrl+Z and fg',
    async () => {
      const swarm = startSwarm(4, '--silence-ms', '500');
      const workers = await workersOnceThere(swarm);
      await swarm.line(/^round 20 /);
      for (const pid of [swarm.child.pid!, ...workers]) signal(pid, 'SIGSTOP');
      await pause(2_000);
      for (const pid of [swarm.child.pid!, ...workers]) signal(pid, 'SIGCONT');
      expect((await summaryOf(swarm)).peersLost).toEqual([]);
    },
  );
});

describe.runIf(process.platform === 'linux')('a swarm whose connections are struck', () => {
  it('goes on after cuts, damaged bits and links that carry nothing, and takes back a peer that was killed', async () => {
    const { doors, flags } = await openDoors(4);
    const swarm = startSwarm(4, ...flags, '--silence-ms', '700', '--rounds', '1000000', '--restart');
    const path = join(swarm.out, 'metrics.jsonl');
    /** Resolves when an edge has gone down for `reason` once more, and every edge that had is back. */
    const survived = async (reason: string): Promise<void> => {
      let before = Number.POSITIVE_INFINITY;
      for (;;) {
        const edges = (await readMetrics(path)).filter((event) => event.event === 'edge');
        const down = edges.filter((edge) => edge.reason === reason).length;
        const state = new Map(edges.map((edge) => [`${edge.peer}-${edge.neighbor}`, edge.state]));
        if (down > before && [...state.values()].every((last) => last === 'active')) return;
        before = Math.min(before, down);
        await pause(50);
      }
    };
    await workersOnceThere(swarm);
    await swarm.line(/^round 20 /);
    let outlived = survived('LINK_DOWN');
    for (const door of doors) door.cut();
    await outlived;
    outlived = survived('LINK_DOWN');
    for (const door of doors) door.damage(0.5);
    await outlived;
    outlived = survived('silent');
    for (const door of doors) door.hold(true);
    await pause(1_500);
    for (const door of doors) door.hold(false);
    await outlived;
    signal(swarm.workers()[0]!, 'SIGKILL');
    await swarm.line(/^joined in round \d+ with the model of peer/);
    swarm.workers();
    swarm.child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await swarm.ended;
    await Promise.all(doors.map((door) => door.close()));
    expect(exitCode, stderr).toBe(130);
    expect(JSON.parse(stdout).peersLost).toEqual([]);
  });
});

/** Resolves when the process `pid` listens on a TCP port. */
async function listening(pid: number): Promise<void> {
  const find = (): boolean => {
    try {
      return execFileSync('ss', ['-ltnpH'], { encoding: 'utf8' }).includes(`pid=${pid},`);
    } catch {
      return true; // no such tool here: whatever the moment, the test holds
    }
  };
  while (!find()) await pause(10);
}

/** Every edge between peers that live was used in the last round. */
async function expectAllLinks(out: string, lost: readonly number[]): Promise<void> {
  const events = await readMetrics(join(out, 'metrics.jsonl'));
  const run = events.find((event) => event.event === 'run')!;
  for (let peer = 0; peer < run.topology.nodes; peer++) {
    if (lost.includes(peer)) continue;
    const edges = run.topology.edges.filter((edge) => edge.includes(peer));
    const living = edges.filter((edge) => !edge.some((end) => lost.includes(end)));
    const last = events.find(
      (event) => event.event === 'round' && event.peer === peer && event.round === ROUNDS - 50,
    );
    expect(last).toMatchObject({ activeLinks: living.length });
  }
}

describe('a swarm that is interrupted', () => {
  for (const [when, reach] of [
    ['before its workers have loaded', async (swarm) => void (await workersOnceThere(swarm, 1))],
    ['while peers look for each other', async (swarm) => listening((await workersOnceThere(swarm))[0]!)],
    ['while it trains', async (swarm) => void (await swarm.line(/^round 10 /))],
  ] as [string, (swarm: Swarm) => Promise<void>][]) {
    const test = when === 'while peers look for each other' ? it : itWhenThorough;
    test(`ends with 130 and its files: ${when}`, async () => {
      const swarm = startSwarm(4, '--evaluate-every', '1', '--rounds', '1000000');
      await reach(swarm);
      swarm.workers();
      swarm.child.kill('SIGINT');
      const { exitCode, stderr } = await swarm.ended;
      expect(exitCode, stderr).toBe(130);
      expect(stderr).not.toMatch(/bug|Error/);
    });
  }

  it('leaves at once when it is interrupted twice', async () => {
    const swarm = startSwarm(4, '--rounds', '1000000');
    await workersOnceThere(swarm);
    await swarm.line(/^round 10 /);
    swarm.child.kill('SIGINT');
    await swarm.line(/again to leave at once/);
    swarm.child.kill('SIGINT');
    const { exitCode } = await swarm.ended;
    expect(exitCode).toBe(130);
  });
});

describe('a swarm whose output has nowhere to go', () => {
  it('ends without a word when the reader of its lines has seen enough', async () => {
    for (const [flags, stream, wanted] of [
      [[], 'stdout', 0],
      [['--json'], 'stderr', 1],
    ] as const) {
      const out = temporaryDirectory();
      const run = ['--task', 'quadratic', '--rounds', '1000000', '--evaluate-every', '1', '--processes', '2'];
      const swarm = startGrapevine(['swarm', ...run, '--out', out, ...flags]);
      await swarm.line(/^round 3 /);
      const workers = new Set(workersOf(swarm.child));
      started.push({ process: swarm, workers });
      swarm.child[stream]!.destroy();
      const { exitCode, stderr } = await swarm.ended;
      expect(exitCode, stderr).toBe(wanted);
      expect(stderr).not.toMatch(/EPIPE|Error/);
    }
  });

  // A minute: the launcher gives up a stopped process only after its long patience.
  itWhenThorough('leaves no process behind, be it a stopped one, when nobody reads its lines', async () => {
    const swarm = startSwarm(2, '--rounds', '1000000', '--evaluate-every', '1');
    const workers = await workersOnceThere(swarm);
    await swarm.line(/^round 3 /);
    signal(workers[1]!, 'SIGSTOP');
    swarm.child.stderr!.destroy();
    expect((await swarm.ended).exitCode).toBe(1);
  });

  it('says so, after training, when its directory was taken away', async () => {
    const swarm = startSwarm(4);
    await workersOnceThere(swarm);
    await swarm.line(/^round 20 /);
    rmSync(swarm.out, { recursive: true });
    const { exitCode, stderr } = await swarm.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain(swarm.out);
    expect(stderr).toMatch(/\[(CHECKPOINT_FAILED|METRICS_\w+)\]/);
    expect(stderr).not.toContain('bug');
  });
});
