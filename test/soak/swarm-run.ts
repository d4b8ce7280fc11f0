/**
 * One run of `grapevine swarm` with a process a peer, each behind a door of its own (tcp-door.ts), watched from outside. Left
 * alone, or struck by a schedule of faults; for a number of rounds, or until a time, when it is interrupted as by Ctrl+C.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeTensorFile } from '../../src/base/tensor-file.js';
import type { RunSummary } from '../../src/metrics/events.js';
import { KEPT_CHECKPOINTS } from '../../src/node/checkpoint-files.js';
import { openDoors } from '../reference/tcp-door.js';
import { type Fault, strike, type Victim } from './faults.js';
import {
  childrenOf,
  listenersOf,
  type ProcessSample,
  processesMarked,
  sampleOf,
  zombiesOf,
} from './processes.js';

const SAMPLE_MS = 1_000;
/** Over which what is opened for a moment is told from what stays open. */
const QUIET_SAMPLES = 20;
/** A process is a zombie for a moment whenever it ends; one that is for this many samples in a row stays one. */
const MOST_ZOMBIE_SAMPLES = 2;
const MARK = 'GRAPEVINE_SOAK_MARK';
/** A run that is interrupted ends in the round that its foremost peer is in: those that were stopped or cut off have to catch up. */
const END_WITHIN_MS = 600_000;

export interface SwarmRunInit {
  /** The repository's root. */
  readonly root: string;
  readonly peers: number;
  readonly flags: readonly string[];
  readonly faults: readonly Fault[];
  /** When it is interrupted, counted from when all peers listen; null: it ends by itself. */
  readonly untilMs: number | null;
  say(sentence: string): void;
}

export interface SwarmRun {
  readonly exitCode: number | null;
  readonly summary: RunSummary;
  readonly directory: string;
  readonly seconds: number;
  readonly struck: readonly Fault[];
  /** Samples of each process that was a worker, and of the launcher. */
  readonly workers: ReadonlyMap<number, readonly ProcessSample[]>;
  readonly launcher: readonly ProcessSample[];
  /** Workers at the end of the run's time, before it was told to end: a late sample of each; empty for a run that ends by itself. */
  readonly atEnd: ReadonlyMap<number, ProcessSample>;
  readonly launcherAtEnd: ProcessSample | null;
  /** Kinds and counts of active resources (timers, sockets) at each look, by process. */
  readonly resources: ReadonlyMap<number, readonly Readonly<Record<string, number>>[]>;
  /** Milliseconds since which connections are half-open, at the end of the run's time. */
  readonly halfOpenMs: readonly number[];
  readonly zombies: readonly number[];
  readonly orphans: readonly number[];
  /** Checkpoints that are there and are not whole. */
  readonly brokenCheckpoints: readonly string[];
  /** Peers whose checkpoints became fewer by a kill. */
  readonly lostCheckpoints: readonly string[];
}

/** Looks at a launcher and its workers every second. */
function watchProcesses(launcher: number) {
  const startedMs = performance.now();
  const samples = { workers: new Map<number, ProcessSample[]>(), launcher: [] as ProcessSample[] };
  const zombieFor = new Map<number, number>();
  const zombies = new Set<number>();
  const timer = setInterval(() => {
    const atMs = performance.now() - startedMs;
    const own = sampleOf(launcher, atMs);
    if (own !== null) samples.launcher.push(own);
    for (const pid of childrenOf(launcher)) {
      const sample = sampleOf(pid, atMs);
      if (sample !== null) samples.workers.set(pid, [...(samples.workers.get(pid) ?? []), sample]);
    }
    const now = new Set(zombiesOf(launcher));
    for (const pid of zombieFor.keys()) if (!now.has(pid)) zombieFor.delete(pid);
    for (const pid of now) {
      zombieFor.set(pid, (zombieFor.get(pid) ?? 0) + 1);
      if (zombieFor.get(pid)! > MOST_ZOMBIE_SAMPLES) zombies.add(pid);
    }
  }, SAMPLE_MS);
  return { ...samples, zombies, stop: () => clearInterval(timer) };
}

/** Of its last samples, that with the fewest descriptors: a process that loads its modules has hundreds for a moment. */
function leastOf(samples: readonly ProcessSample[]): ProcessSample | null {
  return samples
    .slice(-QUIET_SAMPLES)
    .reduce<ProcessSample | null>(
      (least, sample) => (least === null || sample.descriptors < least.descriptors ? sample : least),
      null,
    );
}

const checkpointsOf = (directory: string, peer: number): string[] =>
  readdirSync(directory).filter((name) => name.startsWith(`peer-${peer}.round-`));

function brokenIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => {
    if (!name.includes('.round-')) return false;
    return typeof decodeTensorFile(readFileSync(join(directory, name))) === 'string';
  });
}

function resourcesIn(directory: string): Map<number, Record<string, number>[]> {
  const linesOf = (name: string): Record<string, number>[] =>
    readFileSync(join(directory, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number>);
  return new Map(readdirSync(directory).map((name) => [Number.parseInt(name, 10), linesOf(name)]));
}

/** Strikes at the times of the schedule; each fault goes on by itself. Resolves when the last is over. */
async function strikeAll(
  faults: readonly Fault[],
  victimOf: (peer: number) => Victim,
  say: (sentence: string) => void,
): Promise<{ struck: Fault[]; lost: string[] }> {
  const startedMs = performance.now();
  const struck: Fault[] = [];
  const lost: string[] = [];
  const all = faults.map(async (fault) => {
    const { atMs, kind, peer, forMs } = fault;
    await pause(atMs - (performance.now() - startedMs));
    const victim = victimOf(peer);
    const before = Math.min(KEPT_CHECKPOINTS, checkpointsOf(victim.checkpoints, peer).length);
    const done = await strike(fault, victim);
    if (done) struck.push(fault);
    if (kind.startsWith('kill') && checkpointsOf(victim.checkpoints, peer).length < before)
      lost.push(`peer ${peer} at ${atMs} ms`);
    const spanMs = Math.round(performance.now() - startedMs - atMs);
    say(
      `${(atMs / 1000).toFixed(0).padStart(4)} s  ${kind.padEnd(11)} peer ${peer}  ` +
        `${done ? `done after ${spanMs} ms` : 'nothing to strike'} (for ${forMs} ms)`,
    );
  });
  await Promise.all(all);
  return { struck, lost };
}

async function untilAllListen(launcher: number, peers: number): Promise<void> {
  while (listenersOf(childrenOf(launcher)).size < peers) await pause(200);
}

export async function runSwarm(init: SwarmRunInit): Promise<SwarmRun> {
  const { root, peers, faults, untilMs, say } = init;
  const directory = mkdtempSync(join(tmpdir(), 'grapevine-soak-'));
  const [out, probe] = [join(directory, 'run'), join(directory, 'resources')];
  mkdirSync(probe);
  const { doors, flags: reach, hostOf } = await openDoors(peers);
  const mark = randomUUID();
  const placed = [
    '--peers',
    `${peers}`,
    '--processes',
    `${peers}`,
    '--restart',
    '--json',
    '--quiet',
    '--out',
    out,
  ];
  const child = spawn(
    process.execPath,
    [join(root, 'dist/cli/main.js'), 'swarm', ...placed, ...reach, ...init.flags],
    {
      stdio: ['ignore', 'pipe', openSync(join(directory, 'stderr.txt'), 'w')],
      detached: true, // a session of its own, by which its zombies are known
      env: {
        ...process.env,
        [MARK]: mark,
        RESOURCE_PROBE: probe,
        NODE_OPTIONS: `--import=${join(root, 'test/reference/resource-probe.mjs')}`,
      },
    },
  );
  const launcher = child.pid!;
  const endWithUs = (): void => void process.kill(-launcher, 'SIGKILL');
  process.on('exit', endWithUs);
  let text = '';
  child.stdout!.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const watching = watchProcesses(launcher);
  await Promise.race([untilAllListen(launcher, peers), ended]);
  const startedMs = performance.now();
  const victimOf = (peer: number): Victim => ({
    door: doors[peer]!,
    checkpoints: join(out, 'checkpoints'),
    pid: () => listenersOf(childrenOf(launcher)).get(hostOf(peer)) ?? null,
  });
  const striking = strikeAll(faults, victimOf, say);
  if (untilMs !== null) await Promise.race([pause(untilMs), ended]);
  const atEnd = new Map<number, ProcessSample>();
  if (untilMs !== null)
    for (const pid of childrenOf(launcher)) {
      const quiet = leastOf(watching.workers.get(pid) ?? []);
      if (quiet !== null) atEnd.set(pid, quiet);
    }
  const launcherAtEnd = watching.launcher.at(-1) ?? null;
  const halfOpenMs = doors.flatMap((door) => door.halfOpenMs());
  if (untilMs !== null) {
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS).unref();
  }
  const exitCode = await ended;
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  watching.stop();
  const { struck, lost } = await striking;
  const orphans = processesMarked(MARK, mark);
  for (const pid of orphans) process.kill(pid, 'SIGKILL');
  process.off('exit', endWithUs);
  await Promise.all(doors.map((door) => door.close()));
  if (text === '')
    throw new Error(`the swarm ended with ${exitCode} and no summary: ${directory}/stderr.txt says why`);
  writeFileSync(
    join(directory, 'samples.json'),
    JSON.stringify({ workers: [...watching.workers], launcher: watching.launcher }),
  );
  return {
    exitCode,
    summary: JSON.parse(text) as RunSummary,
    directory,
    seconds,
    struck,
    workers: watching.workers,
    launcher: watching.launcher,
    atEnd,
    launcherAtEnd,
    resources: resourcesIn(probe),
    halfOpenMs,
    zombies: [...watching.zombies],
    orphans,
    brokenCheckpoints: brokenIn(join(out, 'checkpoints')),
    lostCheckpoints: lost,
  };
}
