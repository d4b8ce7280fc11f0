import { describe, expect, it } from 'vitest';
import { copySnapshot, restoreSnapshot, takeSnapshot } from '../../../src/base/snapshot.js';
import { comeBack, mayStart, RECENT_ROUNDS } from '../../../src/consensus/coming-back.js';
import type { Effect } from '../../../src/consensus/events.js';
import {
  adoptSavedPart,
  beginAfter,
  type PeerSnapshot,
  savedPartOf,
} from '../../../src/consensus/peer-snapshot.js';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import {
  createHandDrivenPeer,
  edgeOf,
  feed,
  finishTraining,
  type HandDrivenInit,
  only,
  receive,
  started,
} from '../../reference/hand-driven-peer.js';

type Pair = readonly [PeerState, PeerState];

const both = (algorithm = 'edge-choco'): readonly [HandDrivenInit, HandDrivenInit] => [
  { node: 0, neighbors: [1], parameters: [1, 2], algorithm },
  { node: 1, neighbors: [0], parameters: [5, -3], algorithm },
];

/** Delivers what goes between the two, and its answers, until nothing is left; all effects, in order. */
function converse(peers: Pair, effects: readonly Effect[]): Effect[] {
  const all: Effect[] = [];
  const queue = [...effects];
  for (let effect = queue.shift(); effect !== undefined; effect = queue.shift()) {
    all.push(effect);
    if (!('to' in effect)) continue;
    const receiver = peers[effect.to as 0 | 1];
    const from = 1 - effect.to;
    if (effect.type === 'sendSync')
      queue.push(...feed(receiver, { type: 'syncReceived', from, sync: effect.sync }));
    if (effect.type === 'sendModel')
      queue.push(...feed(receiver, { type: 'modelReceived', from, model: effect.model }));
    if (effect.type === 'sendDelta') queue.push(...receive(receiver, from, effect.delta));
    if (all.length > 200) throw new Error('they never fall silent');
  }
  return all;
}

/** Both ends hear of the link. */
function link(peers: Pair): Effect[] {
  return converse(peers, [
    ...feed(peers[0], { type: 'neighborUp', neighbor: 1 }),
    ...feed(peers[1], { type: 'neighborUp', neighbor: 0 }),
  ]);
}

/** Both have trained `rounds` rounds together. */
function trained(rounds: number, algorithm?: string): Pair {
  const peers = both(algorithm).map(started) as [PeerState, PeerState];
  runRounds(peers, rounds);
  return peers;
}

function runRounds(peers: Pair, rounds: number): Effect[] {
  const all: Effect[] = [];
  for (let k = 0; k < rounds; k++)
    all.push(
      ...converse(
        peers,
        peers.flatMap((peer) => finishTraining(peer, 0, 0.25)),
      ),
    );
  return all;
}

/** What a process of `peer`'s index is after its start from a checkpoint that is made now, at the end of a round. */
function restored(peer: PeerState, nextLife = 1): PeerState {
  const { context, edges } = peer;
  const fresh = createHandDrivenPeer({
    node: context.node,
    neighbors: edges.map(({ neighbor }) => neighbor),
    parameters: [...peer.parameters],
    algorithm: peer.algorithm.spec,
  });
  const { structure, arrays } = copySnapshot(takeSnapshot(savedPartOf(peer), 'state'));
  const stored = new Map(arrays.map(({ name, values }) => [name, values]));
  const saved = restoreSnapshot(structure, (name) => stored.get(name), savedPartOf(fresh));
  adoptSavedPart(fresh, saved as PeerSnapshot);
  beginAfter(fresh, peer.round - 1); // the round after the one that was finished is under way
  comeBack(fresh, nextLife);
  return fresh;
}

const settled = (peer: PeerState): boolean => mayStart(peer, () => true);

describe('two peers that were both stopped after one round', () => {
  const kinds = ['edge-choco', 'choco', 'power-gossip', 'exact', 'gradient-tracking', 'd2', 'lead', 'dcd'];
  it.each(kinds)('go on by sequence number, to the bit of those that were not: %s', (algorithm) => {
    const whole = trained(3, algorithm);
    const again: Pair = [restored(whole[0]), restored(whole[1])];
    runRounds(whole, 2);
    link(again);
    expect(again.map(settled)).toEqual([true, true]);
    for (const peer of again) feed(peer, { type: 'start' });
    const effects = runRounds(again, 2);
    expect(again.map(({ parameters }) => parameters)).toEqual(whole.map(({ parameters }) => parameters));
    expect(again.map(({ incarnation }) => incarnation)).toEqual([0, 0]);
    expect(only(effects, 'exchangeApplied').map(({ sequence }) => sequence)).toEqual([4, 4, 5, 5]);
  });

  it('wait for each other before they begin, and for nobody who is not expected', () => {
    const [first] = trained(3);
    const back = restored(first);
    expect(settled(back)).toBe(false);
    feed(back, { type: 'neighborUp', neighbor: 1 });
    expect(settled(back)).toBe(false);
    expect(mayStart(back, () => false)).toBe(true);
  });

  it('go on over a link that breaks after one of them has begun', () => {
    const whole = trained(3);
    const again: Pair = [restored(whole[0]), restored(whole[1])];
    link(again);
    const early = [...feed(again[0], { type: 'start' }), ...finishTraining(again[0], 0, 0.25)];
    for (const peer of again)
      feed(peer, { type: 'neighborDown', neighbor: 1 - peer.context.node, reason: 'x' });
    converse(again, early);
    link(again);
    feed(again[1], { type: 'start' });
    const applied = only(runRounds(again, 2), 'exchangeApplied');
    expect(applied.slice(0, 2).map(({ sequence }) => sequence)).toEqual([4, 4]);
    expect(applied[0]!.audit!.replicaHash).toBe(applied[1]!.audit!.replicaHash);
    expect(again.map(({ incarnation }) => incarnation)).toEqual([0, 0]);
  });
});

describe('a peer that comes back to one that has lived on', () => {
  it('goes on by sequence number where it had said goodbye, and takes up the round', () => {
    const [old, gone] = trained(3);
    const back = restored(gone);
    feed(old, { type: 'neighborLeft', neighbor: 1 });
    feed(old, { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' });
    for (let k = 0; k < 5; k++) finishTraining(old, 0, 0.25);
    const effects = link([old, back]);
    expect(only(effects, 'edgeChanged')).toMatchObject([{ status: 'inactive', reason: 'resumed' }]);
    expect(settled(back)).toBe(true);
    expect(only(feed(back, { type: 'start' }), 'train')).toMatchObject([{ round: old.round }]);
    const applied = only(runRounds([old, back], 2), 'exchangeApplied');
    expect(applied.slice(0, 2).map(({ sequence }) => sequence)).toEqual([4, 4]);
    expect(applied[0]!.audit!.replicaHash).toBe(applied[1]!.audit!.replicaHash);
    expect(back.incarnation).toBe(0);
  });

  it('begins a new epoch with the model of its checkpoint where exchanges were lost with it', () => {
    const peers = trained(3);
    const back = restored(peers[1], 4);
    const model = back.parameters.slice();
    runRounds(peers, 2);
    feed(peers[0], { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' });
    const effects = link([peers[0], back]);
    expect(back).toMatchObject({ incarnation: 4, hasModel: true });
    expect(back.parameters).toEqual(model);
    expect(edgeOf(peers[0], 1)).toMatchObject({ theirIncarnation: 4, applied: 0, synced: true });
    expect(only(effects, 'notice').map(({ code }) => code)).toContain('PEER_RESTARTED');
    feed(back, { type: 'start' });
    const applied = only(runRounds([peers[0], back], 2), 'exchangeApplied');
    expect(applied[0]).toMatchObject({ sequence: 1 });
    expect(applied[0]!.audit!.replicaHash).toBe(applied[1]!.audit!.replicaHash);
    expect(applied[0]!.audit!.correctionSum + applied[1]!.audit!.correctionSum).toBe(0);
  });

  it('takes the model of its neighbor where it has missed more than the recent rounds', () => {
    const [old, gone] = trained(3);
    const back = restored(gone, 2);
    feed(old, { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' });
    for (let k = 0; k <= RECENT_ROUNDS + 1; k++) finishTraining(old, 0, 0.25);
    link([old, back]);
    expect(back).toMatchObject({ incarnation: 2, hasModel: true });
    expect(only(feed(back, { type: 'start' }), 'train')).toMatchObject([{ round: old.round }]);
    expect(back.parameters).toEqual(old.parameters);
  });

  it('does not take for its own what a lost future of it has said', () => {
    const peers = trained(3);
    const back = restored(peers[1]);
    const future = only(finishTraining(peers[1], 0, 9), 'sendDelta'); // it trains to something else, and dies
    for (const { delta } of future) receive(peers[0], 1, delta);
    expect(edgeOf(peers[0], 1).theirs).not.toBeNull();
    feed(peers[0], { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' });
    link([peers[0], back]);
    expect(edgeOf(peers[0], 1).theirs).toBeNull();
    feed(back, { type: 'start' });
    const applied = only(runRounds([peers[0], back], 2), 'exchangeApplied');
    expect(applied[0]!.audit!.replicaHash).toBe(applied[1]!.audit!.replicaHash);
  });

  it('that knows of a life after its checkpoint takes one that is later still', () => {
    const [old, gone] = trained(3);
    const back = restored(gone, 1);
    edgeOf(old, 1).theirIncarnation = 3;
    feed(old, { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' });
    link([old, back]);
    expect(back).toMatchObject({ incarnation: 4, hasModel: true });
    expect(edgeOf(old, 1)).toMatchObject({ theirIncarnation: 4, synced: true });
  });
});

describe('two peers whose checkpoints are of different rounds', () => {
  it('begin a new epoch, each with its own model, from the later round', () => {
    const peers = trained(3);
    const early = restored(peers[0]);
    runRounds(peers, 4);
    const late = restored(peers[1]);
    const models = [early, late].map(({ parameters }) => parameters.slice());
    link([early, late]);
    expect([early.incarnation + late.incarnation, settled(early), settled(late)]).toEqual([1, true, true]);
    expect([early, late].map(({ parameters }) => parameters)).toEqual(models);
    const begun = [early, late].flatMap((peer) => only(feed(peer, { type: 'start' }), 'train'));
    expect(begun.map(({ round }) => round)).toEqual([8, 8]);
    const applied = only(runRounds([early, late], 2), 'exchangeApplied');
    expect(applied[0]).toMatchObject({ sequence: 1 });
    expect(applied[0]!.audit!.replicaHash).toBe(applied[1]!.audit!.replicaHash);
  });

  it('close the edge where the algorithm keeps sums over all peers', () => {
    const peers = trained(3, 'gradient-tracking');
    const early = restored(peers[0]);
    runRounds(peers, 2);
    const late = restored(peers[1]);
    expect(only(link([early, late]), 'refuse')).toMatchObject([{ code: 'MEMBERSHIP_FIXED' }]);
  });
});

describe('a newcomer among peers that wait', () => {
  it('gets a checkpoint of theirs, and the round that they will begin', () => {
    const [first] = trained(3);
    const back = restored(first);
    const fresh = createHandDrivenPeer({ node: 1, neighbors: [0], parameters: [9, 9], incarnation: 1 });
    link([back, fresh]);
    expect(fresh.parameters).toEqual(back.parameters);
    expect(only(feed(fresh, { type: 'start' }), 'train')).toMatchObject([{ round: 4 }]);
  });
});

describe('an end that is one exchange behind', () => {
  it('goes on where it still has what it had sent', () => {
    const peers = trained(3);
    // Peer 1 hears of exchange 4, applies it and is saved; its answer never arrives, and peer 0 gives it up.
    const mine = finishTraining(peers[0], 0, 0.25);
    for (const { delta } of only(mine, 'sendDelta')) receive(peers[1], 0, delta);
    finishTraining(peers[1], 0, 0.25);
    feed(peers[0], { type: 'neighborDown', neighbor: 1, reason: 'silent' });
    const again: Pair = [restored(peers[0]), restored(peers[1])];
    expect([edgeOf(again[0], 1).applied, edgeOf(again[1], 0).applied]).toEqual([3, 4]);
    link(again);
    expect(again.map(({ incarnation }) => incarnation)).toEqual([0, 0]);
    for (const peer of again) feed(peer, { type: 'start' });
    const applied = only(runRounds(again, 2), 'exchangeApplied').map(({ sequence }) => sequence);
    expect(applied).toContain(4);
    expect(edgeOf(again[0], 1).applied).toBe(edgeOf(again[1], 0).applied);
  });
});
