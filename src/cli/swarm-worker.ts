/**
 * A worker process of a local swarm: runs one or more peers over libp2p and reports to its launcher. Ctrl+C in a
 * terminal reaches the whole process group; here it is the launcher's to answer. When the launcher is gone, so
 * is the worker.
 */
import { join } from 'node:path';
import { systemClock } from '../base/clock.js';
import { isGrapevineError, messageOf } from '../base/errors.js';
import { maxFrameBytesOf, planRun, type RunPlan } from '../config/run-plan.js';
import { verifyRunConfig } from '../config/verify.js';
import type { RoundEvent } from '../metrics/events.js';
import { loadCheckpoint } from '../node/checkpoint-files.js';
import { createLibp2pTransport, type Libp2pTransport } from '../node/libp2p-transport.js';
import { Peer } from '../node/peer.js';
import { ownerOf, restorePeer } from '../node/peer-checkpoint.js';
import { membershipOf } from '../node/presence.js';
import { reachOfPeer } from '../node/reach.js';
import { createRoundReports } from '../node/round-reports.js';
import { ALIVE_MS, type FromWorker, type ToWorker, type WorkerAssignment } from '../node/swarm-messages.js';
import type { TrainingThread } from '../node/training-thread.js';
import { layoutHash } from '../training/parameters.js';
import { writeSafeTensors } from '../training/safetensors.js';
import { openTasks } from '../training/tasks/task-file.js';
import { swarmTagOf } from '../wire/encode.js';
import { FRAME_VERSION } from '../wire/frame.js';
import { hashesOf, peerCheckpoints, placeOf } from './checkpoint-settings.js';
import { startTrainingThread } from './start-training-thread.js';

const running: Peer[] = [];
const transports: Libp2pTransport[] = [];
/** What the launcher said of peers before those of this process were made. */
const gonePeers: number[] = [];
const entrances: string[] = [];
let stopAfterRound: number | null = null;

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

const rounds = createRoundReports<Omit<RoundEvent, 'atMs'>>(systemClock, (events) =>
  send({ type: 'rounds', events }),
);

function report(message: FromWorker): void {
  rounds.flush();
  send(message);
}

/** A peer, and a promise of its checkpoint, to be awaited when the peer has run. */
interface WorkerPeer {
  readonly peer: Peer;
  checkpoint: Promise<void>;
}

type OnListening = (addresses: readonly string[]) => void;

/** What all peers of this process share. */
interface Surroundings {
  readonly plan: RunPlan;
  readonly thread: TrainingThread;
}

async function createWorkerPeer(
  { plan, thread }: Surroundings,
  node: number,
  assignment: WorkerAssignment,
  onListening: OnListening,
): Promise<WorkerPeer> {
  const { model, trainer } = await thread.open(node);
  const delivery = { retransmitMs: null, audit: false };
  const state = plan.createPeer(node, model, delivery, assignment.incarnation);
  const limits = { maxFrameBytes: maxFrameBytesOf(plan, model.layout) };
  const { swarm, reach, bootstrap, checkpointDirectory, startTimeoutMs, checkpoints } = assignment;
  const hashes = hashesOf(plan, model.layout);
  // A process that takes another's place goes on from a neighbor's model: its neighbors are past any checkpoint.
  const resumeAfter = (assignment.incarnation ?? 0) > 0 ? null : (checkpoints?.resumeAfter ?? null);
  const counted =
    checkpoints === undefined || resumeAfter === null
      ? undefined
      : await restorePeer(
          await loadCheckpoint(placeOf(checkpoints), { owner: ownerOf(node), hashes, round: resumeAfter }),
          { state, trainer },
        );
  const swarmTag = swarmTagOf(swarm);
  const transport = await createLibp2pTransport({
    node,
    neighbors: state.edges.map(({ neighbor }) => neighbor),
    hello: {
      protocol: FRAME_VERSION,
      swarm,
      configHash: plan.configHash,
      topologyHash: plan.topologyHash,
      layoutHash: layoutHash(model.layout),
      maxFrameBytes: limits.maxFrameBytes,
    },
    swarmTag,
    limits,
    ...reachOfPeer(reach, node),
    bootstrap: [...bootstrap, ...entrances],
    seed: plan.config.seed,
    privateKey: assignment.identities?.get(node),
    onNoPlace: ({ code, message }) => report({ type: 'notice', peer: node, code, message }),
    onRefused: ({ neighbor, error }) =>
      report({
        type: 'notice',
        peer: node,
        code: error.code,
        message: `link with peer ${neighbor ?? '?'}: ${error.message}`,
      }),
  });
  transports.push(transport);
  const made: WorkerPeer = {
    peer: new Peer({
      state,
      trainer,
      transport,
      clock: systemClock,
      swarmTag,
      limits,
      evaluateEvery: plan.config.evaluateEvery,
      startTimeoutMs,
      membership: membershipOf(plan),
      counted,
      checkpoints:
        checkpoints === undefined
          ? undefined
          : peerCheckpoints(checkpoints, {
              owner: ownerOf(node),
              hashes,
              layout: model.layout,
              beforeSave: () => rounds.flush(), // the launcher hears of a round before there is a checkpoint of it
              onFailure: ({ code, message }) => report({ type: 'notice', peer: node, code, message }),
            }),
      onListening() {
        report({ type: 'listening', peer: node, addresses: transport.addresses() });
        onListening(transport.addresses());
      },
      onUnlinked: (neighbors) => report(unlinkedNotice(node, neighbors, startTimeoutMs)),
      onNotice: (notice) => report({ type: 'notice', peer: node, ...notice }),
      onEdge: (event) => report({ type: 'edge', event }),
      onRound({ event, evaluation, parameters }) {
        const last = event.round === state.lastRound;
        transport.setStatus({ round: event.round, state: last ? 'finished' : 'training' });
        if (evaluation === null) rounds.add(event);
        else
          report({ type: 'evaluation', event: { ...event, engine: model.engine }, evaluation, parameters });
        if (last && checkpointDirectory !== null) {
          const path = join(checkpointDirectory, `peer-${node}.safetensors`);
          made.checkpoint = writeSafeTensors(path, model.layout, parameters).catch((error: unknown) => {
            report({ type: 'notice', peer: node, code: 'CHECKPOINT_FAILED', message: messageOf(error) });
          });
        }
      },
    }),
    checkpoint: Promise.resolve(),
  };
  return made;
}

function unlinkedNotice(node: number, neighbors: readonly number[], waitedMs: number): FromWorker {
  const message = `peer ${node} has no link to ${neighbors.join(', ')} after ${waitedMs} ms and begins without`;
  return { type: 'notice', peer: node, code: 'SWARM_START_TIMEOUT', message };
}

async function runPeer(
  surroundings: Surroundings,
  node: number,
  assignment: WorkerAssignment,
  onListening: OnListening = () => {},
): Promise<void> {
  try {
    const made = await createWorkerPeer(surroundings, node, assignment, onListening);
    running.push(made.peer);
    for (const gone of gonePeers) made.peer.expectNot(gone);
    if (stopAfterRound !== null) made.peer.requestStop(stopAfterRound);
    const round = await made.peer.run();
    await made.checkpoint;
    report({ type: 'finished', peer: node, round });
  } catch (error) {
    const code = isGrapevineError(error) ? error.code : 'BUG';
    const message =
      isGrapevineError(error) || !(error instanceof Error)
        ? messageOf(error)
        : (error.stack ?? error.message);
    report({ type: 'failed', peer: node, code, message });
  }
}

function machineOf({ cacheDirectory, engine = 'auto', dataDirectory }: WorkerAssignment) {
  return { cacheDirectory, engine, dataDirectory };
}

async function begin(assignment: WorkerAssignment): Promise<void> {
  const { config } = assignment;
  const machine = machineOf(assignment);
  const onNotice = (message: string) => report({ type: 'notice', peer: null, code: 'NOTICE', message });
  const { thread, stop } = startTrainingThread({ config, ...machine }, onNotice);
  try {
    const tasks = await openTasks(String(config.task));
    const plan = planRun(verifyRunConfig(config, 'launcher', tasks), { tasks, ...machine });
    await runPeers({ plan, thread }, assignment);
  } finally {
    await stop();
  }
}

async function runPeers(surroundings: Surroundings, assignment: WorkerAssignment): Promise<void> {
  // The other peers of a process join through its first: so no one peer of a large swarm has all others call it.
  const runs: Promise<void>[] = [];
  let { bootstrap } = assignment;
  let isFirst = true;
  for (const node of assignment.peers) {
    if (!isFirst) {
      runs.push(runPeer(surroundings, node, { ...assignment, bootstrap }));
      continue;
    }
    const addresses = await new Promise<readonly string[] | null>((resolve) => {
      const run = runPeer(surroundings, node, { ...assignment, bootstrap }, resolve);
      runs.push(run.then(() => resolve(null))); // it has failed before it listened
    });
    if (addresses === null) continue;
    bootstrap = addresses;
    isFirst = false;
  }
  await Promise.all(runs);
}

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToWorker) => {
  if (message.type === 'stop') {
    stopAfterRound = message.afterRound;
    for (const peer of running) peer.requestStop(message.afterRound);
    return;
  }
  if (message.type === 'join') {
    entrances.push(...message.bootstrap);
    for (const transport of transports) transport.join(message.bootstrap);
    return;
  }
  if (message.type === 'gone') {
    gonePeers.push(message.peer);
    for (const peer of running) peer.expectNot(message.peer);
    return;
  }
  begin(message).catch((error: unknown) => {
    for (const peer of message.peers) {
      const code = isGrapevineError(error) ? error.code : 'BUG';
      report({ type: 'failed', peer, code, message: messageOf(error) });
    }
  });
});
report({ type: 'alive' });
setInterval(() => report({ type: 'alive' }), ALIVE_MS).unref();
