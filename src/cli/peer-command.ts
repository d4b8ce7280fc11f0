/**
 * `grapevine peer`: one peer of a swarm, on any device. The first creates the swarm and prints an invitation; the others
 * join by it, by an address, or, once they have been members, by the run directory alone.
 */

import { existsSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { GrapevineError, isGrapevineError, messageOf } from '../base/errors.js';
import { planRun, type RunPlan } from '../config/run-plan.js';
import type { MetricsEvent } from '../metrics/events.js';
import { METRICS_FILE } from '../metrics/recorder.js';
import type { SavedState } from '../node/checkpoint.js';
import { forgetAfter, loadLatestCheckpoint } from '../node/checkpoint-files.js';
import { openIdentity } from '../node/libp2p-identity.js';
import type { MemberRecord } from '../node/membership.js';
import { type CheckpointSettings, checkpointSettings, placeOf } from './checkpoint-settings.js';
import type { CommandContext } from './command-context.js';
import { createDisplay, type Display } from './display.js';
import { announceSwarm, watchRevocations } from './founder.js';
import type { EntryLevel } from './log-entry.js';
import { type Entrance, enterSwarm, type Joined, type Place } from './peer-place.js';
import { type Probes, startProbes } from './peer-probes.js';
import { checkpointFactsOf, PeerSession, type SessionEnd, type SessionInit } from './peer-session.js';
import type { PeerChoices } from './peer-settings.js';
import { withPortsOf } from './remembered-ports.js';
import { eventsUntil, readRunEvents, replaceRunEvents, withHead } from './resume.js';
import { runEvent } from './run-facts.js';
import { createRunMonitor, makeRunDirectory, type RunMonitor } from './run-monitor.js';
import { writePeerResult } from './run-result.js';
import type { Settings } from './settings.js';
import { startTrainingThread } from './start-training-thread.js';
import { hasSwarmFile, identityPath, readSwarmFile, type SwarmFile, writeSwarmFile } from './swarm-file.js';

/**
 * Rounds between two checkpoints when nobody says: consensus/coming-back.ts takes peers that are this far apart for equally
 * far. A peer is meant to run for days, and to be started again by whatever watches over it.
 */
export const PEER_CHECKPOINT_EVERY = 50;
/** Newcomers that asked different members may have been given one index: who has to yield asks again. */
const MAX_PLACES = 5;
/** Addresses of members that are remembered for a restart. */
const MAX_MEMBER_ADDRESSES = 64;

interface Start extends Entrance {
  readonly context: CommandContext;
  readonly display: Display;
  readonly checkpoints: CheckpointSettings;
}

/** The exit code. @throws GrapevineError */
export async function runPeer(
  choices: PeerChoices,
  settings: Settings,
  context: CommandContext,
): Promise<number> {
  const directory = resolve(settings.launch.out ?? defaultDirectory(new Date()));
  makeRunDirectory(directory);
  const before = choices.resume || hasSwarmFile(directory) ? await readSwarmFile(directory) : null;
  const identity = await openIdentity(choices.identity ?? identityPath(directory));
  const stopping = new AbortController();
  const display = await createDisplay(context.output, settings.launch);
  display.bind({ peerId: identity.peerId });
  const { checkpointEvery = PEER_CHECKPOINT_EVERY } = settings.launch;
  const checkpoints = checkpointSettings({ ...settings.launch, checkpointEvery }, directory);
  const entrance = { choices, settings, directory, identity, before, signal: stopping.signal };
  const start: Start = { ...entrance, context, display, checkpoints };
  const life = new PeerLife(start, stopping);
  try {
    return await life.run();
  } finally {
    life.end();
  }
}

/** runs/2026-11-22T08-15-30-peer, below the current directory: a newcomer does not know yet what it will train. */
function defaultDirectory(now: Date): string {
  return join('runs', `${now.toISOString().slice(0, 19).replaceAll(':', '-')}-peer`);
}

type TrainParts = Pick<SessionInit, 'place' | 'plan' | 'opened' | 'saved'>;

/** A peer from its start to its end: first Ctrl+C ends the round, the second ends the process. */
class PeerLife {
  private readonly start: Start;
  private readonly stopping: AbortController;
  private startedMs = performance.now();
  private session: PeerSession | null = null;
  private monitor: RunMonitor | null = null;
  private readonly members = new Map<number, MemberRecord>();
  private ownAddresses: readonly string[];
  private begun: boolean;
  private written = 0;
  private writing: Promise<void> = Promise.resolve();
  private probes: Probes | null = null;

  constructor(start: Start, stopping: AbortController) {
    this.start = start;
    this.stopping = stopping;
    this.ownAddresses = start.before?.addresses ?? [];
    this.begun = start.before?.begun ?? false;
    process.on('SIGINT', this.interrupt).on('SIGTERM', this.interrupt);
  }

  end(): void {
    process.off('SIGINT', this.interrupt).off('SIGTERM', this.interrupt);
  }

  private readonly interrupt = (): void => {
    if (this.stopping.signal.aborted) process.exit(130);
    this.stopping.abort();
    this.say('Stopping after this round; press Ctrl+C again to leave at once.');
    this.session?.stop();
  };

  async run(): Promise<number> {
    const { health, stallMs } = this.start.choices;
    if (health === null) return await this.live();
    this.probes = await startProbes({ ...health, stallMs });
    const host = health.host.includes(':') ? `[${health.host}]` : health.host;
    this.say(`answers /healthz, /readyz and /metrics on http://${host}:${this.probes.port}`);
    try {
      return await this.live();
    } finally {
      await this.probes.stop();
    }
  }

  private async live(): Promise<number> {
    let end: SessionEnd | null = null;
    let joined: Joined | null = null;
    if (!this.start.choices.create) this.say('asking for a place in the swarm', 'debug');
    for (let tries = 0; end === null || end.displaced; tries++) {
      if (tries >= MAX_PLACES)
        throw new GrapevineError(
          'INDEX_TAKEN',
          `${tries} indices were each taken by another peer: start again, or name one with --index.`,
        );
      try {
        joined = await enterSwarm(this.start, end !== null);
      } catch (error) {
        if (this.stopping.signal.aborted) return 130;
        throw error;
      }
      end = await this.stay(joined);
    }
    return this.stopping.signal.aborted ? 130 : 0;
  }

  /** Also before there is a run to be monitored. */
  private say(message: string, level: EntryLevel = 'info'): void {
    if (this.monitor !== null) this.monitor.say(message, level);
    else this.start.display.log({ level, event: 'message', message, fields: {}, isProgress: false });
  }

  private get elapsedMs(): number {
    return performance.now() - this.startedMs;
  }

  private async stay({ place, run }: Joined): Promise<SessionEnd> {
    const { context, settings } = this.start;
    const { engine, dataDirectory } = settings.launch;
    const machine = { cacheDirectory: context.cacheDirectory, engine, dataDirectory };
    const plan = planRun(run, { tasks: settings.tasks, ...machine });
    const { description, index } = place;
    this.start.display.bind({ swarm: description.swarm, peer: index });
    const say = (sentence: string): void => this.say(sentence);
    const { thread, stop } = startTrainingThread({ config: run, ...machine }, say);
    try {
      const opened = await thread.open(place.index);
      const saved = place.returns ? await this.latestCheckpoint({ place, plan, opened }) : null;
      if (saved !== null && saved.round >= run.rounds) return this.haveFinished(place, saved.round, opened);
      await this.openMonitor({ place, plan, opened, saved });
      return await this.train({ place, plan, opened, saved });
    } finally {
      await stop();
    }
  }

  /** What this peer goes on from; what is newer and broken is removed. */
  private async latestCheckpoint(parts: Omit<TrainParts, 'saved'>): Promise<SavedState | null> {
    const { owner, hashes } = checkpointFactsOf(parts);
    const place = placeOf(this.start.checkpoints);
    const say = (error: GrapevineError): void => this.say(error.message, 'warn');
    const saved = await loadLatestCheckpoint(place, { owner, hashes }, say);
    if (saved !== null) await forgetAfter(place, [owner], saved.round);
    return saved;
  }

  /** Whatever starts it again and again: there is nothing to do. */
  private haveFinished(place: Place, round: number, { model }: SessionInit['opened']): SessionEnd {
    this.say(`peer ${place.index} has finished its ${round} rounds: ${this.start.directory} has its model.`);
    return { round, displaced: false, layout: model.layout, parameters: null };
  }

  /** Events go on behind those of the run directory, which end where the peer goes on. */
  private async openMonitor({ place, plan, opened, saved }: TrainParts): Promise<void> {
    const { directory, context, settings, display } = this.start;
    const { engine, layout } = opened.model;
    const facts = { driver: 'swarm', peer: place.index, engine, parameters: layout.size } as const;
    const head = runEvent(plan, facts, { launch: settings.launch });
    const before = place.returns ? eventsBefore(directory, saved?.round ?? Number.POSITIVE_INFINITY) : null;
    const kept = before === null ? null : withHead(head, before);
    if (kept !== null) replaceRunEvents(directory, kept);
    this.monitor = await createRunMonitor(directory, context.output, { display });
    if (this.probes !== null) this.monitor.watch(this.probes.observe);
    if (kept === null) {
      this.monitor.record(head);
      return;
    }
    this.monitor.recall(kept);
    const latestMs = kept.reduce((latest, event) => Math.max(latest, 'atMs' in event ? event.atMs : 0), 0);
    this.startedMs = performance.now() - latestMs;
    if (saved !== null) this.monitor.say(`Going on from the checkpoint of round ${saved.round}.`);
  }

  private async train(parts: TrainParts): Promise<SessionEnd> {
    const { place, plan } = parts;
    const { identity, directory } = this.start;
    const monitor = this.monitor!;
    const listen = await withPortsOf(this.start.choices.reach.listen, this.ownAddresses);
    const choices = { ...this.start.choices, reach: { ...this.start.choices.reach, listen } };
    this.remember(place, null);
    await this.writing; // an incarnation is put down before anybody hears of it
    let unwatch = (): void => {};
    try {
      const session = await PeerSession.open({
        ...parts,
        choices,
        identity,
        monitor,
        checkpoints: this.start.checkpoints,
        elapsedMs: () => this.elapsedMs,
        onListening: (addresses) => {
          this.remember(place, addresses);
          announceSwarm({ place, plan, addresses, identity, directory, choices, monitor }).catch(
            (error: unknown) => monitor.say(messageOf(error), 'error'),
          );
        },
        onStart: async () => {
          this.begun = true;
          this.remember(place, null);
          await this.writing;
        },
        onMember: (record) => {
          const known = this.members.get(record.index);
          this.members.set(record.index, record);
          const moved = known?.addresses.join() !== record.addresses.join();
          if (moved || (this.session?.incarnation ?? 0) > this.written) this.remember(place, null);
        },
      });
      this.session = session;
      this.probes?.follow(session);
      unwatch = watchRevocations(directory, session.guard, monitor);
      if (this.stopping.signal.aborted) session.stop();
      const end = await session.run();
      return end.displaced ? await this.yieldPlace(end) : await this.finish(plan, place, end);
    } catch (error) {
      monitor.record({ event: 'end', atMs: this.elapsedMs, outcome: 'failed' });
      await monitor.abandon();
      throw error;
    } finally {
      unwatch();
      this.session = null;
      await this.writing;
    }
  }

  private async yieldPlace(end: SessionEnd): Promise<SessionEnd> {
    this.say('another peer has this index: asking for another one.', 'warn');
    await this.monitor?.abandon();
    return end;
  }

  private async finish(plan: RunPlan, place: Place, end: SessionEnd): Promise<SessionEnd> {
    const monitor = this.monitor!;
    const { directory, context } = this.start;
    const outcome = this.stopping.signal.aborted ? 'interrupted' : 'done';
    monitor.record({ event: 'end', atMs: this.elapsedMs, outcome });
    await monitor.finish();
    const { cacheDirectory } = context;
    const { layout, parameters } = end;
    await writePeerResult({ plan, directory, cacheDirectory, layout, peer: place.index, parameters });
    return end;
  }

  /** Writes down what a restart needs. */
  private remember(place: Place, addresses: readonly string[] | null): void {
    if (addresses !== null) this.ownAddresses = addresses;
    const members = [...this.members.values()].flatMap((record) =>
      record.addresses.map((address) =>
        address.includes('/p2p/') ? address : `${address}/p2p/${record.peerId}`,
      ),
    );
    const { description, index, invitation, bootstrap } = place;
    this.written = Math.max(place.incarnation, this.session?.incarnation ?? 0);
    const guests = new Map(place.guests.map((guest) => [guest.peerId, guest]));
    for (const { peerId, invitation } of this.members.values())
      if (invitation !== undefined) guests.set(peerId, { peerId, invitation });
    const file: SwarmFile = {
      description,
      index,
      incarnation: this.written,
      begun: this.begun,
      invitation,
      guests: [...guests.values()],
      revocations: this.session?.guard.admission.revocations ?? place.revocations,
      addresses: this.ownAddresses,
      members: [...new Set([...members, ...bootstrap])].slice(0, MAX_MEMBER_ADDRESSES),
    };
    this.writing = this.writing
      .then(() => writeSwarmFile(this.start.directory, file))
      .catch((error: unknown) => this.say(messageOf(error), 'error'));
  }
}

/** What a run directory tells until `round`; null where it tells nothing that can be read. */
function eventsBefore(directory: string, round: number): MetricsEvent[] | null {
  const path = join(directory, METRICS_FILE);
  if (!existsSync(path)) return null;
  try {
    return eventsUntil(readRunEvents(directory), round);
  } catch (error) {
    if (!isGrapevineError(error, 'METRICS_UNREADABLE')) throw error;
    renameSync(path, `${path}.unreadable`); // a peer that is started again and again must not stumble over it each time
    return null;
  }
}
