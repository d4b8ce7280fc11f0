/** Runs one peer a process, each behind a prefix of words (`ip netns exec HOST`), and gathers what they report. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('../dist/cli/swarm-worker.js', import.meta.url));
const START_TIMEOUT_MS = 120_000;

function startWorker(prefix, debug) {
  const [program, ...words] = [...prefix, process.execPath, WORKER];
  return spawn(program, words, {
    stdio: ['ignore', debug ? 2 : 'ignore', 2, 'ipc'],
    serialization: 'advanced',
  });
}

/**
 * @param run a verified configuration of a run.
 * @param options prefixOf(peer), reachOf(peer, entrance addresses), entranceOf(addresses of the first peer), debug
 * @returns what each peer reported last, when all have finished or failed
 */
export async function runSwarm(run, { prefixOf, reachOf, entranceOf, debug }) {
  const swarm = randomUUID();
  const startedMs = performance.now();
  const peers = Array.from({ length: run.peers }, () => ({
    round: 0,
    accuracy: 0,
    payloadBytes: 0,
    wireBytes: 0,
  }));
  const workers = peers.map((_, peer) => startWorker(prefixOf(peer), debug));
  const [notices, failed, ended] = [[], [], new Set()];
  let silences = 0;
  let settle = () => {};
  const settled = new Promise((resolve) => (settle = resolve));

  const begin = (peer, entrance) =>
    workers[peer].send({
      type: 'begin',
      config: { ...run },
      peers: [peer],
      swarm,
      bootstrap: entrance,
      reach: reachOf(peer, entrance),
      cacheDirectory: join(tmpdir(), 'grapevine-namespaces'),
      checkpointDirectory: null,
      startTimeoutMs: START_TIMEOUT_MS,
    });
  const end = (peer) => {
    ended.add(peer);
    for (const worker of workers) if (worker.connected) worker.send({ type: 'gone', peer });
    if (ended.size === workers.length) settle();
  };
  const onMessage = (message) => {
    if (debug && message.type !== 'alive' && message.type !== 'rounds')
      console.error(JSON.stringify({ ...message, parameters: undefined }));
    if (message.type === 'listening' && message.peer === 0) {
      const entrance = entranceOf(message.addresses);
      for (let peer = 1; peer < run.peers; peer++) begin(peer, entrance);
    }
    if (message.type === 'evaluation') {
      const { peer, round, payloadBytes, wireBytes } = message.event;
      peers[peer] = { round, accuracy: message.evaluation.accuracy, payloadBytes, wireBytes };
    }
    if (message.type === 'edge' && message.event.state === 'inactive') silences++;
    if (message.type === 'notice') notices.push(message);
    if (message.type === 'failed') failed.push(message);
    if (message.type === 'finished' || message.type === 'failed') end(message.peer);
  };
  for (const [peer, worker] of workers.entries()) {
    worker.on('message', onMessage);
    worker.on('exit', (code) => {
      if (ended.has(peer)) return;
      failed.push({ peer, message: `exit code ${code}` });
      end(peer);
    });
  }
  begin(0, []);
  await settled;
  for (const worker of workers) if (worker.connected) worker.disconnect();
  for (const { peer, message } of failed) console.error(`peer ${peer} failed: ${message}`);
  return { peers, notices, failed, silences, seconds: (performance.now() - startedMs) / 1000 };
}
