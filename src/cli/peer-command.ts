/**
 * `grapevine peer`: one peer of a swarm, on any device. The first creates the swarm and prints an invitation; the others
 * join by it, by an address, or, once they have been members, by the run directory alone.
 */

import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { systemClock } from '../base/clock.js';
import { GrapevineError, messageOf } from '../base/errors.js';
import { verifyForeignConfig } from '../config/foreign-config.js';
import { planRun, type RunPlan } from '../config/run-plan.js';
import type { RunConfig } from '../config/schema.js';
import { openInvitation } from '../node/invitation.js';
import { type Identity, openIdentity, verifySignature } from '../node/libp2p-identity.js';
import { askToJoin } from '../node/libp2p-join.js';
import type { MemberRecord } from '../node/membership.js';
import { foundSwarm, openDescription } from '../node/swarm-identity.js';
import type { CommandContext } from './command-context.js';
import { createDisplay, type Display } from './display.js';
import { announceSwarm, watchRevocations } from './founder.js';
import type { EntryLevel } from './log-entry.js';
import { type Probes, startProbes } from './peer-probes.js';
import { PeerSession, type Place, type SessionEnd, type SessionInit } from './peer-session.js';
import type { PeerChoices } from './peer-settings.js';
import { runEvent } from './run-facts.js';
import { createRunMonitor, type RunMonitor } from './run-monitor.js';
import { writePeerResult } from './run-result.js';
import type { Settings } from './settings.js';
import { startTrainingThread } from './start-training-thread.js';
import { hasSwarmFile, identityPath, readSwarmFile, type SwarmFile, writeSwarmFile } from './swarm-file.js';

/** How long a newcomer tries while no member can be reached. Milliseconds. */
const JOIN_PATIENCE_MS = 60_000;
/** Newcomers that asked different members may have been given one index: who has to yield asks again. */
const MAX_PLACES = 5;
/** Addresses of members that are remembered for a restart. */
const MAX_MEMBER_ADDRESSES = 64;

/** What a peer has before it knows its swarm. */
interface Start {
  readonly choices: PeerChoices;
  readonly settings: Settings;
  readonly context: CommandContext;
  readonly directory: string;
  readonly identity: Identity;
  readonly before: SwarmFile | null;
  readonly signal: AbortSignal;
  readonly display: Display;
}

/** The exit code. @throws GrapevineError */
export async function runPeer(
  choices: PeerChoices,
  settings: Settings,
  context: CommandContext,
): Promise<number> {
  const directory = resolve(settings.launch.out ?? defaultDirectory(new Date()));
  await makeDirectory(directory);
  const before = hasSwarmFile(directory) ? await readSwarmFile(directory) : null;
  const identity = await openIdentity(choices.identity ?? identityPath(directory));
  const stopping = new AbortController();
  const display = await createDisplay(context.output, settings.launch);
  display.bind({ peerId: identity.peerId });
  const start: Start = {
    choices,
    settings,
    context,
    directory,
    identity,
    before,
    signal: stopping.signal,
    display,
  };
  const life = new PeerLife(start, stopping);
  try {
    return await life.run();
  } finally {
    life.end();
  }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw new GrapevineError('BAD_USAGE', `run directory ${directory} cannot be made (${messageOf(cause)}).`);
  }
}

/** runs/2026-11-22T08-15-30-peer, below the current directory: a newcomer does not know yet what it will train. */
function defaultDirectory(now: Date): string {
  return join('runs', `${now.toISOString().slice(0, 19).replaceAll(':', '-')}-peer`);
}

/** What all peers of a swarm have verified, and where this one stands in it. */
interface Joined {
  readonly place: Place;
  readonly run: RunConfig;
}

async function enter(start: Start): Promise<Joined> {
  const { choices, before } = start;
  if (!choices.create) return await joinSwarm(start);
  if (before === null) return createSwarm(start);
  throw new GrapevineError(
    'BAD_USAGE',
    `${start.directory} belongs to a peer of swarm ${before.description.swarm}: leave --create out to go back to it, or choose another --out.`,
  );
}

function createSwarm({ choices, settings, identity }: Start): Joined {
  const { run } = settings;
  const index = choices.index ?? 0;
  if (index >= run.peers)
    throw new GrapevineError('BAD_USAGE', `--index ${index}: the swarm has ${run.peers} peers, from 0.`);
  const description = foundSwarm({
    identity,
    config: { ...run },
    admission: choices.open ? 'open' : 'invited',
    salt: randomUUID(),
  });
  const place = {
    description,
    index,
    incarnation: 0,
    bootstrap: [],
    invitation: undefined,
    revocations: null,
  };
  return { place, run };
}

/** Through whom, with what, to which swarm. */
function wayIn({ choices, before }: Start): {
  readonly addresses: readonly string[];
  readonly invitation: string | undefined;
  readonly swarm: string | undefined;
} {
  const invitation = choices.invitation ?? before?.invitation;
  const opened = invitation === undefined ? null : openInvitation(invitation, verifySignature);
  const known = [...(opened?.addresses ?? []), ...(before?.members ?? [])];
  const addresses = [...new Set([...choices.join, ...known])];
  const swarm = opened?.swarm ?? (choices.join.length > 0 ? undefined : before?.description.swarm);
  if (addresses.length > 0) return { addresses, invitation, swarm };
  throw new GrapevineError(
    'BAD_USAGE',
    'which swarm? Wanted --invite FILE, --join MULTIADDR or --bootstrap-list FILE, or --create for a new one.',
  );
}

async function joinSwarm(start: Start): Promise<Joined> {
  const { choices, settings, identity, before, signal } = start;
  const { addresses, invitation, swarm } = wayIn(start);
  const answer = await askToJoin({
    addresses,
    request: { swarm, invitation, index: choices.index ?? before?.index },
    privateKey: identity.privateKey,
    psk: choices.psk,
    patienceMs: JOIN_PATIENCE_MS,
    clock: systemClock,
    signal,
  });
  const description = openDescription(answer.document, swarm ?? answer.swarm, verifySignature);
  const run = verifyForeignConfig(description.config, { task: choices.task, tasks: settings.tasks });
  const sameSwarm = before?.description.swarm === description.swarm;
  const incarnation = sameSwarm ? before.incarnation + 1 : answer.begun ? 1 : 0;
  const bootstrap = [answer.member, ...addresses.filter((address) => address !== answer.member)];
  const { index, revocations } = answer;
  return { place: { description, index, incarnation, bootstrap, invitation, revocations }, run };
}

type TrainParts = Pick<SessionInit, 'place' | 'plan' | 'opened'>;

/** A peer from its start to its end: first Ctrl+C ends the round, the second ends the process. */
class PeerLife {
  private readonly start: Start;
  private readonly stopping: AbortController;
  private readonly startedMs = performance.now();
  private session: PeerSession | null = null;
  private monitor: RunMonitor | null = null;
  private readonly members = new Map<number, MemberRecord>();
  private ownAddresses: readonly string[] = [];
  private writing: Promise<void> = Promise.resolve();
  private probes: Probes | null = null;

  constructor(start: Start, stopping: AbortController) {
    this.start = start;
    this.stopping = stopping;
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
        joined = await enter(this.start);
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
      const { model } = opened;
      const { directory, display } = this.start;
      this.monitor = await createRunMonitor(directory, context.output, { display });
      if (this.probes !== null) this.monitor.watch(this.probes.observe);
      const facts = {
        driver: 'swarm',
        peer: place.index,
        engine: model.engine,
        parameters: model.layout.size,
      } as const;
      this.monitor.record(runEvent(plan, facts, { launch: settings.launch }));
      return await this.train({ place, plan, opened });
    } finally {
      await stop();
    }
  }

  private async train(parts: TrainParts): Promise<SessionEnd> {
    const { place, plan } = parts;
    const { choices, identity, directory } = this.start;
    const monitor = this.monitor!;
    let unwatch = (): void => {};
    try {
      const session = await PeerSession.open({
        ...parts,
        choices,
        identity,
        monitor,
        elapsedMs: () => this.elapsedMs,
        onListening: (addresses) => {
          this.remember(place, addresses);
          announceSwarm({ place, plan, addresses, identity, directory, choices, monitor }).catch(
            (error: unknown) => monitor.say(messageOf(error), 'error'),
          );
        },
        onMember: (record) => {
          const isNew = !this.members.has(record.index);
          this.members.set(record.index, record);
          if (isNew) this.remember(place, null);
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
    const { description, index, incarnation, invitation, bootstrap } = place;
    const file: SwarmFile = {
      description,
      index,
      incarnation,
      invitation,
      addresses: this.ownAddresses,
      members: [...new Set([...members, ...bootstrap])].slice(0, MAX_MEMBER_ADDRESSES),
    };
    this.writing = this.writing
      .then(() => writeSwarmFile(this.start.directory, file))
      .catch((error: unknown) => this.say(messageOf(error), 'error'));
  }
}
