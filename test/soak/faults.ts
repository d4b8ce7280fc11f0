/**
 * What happens to a swarm of real processes, and when: a schedule that is a function of its seed, and the striking of one
 * fault. Kinds are drawn as from a bag, so that each comes once before one comes again, in short runs too.
 */
import { watch } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom, shuffleInPlace, uniform, uniformInt } from '../../src/base/random.js';
import type { TcpDoor } from '../reference/tcp-door.js';

export const faultKinds = {
  kill: 'SIGKILL; the launcher starts the peer again, with its identity',
  'kill-twice': 'SIGKILL, and again when the peer listens anew',
  'kill-saving': 'SIGKILL while it writes a checkpoint',
  stop: 'SIGSTOP, and SIGCONT after a while',
  cut: 'its connections are reset',
  close: 'its connections are reset, and callers turned away for a while',
  hold: 'its connections carry nothing for a while',
  forget: 'one end of its connections is reset, the other is never told',
  slow: 'its connections carry 16 to 64 KiB/s for a while',
  damage: 'one bit that passes is flipped',
} as const;

export type FaultKind = keyof typeof faultKinds;

export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  readonly peer: number;
  /** Of what lasts for a while: 2 to 12 s, below and above what neighbors wait for (6 s). */
  readonly forMs: number;
  /** Uniform in [0, 1): what else is to be chosen. */
  readonly draw: number;
}

const [LEAST_MS, MOST_MS] = [2_000, 12_000];
const [LEAST_BYTES, MOST_BYTES] = [16 * 1024, 64 * 1024];
/** A checkpoint that is not begun within this time is not waited for. */
const SAVING_WITHIN_MS = 30_000;
const LISTENING_WITHIN_MS = 60_000;

export function scheduleOf(init: {
  readonly seed: number;
  readonly peers: number;
  readonly everyMs: number;
  readonly untilMs: number;
}): Fault[] {
  const random = createRandom('soak', init.seed);
  const faults: Fault[] = [];
  let bag: FaultKind[] = [];
  for (let atMs = init.everyMs; atMs <= init.untilMs; atMs += init.everyMs) {
    if (bag.length === 0) {
      bag = Object.keys(faultKinds) as FaultKind[];
      shuffleInPlace(random, bag);
    }
    const peer = uniformInt(random, init.peers);
    const forMs = Math.round(LEAST_MS + (MOST_MS - LEAST_MS) * uniform(random));
    faults.push({ atMs, kind: bag.pop()!, peer, forMs, draw: uniform(random) });
  }
  return faults;
}

export interface Victim {
  /** The door before the peer's port. */
  readonly door: TcpDoor;
  /** Where its checkpoints are written. */
  readonly checkpoints: string;
  /** The process that listens for the peer; null while there is none. */
  pid(): number | null;
}

/** False where the process had ended by itself. */
function signal(pid: number | null, name: NodeJS.Signals): boolean {
  if (pid === null) return false;
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Kills the process in the moment in which its unfinished checkpoint appears; false where none did. */
async function killWhileSaving(peer: number, { checkpoints, pid }: Victim): Promise<boolean> {
  const victim = pid();
  const stop = AbortSignal.timeout(SAVING_WITHIN_MS);
  return await new Promise((resolve) => {
    const watcher = watch(checkpoints, { signal: stop }, (_event, name) => {
      if (name !== `peer-${peer}.checkpoint.tmp`) return;
      const struck = signal(victim, 'SIGKILL');
      watcher.close();
      resolve(struck);
    });
    stop.addEventListener('abort', () => resolve(false));
    watcher.on('error', () => resolve(false));
  });
}

async function killTwice({ pid }: Victim): Promise<boolean> {
  const first = pid();
  if (!signal(first, 'SIGKILL')) return false;
  const lateMs = performance.now() + LISTENING_WITHIN_MS;
  for (let next = pid(); performance.now() < lateMs; next = pid()) {
    if (next !== null && next !== first) return signal(next, 'SIGKILL');
    await pause(50);
  }
  return false;
}

/** Carries a fault out, to its end. False where there was nothing to strike: a process that was dead already. */
export async function strike({ kind, peer, forMs, draw }: Fault, victim: Victim): Promise<boolean> {
  const { door } = victim;
  switch (kind) {
    case 'kill':
      return signal(victim.pid(), 'SIGKILL');
    case 'kill-twice':
      return await killTwice(victim);
    case 'kill-saving':
      return await killWhileSaving(peer, victim);
    case 'stop': {
      const pid = victim.pid();
      if (!signal(pid, 'SIGSTOP')) return false;
      await pause(forMs);
      return signal(pid, 'SIGCONT');
    }
    case 'cut':
      door.cut();
      return true;
    case 'close':
      door.refuse(true);
      door.cut();
      await pause(forMs);
      door.refuse(false);
      return true;
    case 'hold':
      door.hold(true);
      await pause(forMs);
      door.hold(false);
      return true;
    case 'forget':
      door.forget(draw < 0.5 ? 'caller' : 'target');
      return true;
    case 'slow':
      door.limit(Math.round(LEAST_BYTES + (MOST_BYTES - LEAST_BYTES) * draw));
      await pause(forMs);
      door.limit(null);
      return true;
    case 'damage':
      door.damage(draw);
      return true;
    default:
      return kind satisfies never;
  }
}
