/** Two newcomers that were given one index by different members: one keeps it, the other asks for another place. */
import { afterEach, expect, it } from 'vitest';
import { enterSwarm, type Place } from '../../src/cli/peer-place.js';
import { PeerSession } from '../../src/cli/peer-session.js';
import { readPeerChoices } from '../../src/cli/peer-settings.js';
import type { RunMonitor } from '../../src/cli/run-monitor.js';
import { readSettings } from '../../src/cli/settings.js';
import { planRun } from '../../src/config/run-plan.js';
import { createIdentity, type Identity } from '../../src/node/libp2p-identity.js';
import { foundSwarm } from '../../src/node/swarm-identity.js';

const settings = await readSettings(
  { peers: '3', topology: 'ring', task: 'quadratic:dimension=8', rounds: '5' },
  {},
);
const choices = await readPeerChoices({ create: true, open: true, listen: ['/ip4/127.0.0.1/tcp/0'] });
const identities = await Promise.all([1, 2, 3].map(createIdentity));
const [founder, lesser, greater] = [
  identities[0]!,
  ...identities.slice(1).sort((a, b) => (a.peerId < b.peerId ? -1 : 1)),
] as [Identity, Identity, Identity];
const description = foundSwarm({
  identity: founder,
  config: { ...settings.run },
  admission: 'open',
  salt: 'any chance',
});
const plan = planRun(settings.run, { tasks: settings.tasks, cacheDirectory: 'unused' });
const silent: RunMonitor = {
  directory: '',
  record() {},
  tell() {},
  watch() {},
  recall() {},
  lines: () => 0,
  flush: async () => {},
  say() {},
  finish: () => Promise.reject(new Error('nobody asks for a summary')),
  abandon: async () => {},
};

const sessions: PeerSession[] = [];
afterEach(() => {
  for (const session of sessions) session.stop();
});

/** A peer that listens, and what becomes of it. */
async function startSession(identity: Identity, index: number, bootstrap: readonly string[]) {
  const model = await plan.createModel(index);
  const trainer = plan.createTrainer(index, model);
  const place: Place = {
    description,
    index,
    incarnation: 0,
    bootstrap,
    invitation: undefined,
    revocations: null,
    returns: false,
    guests: [],
  };
  let listening: (addresses: readonly string[]) => void = () => {};
  const addresses = new Promise<readonly string[]>((resolve) => {
    listening = resolve;
  });
  const session = await PeerSession.open({
    place,
    plan,
    opened: { model, trainer },
    choices,
    identity,
    monitor: silent,
    checkpoints: { every: null, keep: 1, onFailure: 'continue', directory: '' },
    saved: null,
    elapsedMs: () => 0,
    onListening: (found) => listening(found),
    onStart: async () => {},
    onMember() {},
  });
  sessions.push(session);
  const ended = session.run();
  return { ended, addresses: await addresses };
}

it('the lesser PeerId keeps an index that two newcomers have, the other gets another one', async () => {
  const first = await startSession(founder, 0, []);
  // Whoever is heard of first: the greater has the place already when the lesser comes.
  const loser = await startSession(greater, 1, first.addresses);
  const winner = await startSession(lesser, 1, first.addresses);
  expect(await loser.ended).toMatchObject({ displaced: true });
  const { place } = await enterSwarm(
    {
      choices: { ...choices, create: false, join: first.addresses, index: 1 },
      settings,
      directory: '',
      identity: greater,
      before: null,
      signal: new AbortController().signal,
    },
    true,
  );
  expect(place).toMatchObject({ index: 2, incarnation: 0 });
  for (const session of sessions) session.stop();
  expect(await Promise.all([first.ended, winner.ended])).toMatchObject([
    { displaced: false },
    { displaced: false },
  ]);
});
