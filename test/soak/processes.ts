/**
 * A swarm's processes as /proc shows them, without their help: which live, what they hold, which are zombies, and which have
 * outlived their launcher. Linux.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessSample {
  readonly atMs: number;
  readonly residentMib: number;
  /** File descriptors, and those of them that are sockets. */
  readonly descriptors: number;
  readonly sockets: number;
  readonly threads: number;
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  readonly session: number;
}

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null; // the process has just ended
  }
};

const processes = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

function statOf(pid: number): Stat | null {
  // The command, in parentheses, may hold blanks: state, parent, group and session follow it.
  const words = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ');
  if (words === undefined) return null;
  return { state: words[0]!, parent: Number(words[1]), session: Number(words[3]) };
}

export function childrenOf(parent: number): number[] {
  return processes().filter((pid) => statOf(pid)?.parent === parent);
}

/** Zombies of a session: ended, and not taken note of by their parents. */
export function zombiesOf(session: number): number[] {
  return processes().filter((pid) => {
    const stat = statOf(pid);
    return stat?.state === 'Z' && stat.session === session;
  });
}

/** Living processes with `name=value` in the environment that they were started with. */
export function processesMarked(name: string, value: string): number[] {
  return processes().filter((pid) => read(`/proc/${pid}/environ`)?.split('\0').includes(`${name}=${value}`));
}

/** What the descriptors of a process lead to; null where it has ended. */
function descriptorsOf(pid: number): string[] | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${name}`)];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return null;
  }
}

export function sampleOf(pid: number, atMs: number): ProcessSample | null {
  const status = read(`/proc/${pid}/status`);
  const descriptors = descriptorsOf(pid);
  const numberOf = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status ?? '')?.[1]);
  const residentMib = numberOf('VmRSS') / 1024;
  if (descriptors === null || Number.isNaN(residentMib)) return null; // it ends, or is a zombie
  const sockets = descriptors.filter((target) => target.startsWith('socket:')).length;
  return { atMs, residentMib, descriptors: descriptors.length, sockets, threads: numberOf('Threads') };
}

const LISTENS = '0A';

/** Who of `pids` listens on which IPv4 address: /proc/net/tcp has it in hexadecimal, in the machine's order of bytes. */
export function listenersOf(pids: readonly number[]): Map<string, number> {
  const hosts = new Map<string, string>(); // socket -> address
  for (const line of read('/proc/net/tcp')!.split('\n').slice(1)) {
    const words = line.trim().split(/\s+/);
    if (words[3] !== LISTENS) continue;
    const bytes = Buffer.from(words[1]!.slice(0, 8), 'hex').reverse();
    hosts.set(`socket:[${words[9]}]`, bytes.join('.'));
  }
  const found = new Map<string, number>();
  for (const pid of pids)
    for (const target of descriptorsOf(pid) ?? []) {
      const host = hosts.get(target);
      if (host !== undefined) found.set(host, pid);
    }
  return found;
}
