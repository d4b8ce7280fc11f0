/**
 * A swarm of `grapevine peer` processes, started as operators would: the founder on host 0 prints an invitation, makes
 * one more for each other host (`grapevine invite`), and each host joins with its file. What a peer did is read from the
 * run directory that it leaves.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMetrics } from '../dist/metrics/read-metrics.js';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
/** From a peer's last round to the end of its process, at most. */
const LEAVING_MS = 10_000;
/** Processes that this one must not leave behind. */
const running = new Set();

/** A command on a host, its lines as they come, and its end. */
function startCommand(prefix, args, { label, debug }) {
  const [program, ...words] = [...prefix, process.execPath, MAIN, ...args];
  // A group of its own: "ip netns exec" becomes the command itself, and Ctrl+C is this process's to answer.
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  running.add(child);
  let text = '';
  const watchers = new Set();
  const take = (part) => {
    text += part;
    if (debug) for (const line of part.trimEnd().split('\n')) console.error(`${label}  ${line}`);
    for (const watch of watchers) watch();
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const ended = new Promise((resolve) =>
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, text, endedMs: performance.now() });
    }),
  );
  /** The first line that `pattern` matches. @throws Error when the command ends without one */
  const line = (pattern) =>
    new Promise((resolve, reject) => {
      const watch = () => {
        const found = text.split('\n').find((row) => pattern.test(row));
        if (found === undefined) return;
        watchers.delete(watch);
        resolve(found);
      };
      watchers.add(watch);
      watch();
      void ended.then(() => reject(new Error(`${label} ended before ${pattern}; it printed:\n${text}`)));
    });
  return { child, line, ended, startedMs: performance.now() };
}

export function killAll() {
  for (const child of running) child.kill('SIGKILL');
}

/** How one host's peer did, by its run directory. @param untilMs outages that begin later do not count; its own clock */
async function readHost(directory, untilMs) {
  const summary = JSON.parse(readFileSync(join(directory, 'summary.json'), 'utf8'));
  const events = await readMetrics(join(directory, 'metrics.jsonl'));
  return {
    round: summary.rounds,
    accuracy: summary.accuracy.mean,
    payloadBytes: summary.payloadBytesPerPeer,
    wireBytes: summary.wireBytesPerPeer,
    edges: outages(
      events.filter(({ event }) => event === 'edge'),
      untilMs,
    ),
  };
}

/** How often the edges of a peer were left out, the longest time until one was back (ms), and neighbors that never were. */
function outages(edges, untilMs) {
  const since = new Map();
  let [count, longestMs] = [0, 0];
  for (const { neighbor, state, atMs } of edges) {
    if (state === 'inactive' && atMs < untilMs && !since.has(neighbor)) {
      since.set(neighbor, atMs);
      count++;
    }
    if (state !== 'active' || !since.has(neighbor)) continue;
    longestMs = Math.max(longestMs, atMs - since.get(neighbor));
    since.delete(neighbor);
  }
  return { count, longestMs, lost: [...since.keys()] };
}

/** `grapevine simulate` of the same swarm. */
export async function simulate(runFlags) {
  const directory = mkdtempSync(join(tmpdir(), 'grapevine-hosts-'));
  const startedMs = performance.now();
  try {
    const args = ['simulate', ...runFlags, '--quiet', '--out', directory];
    const { code, text } = await startCommand([], args, { label: 'simulate', debug: false }).ended;
    if (code !== 0) throw new Error(`grapevine simulate: ${text}`);
    const { accuracy } = JSON.parse(readFileSync(join(directory, 'summary.json'), 'utf8'));
    return { accuracy: accuracy.mean, seconds: (performance.now() - startedMs) / 1000 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The members of one swarm while they run. */
export class Swarm {
  /**
   * @param init hosts; runFlags of the swarm; prefixOf(host): words before its commands; reachOf(host, relay): its flags
   *   of `grapevine peer`, `relay` being an address of the founder; debug
   */
  constructor(init) {
    this.init = init;
    this.directory = mkdtempSync(join(tmpdir(), 'grapevine-hosts-'));
    this.peers = [];
    this.relay = null;
  }

  directoryOf(host) {
    return join(this.directory, String(host));
  }

  /** `grapevine` on `host`. */
  command(host, args) {
    const { prefixOf, debug } = this.init;
    return startCommand(prefixOf(host), args, { label: `host ${host}`, debug });
  }

  startPeer(host, args) {
    const out = ['--out', this.directoryOf(host)];
    this.peers[host] = this.command(host, ['peer', ...args, ...this.init.reachOf(host, this.relay), ...out]);
  }

  async start() {
    this.startedMs = performance.now();
    this.startPeer(0, ['--create', ...this.init.runFlags]);
    const [founder] = this.peers;
    this.relay = (await founder.line(/^listens on /)).replace('listens on ', '');
    await founder.line(/^gv-invitation\./);
    for (let host = 1; host < this.init.hosts; host++) {
      const file = join(this.directory, `invitation-${host}.txt`);
      const args = ['invite', this.directoryOf(0), '--index', String(host), '--out', file];
      const { code, text } = await this.command(0, args).ended;
      if (code !== 0) throw new Error(`grapevine invite: ${text}`);
      this.startPeer(host, ['--invite', file]);
    }
  }

  /** When the founder has done `round`. */
  async reached(round) {
    await this.peers[0].line(new RegExp(`^round ${round} `));
  }

  signal(host, name) {
    this.peers[host].child.kill(name);
  }

  /** Kills a peer at once, and starts it again with what lies in its run directory. */
  async restart(host, waitMs) {
    this.signal(host, 'SIGKILL');
    await this.peers[host].ended;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    this.startPeer(host, []);
  }

  /** What each host's peer did, once all have ended. @throws Error when one has failed */
  async finish() {
    const ends = [];
    for (const [host, { ended }] of this.peers.entries()) {
      const { code, signal, text, endedMs } = await ended;
      if (code !== 0) throw new Error(`host ${host} ended with ${code ?? signal}; it printed:\n${text}`);
      ends.push(endedMs);
    }
    const seconds = (performance.now() - this.startedMs) / 1000;
    // Who has done all its rounds leaves, and a relay takes with it the edges that it carried.
    const firstMs = Math.min(...ends) - LEAVING_MS;
    const results = [];
    for (const [host, { startedMs }] of this.peers.entries())
      results.push(await readHost(this.directoryOf(host), firstMs - startedMs));
    return { seconds, hosts: results };
  }

  remove() {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
