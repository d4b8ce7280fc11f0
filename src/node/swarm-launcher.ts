/**
 * Launches a swarm of worker processes on this machine and watches it to its end: who has finished, who was
 * killed, who has fallen silent. Peers find each other by the address of the first that listens, and of another
 * when that one is lost; the launcher is no server of the swarm, and a swarm whose launcher only watches trains the
 * same model.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Clock } from '../base/clock.js';
import { GrapevineError } from '../base/errors.js';
import { REPORT_MS } from './round-reports.js';
import type { FromWorker, ToWorker, WorkerAssignment } from './swarm-messages.js';

export interface SwarmLauncherInit {
  /** The module that a worker process runs. */
  readonly workerPath: string;
  readonly peers: number;
  readonly processes: number;
  /** What all workers are told; peers and bootstrap are the launcher's to fill in. */
  readonly assignment: Omit<WorkerAssignment, 'peers' | 'bootstrap'>;
  readonly clock: Clock;
  /**
   * A process that says nothing for this long, once no other has anything left to do, is given up and ended; while
   * others run, after BUSY_PATIENCE times as long. Milliseconds.
   */
  readonly silenceMs: number;
  /**
   * Given where processes that are killed are started again, and called each time. Needs identities that outlive a
   * process: their neighbors know a peer by its identity.
   */
  readonly restart?: {
    /** Private key of a peer, as libp2p's protobuf. */
    identityOf(peer: number): Uint8Array;
    /** This peer was lost for `reason`, and its process is started again. */
    onRestart(peer: number, reason: string): void;
  };
  onMessage(message: FromWorker): void;
  /** A peer will not come back, or (`silent`) has not been heard of lately. */
  onLost(peer: number, loss: PeerLoss): void;
  /** Worker's standard error, line by line as it comes. */
  onErrorOutput(text: string): void;
}

export interface PeerLoss {
  readonly reason: string;
  /** The peer itself said why it could not go on; else something outside took it. */
  readonly failed: boolean;
}

export interface SwarmOutcome {
  readonly finished: readonly number[];
  readonly lost: readonly number[];
}

interface Worker {
  readonly index: number;
  readonly process: ChildProcess;
  readonly peers: readonly number[];
  /** How many processes there were for these peers before. */
  readonly incarnation: number;
  /** A round of its peers has been heard of. */
  trained: boolean;
  /** It has been told what to run. */
  begun: boolean;
  heardMs: number;
  /** Its module has loaded; before that it cannot speak, however busy the machine. */
  loaded: boolean;
}

type PeerFate = 'running' | 'finished' | 'lost';

/** Peers of process `index` of `processes`: an equal share, contiguous. */
export function peersOfProcess(index: number, processes: number, peers: number): number[] {
  const first = Math.floor((index * peers) / processes);
  const end = Math.floor(((index + 1) * peers) / processes);
  return Array.from({ length: end - first }, (_, k) => first + k);
}

/**
 * Waiting for one process costs nothing while others run, and ending one that would have come back costs its peers:
 * with 64 peers on a machine that others used, processes had no turn for 12 s.
 */
const BUSY_PATIENCE = 5;
/** How often the launcher looks for silent processes, in milliseconds. */
const WATCH_MS = 500;
/** Between the end of a process and its next start: one that cannot live costs a second of processor time each time. */
const RESTART_AFTER_MS = 2_000;
/** A process that was told to end and does not is ended after this. */
const EXIT_GRACE_MS = 5_000;

/** One swarm; `run` once. */
export class SwarmLauncher {
  private readonly init: SwarmLauncherInit;
  private readonly workers: Worker[] = [];
  private readonly fates: PeerFate[];
  private readonly rounds: number[];
  /** When the first round was heard of. */
  private firstRoundMs = Number.NEGATIVE_INFINITY;
  /** Where each listening peer can be reached. */
  private readonly addresses = new Map<number, readonly string[]>();
  /** The peer that others join through, once one listens. */
  private entrance: number | null = null;
  private watchedMs = 0;
  private cancelWatch: () => void = () => {};
  /** Started again after a while: what takes it back. */
  private readonly reviving = new Set<() => void>();
  private stopped = false;
  private settle: { resolve(outcome: SwarmOutcome): void; reject(error: unknown): void } | null = null;

  constructor(init: SwarmLauncherInit) {
    this.init = init;
    this.fates = new Array<PeerFate>(init.peers).fill('running');
    this.rounds = new Array<number>(init.peers).fill(0);
  }

  /**
   * Resolves when every peer has finished or is lost, and all processes have ended.
   * @throws GrapevineError when no peer could start
   */
  async run(): Promise<SwarmOutcome> {
    const settled = new Promise<SwarmOutcome>((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    for (let index = 0; index < this.init.processes; index++) this.spawn(index);
    this.openEntrance();
    this.watchedMs = this.init.clock.nowMs();
    this.watch();
    try {
      return await settled;
    } finally {
      this.cancelWatch();
      this.giveUpRevivals();
      await this.endProcesses();
    }
  }

  /** All peers finish the same round, soon, and stop. */
  stop(): void {
    this.stopped = true;
    const heard = Math.max(0, ...this.rounds);
    const roundsPerMs = Math.max(0, heard - 1) / (this.init.clock.nowMs() - this.firstRoundMs + REPORT_MS);
    // Neighbors are within a round of each other; two more leave time for the word to get around, and what was
    // heard is up to REPORT_MS old: thrice that, for a swarm that has become faster.
    const afterRound = heard + 2 + Math.floor(3 * REPORT_MS * roundsPerMs);
    for (const worker of this.workers) this.tell(worker, { type: 'stop', afterRound });
  }

  /** Ends all processes at once. */
  kill(): void {
    this.stopped = true;
    this.giveUpRevivals();
    for (const { process } of this.workers) process.kill('SIGKILL');
  }

  private giveUpRevivals(): void {
    for (const cancel of this.reviving) cancel();
    this.reviving.clear();
  }

  private spawn(index: number, incarnation = 0): Worker {
    const { workerPath, peers, processes, clock, onErrorOutput } = this.init;
    const child = fork(workerPath, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const worker = {
      index,
      process: child,
      peers: peersOfProcess(index, processes, peers),
      incarnation,
      trained: false,
      begun: false,
      heardMs: clock.nowMs(),
      loaded: false,
    };
    this.workers.push(worker);
    child.on('message', (message) => this.onMessage(worker, message as FromWorker));
    child.on('exit', (code, signal) => this.onExit(worker, signal ?? `exit code ${code}`));
    child.on('error', (error) => this.onExit(worker, error.message));
    child.stderr?.setEncoding('utf8').on('data', onErrorOutput);
    return worker;
  }

  /**
   * Sees to it that there is a peer to join through. Until one listens, a process begins alone, and when it is
   * lost the next; then all others join, and again when that peer is lost.
   */
  private openEntrance(): void {
    const lives = (peer: number): boolean => this.fates[peer] === 'running';
    if (this.entrance !== null && this.fates[this.entrance] !== 'lost') return;
    this.entrance = [...this.addresses.keys()].find(lives) ?? null;
    if (this.entrance === null) {
      const first = this.workers.find(({ peers }) => peers.some(lives));
      if (first !== undefined && !first.begun) this.begin(first, []);
      return;
    }
    const bootstrap = this.addresses.get(this.entrance)!;
    for (const worker of this.workers) {
      if (worker.begun) this.tell(worker, { type: 'join', bootstrap });
      else this.begin(worker, bootstrap);
    }
  }

  private begin(worker: Worker, bootstrap: readonly string[]): void {
    worker.begun = true;
    const { assignment, restart } = this.init;
    const { peers, incarnation } = worker;
    const identities = restart && new Map(peers.map((peer) => [peer, restart.identityOf(peer)]));
    this.tell(worker, {
      type: 'begin',
      ...assignment,
      peers: peers.filter((peer) => this.fates[peer] === 'running'),
      bootstrap,
      ...(identities === undefined ? {} : { identities, incarnation }),
    });
  }

  private tell(worker: Worker, message: ToWorker): void {
    if (!worker.process.connected) return;
    worker.process.send(message, () => {}); // a process that is gone is noticed by its exit
  }

  private onMessage(worker: Worker, message: FromWorker): void {
    worker.heardMs = this.init.clock.nowMs();
    worker.loaded = true;
    if (message.type === 'listening') {
      this.addresses.set(message.peer, message.addresses);
      this.openEntrance();
    }
    const tellsRounds = message.type === 'rounds' || message.type === 'evaluation';
    if (tellsRounds) worker.trained = true;
    if (tellsRounds && this.firstRoundMs === Number.NEGATIVE_INFINITY) this.firstRoundMs = worker.heardMs;
    if (message.type === 'rounds') for (const { peer, round } of message.events) this.rounds[peer] = round;
    if (message.type === 'evaluation') this.rounds[message.event.peer] = message.event.round;
    this.init.onMessage(message);
    if (message.type === 'finished') {
      this.fates[message.peer] = 'finished';
      this.tellGone(message.peer);
      if (this.init.restart !== undefined) this.loseLatecomers();
    }
    if (message.type === 'failed') this.lose(message.peer, { reason: message.code, failed: true });
    if (message.type === 'failed' && message.code === 'ADDRESS_IN_USE') {
      this.settle?.reject(new GrapevineError('ADDRESS_IN_USE', message.message));
    }
    this.settleIfOver();
  }

  private onExit(worker: Worker, reason: string): void {
    if (this.workers.includes(worker) && this.mayRestart(worker)) {
      this.restart(worker, reason);
      return;
    }
    for (const peer of worker.peers) {
      if (this.fates[peer] === 'running') this.lose(peer, { reason, failed: false });
    }
    this.settleIfOver();
  }

  /** There is something left to do for it, and others that have what it needs to join. */
  private mayRestart({ peers }: Worker): boolean {
    const runs = (peer: number): boolean => this.fates[peer] === 'running';
    const others = this.fates.some((fate, peer) => fate === 'running' && !peers.includes(peer));
    return this.init.restart !== undefined && !this.stopped && peers.some(runs) && others;
  }

  private restart(worker: Worker, reason: string): void {
    this.workers.splice(this.workers.indexOf(worker), 1);
    for (const peer of worker.peers) {
      this.addresses.delete(peer);
      if (this.fates[peer] === 'running') this.init.restart?.onRestart(peer, reason);
    }
    if (worker.peers.includes(this.entrance ?? -1)) this.entrance = null;
    const cancel = this.init.clock.after(RESTART_AFTER_MS, () => {
      this.reviving.delete(cancel);
      this.revive(worker);
    });
    this.reviving.add(cancel);
    this.openEntrance();
  }

  private revive({ index, incarnation, peers }: Worker): void {
    const worker = this.spawn(index, incarnation + 1);
    const door = this.entrance === null ? undefined : this.addresses.get(this.entrance);
    if (door === undefined) this.openEntrance();
    else this.begin(worker, door);
    if (peers.every((peer) => this.fates[peer] !== 'running')) worker.process.kill('SIGKILL');
  }

  /** Those who would join when nobody is left to get a model from. */
  private loseLatecomers(): void {
    const running = this.fates.flatMap((fate, peer) => (fate === 'running' ? [peer] : []));
    const trains = (peer: number): boolean =>
      this.workers.some(
        ({ peers, incarnation, trained }) => peers.includes(peer) && (incarnation === 0 || trained),
      );
    if (running.some(trains)) return;
    for (const peer of running) this.lose(peer, { reason: 'nobody left to join', failed: false });
  }

  private lose(peer: number, loss: PeerLoss): void {
    if (this.fates[peer] !== 'running') return;
    this.fates[peer] = 'lost';
    this.init.onLost(peer, loss);
    this.tellGone(peer);
    this.openEntrance();
  }

  private tellGone(peer: number): void {
    for (const worker of this.workers) this.tell(worker, { type: 'gone', peer });
  }

  private silentMs(worker: Worker): number {
    const { clock, silenceMs, assignment } = this.init;
    const loadingMs = worker.loaded ? 0 : Math.max(0, assignment.startTimeoutMs - silenceMs);
    return clock.nowMs() - worker.heardMs - loadingMs;
  }

  /** Gives up silent processes; they are ended, so that no peer both counts as lost and goes on. */
  private watch(): void {
    const nowMs = this.init.clock.nowMs();
    // Late by more than a turn: this process was stopped, and its workers perhaps with it (Ctrl+Z). What they have
    // said meanwhile is still to be read.
    const lateMs = nowMs - this.watchedMs - WATCH_MS;
    this.watchedMs = nowMs;
    if (lateMs > WATCH_MS) for (const worker of this.workers) worker.heardMs += lateMs;
    const { silenceMs } = this.init;
    const running = this.workers.filter(({ peers }) => peers.some((peer) => this.fates[peer] === 'running'));
    const othersRun = running.some((worker) => this.silentMs(worker) <= silenceMs);
    const patienceMs = othersRun ? BUSY_PATIENCE * silenceMs : silenceMs;
    for (const worker of running) {
      if (this.silentMs(worker) <= patienceMs) continue;
      const comesBack = this.mayRestart(worker);
      if (!comesBack) for (const peer of worker.peers) this.lose(peer, { reason: 'silent', failed: false });
      worker.process.kill('SIGKILL');
    }
    this.settleIfOver();
    this.cancelWatch = this.init.clock.after(WATCH_MS, () => this.watch());
  }

  private settleIfOver(): void {
    if (this.fates.includes('running')) return;
    const peersWith = (fate: PeerFate): number[] =>
      this.fates.flatMap((f, peer) => (f === fate ? [peer] : []));
    this.settle?.resolve({ finished: peersWith('finished'), lost: peersWith('lost') });
  }

  private async endProcesses(): Promise<void> {
    await Promise.all(
      this.workers.map(({ process }) => {
        if (process.exitCode !== null || process.signalCode !== null) return undefined;
        return new Promise<void>((resolve) => {
          const cancel = this.init.clock.after(EXIT_GRACE_MS, () => process.kill('SIGKILL'));
          process.once('exit', () => {
            cancel();
            resolve();
          });
          if (process.connected) process.disconnect();
        });
      }),
    );
  }
}
