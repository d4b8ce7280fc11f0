import { describe, expect, it } from 'vitest';
import { step } from '../../../src/consensus/step.js';
import {
  createHandDrivenPeer,
  edgeOf,
  feed,
  finishTraining,
  type HandDrivenInit,
  handDelta,
  only,
  receive,
  sentTo,
  started,
} from '../../reference/hand-driven-peer.js';

const options = { silenceMs: 1000, roundDeadlineMs: 5000, pace: 'asynchronous', rounds: 3 } as const;
const peerZero: HandDrivenInit = { node: 0, neighbors: [1, 2], parameters: [4, 8], options };
const pair: HandDrivenInit = { ...peerZero, neighbors: [1] };

/** A difference of exact gossip: the neighbor's parameters as they are. */
const dense = (sequence: number, values: readonly number[], round = sequence) => {
  const delta = handDelta(sequence, values, { round });
  return { ...delta, parts: [{ ...delta.parts[0]!, kind: 'replace' as const }] };
};
const exactPair: HandDrivenInit = { ...pair, algorithm: 'exact' };

describe('a peer that waits for no training', () => {
  it('begins an exchange on every edge after a round, and trains again once they are answered', () => {
    const peer = started(peerZero);
    expect(only(finishTraining(peer), 'sendDelta').map(({ to, delta }) => [to, delta.sequence])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(only(receive(peer, 1, handDelta(1, [0, 0], { round: 0 })), 'train')).toEqual([]);
    const done = receive(peer, 2, handDelta(1, [0, 0], { round: 70 }));
    expect(only(done, 'roundFinished')).toMatchObject([{ round: 1, appliedEdges: 2 }]);
    expect(only(done, 'train').map(({ round }) => round)).toEqual([2]);
  });

  it('answers at once, also while it trains, with what x is then, and applies at once', () => {
    const peer = started(exactPair);
    const effects = receive(peer, 1, dense(1, [8, 4]));
    const [answer] = sentTo(effects, 1);
    expect(answer).toMatchObject({ sequence: 1, round: 1 });
    const { bytes } = answer!.parts[0]!;
    expect(new DataView(bytes.buffer, bytes.byteOffset).getFloat32(8, true)).toBe(4);
    expect(only(effects, 'exchangeApplied').map(({ sequence }) => sequence)).toEqual([1]);
    // 0.25 ((8, 4) - (4, 8)) = (1, -1)
    expect(Array.from(peer.parameters)).toEqual([5, 7]);
  });

  it('moves what training returns by what exchanges did meanwhile, and never the copy that training has', () => {
    const peer = started(exactPair);
    receive(peer, 1, dense(1, [8, 4]));
    expect(Array.from(peer.spare)).toEqual([4, 8]);
    step(peer, { type: 'updateReady', round: 1, parameters: Float32Array.of(40, 80) }, 0);
    expect(Array.from(peer.parameters)).toEqual([41, 79]);
  });

  it('counts an exchange that it has answered as its own of this round, and saves up no more than one', () => {
    const peer = started(exactPair);
    for (const sequence of [1, 2, 3])
      expect(sentTo(receive(peer, 1, dense(sequence, [4, 8])), 1)).toHaveLength(1);
    expect(sentTo(finishTraining(peer), 1)).toEqual([]);
    expect(sentTo(finishTraining(peer), 1).map(({ sequence }) => sequence)).toEqual([4]);
  });

  it('keeps what came before it began, and answers it once it has trained', () => {
    const peer = createHandDrivenPeer(exactPair);
    feed(peer, { type: 'neighborUp', neighbor: 1 });
    expect(sentTo(receive(peer, 1, dense(1, [8, 4])), 1)).toEqual([]);
    feed(peer, { type: 'start' });
    expect(only(finishTraining(peer), 'exchangeApplied')).toHaveLength(1);
  });

  it('makes all exchanges of a round one after another where the algorithm has several', () => {
    const peer = started({ ...pair, algorithm: 'power-gossip:iterations=2' });
    const [first] = sentTo(finishTraining(peer), 1);
    const [second] = sentTo(receive(peer, 1, { ...first!, acknowledged: 1 }), 1);
    expect(second).toMatchObject({ sequence: 2 });
    const done = receive(peer, 1, { ...second!, acknowledged: 2 });
    expect(sentTo(done, 1)).toEqual([]);
    expect(only(done, 'train')).toHaveLength(1);
  });

  it('goes on without a neighbor whose link is gone', () => {
    const peer = started(pair);
    finishTraining(peer);
    const down = feed(peer, { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' });
    expect(only(down, 'train').map(({ round }) => round)).toEqual([2]);
  });

  it('sends again what was lost, and not what has just been sent', () => {
    const peer = started({ ...pair, options: { ...options, retransmitMs: 100 } });
    finishTraining(peer, 90);
    const early = feed(peer, { type: 'timerFired', timer: 'retransmit' }, 100);
    expect(sentTo(early, 1)).toEqual([]);
    expect(only(early, 'setTimer')).toMatchObject([{ timer: 'retransmit', atMs: 200 }]);
    expect(sentTo(feed(peer, { type: 'timerFired', timer: 'retransmit' }, 200), 1)).toHaveLength(1);
  });
});

describe('the end of an asynchronous run', () => {
  /** Trains all three rounds; neighbors that are still in round 1 answer what was begun. */
  function trained(init: HandDrivenInit) {
    const peer = started(init);
    for (let round = 1; round <= 3; round++) {
      finishTraining(peer);
      for (const edge of peer.edges)
        if (edge.own !== null)
          receive(peer, edge.neighbor, handDelta(edge.applied + 1, [0, 0], { round: 1 }));
    }
    return peer;
  }

  it('waits, still answering, until every neighbor has trained its rounds', () => {
    const peer = trained(peerZero);
    expect(peer.phase).toBe('exchanging');
    const { applied } = edgeOf(peer, 1);
    const answer = receive(peer, 1, handDelta(applied + 1, [0, 0], { round: 2 }));
    expect(sentTo(answer, 1)).toHaveLength(1);
    receive(peer, 1, handDelta(applied + 2, [0, 0], { round: 3 }));
    expect(peer.phase).toBe('exchanging');
    const last = receive(peer, 2, handDelta(edgeOf(peer, 2).applied + 1, [0, 0], { round: 3 }));
    expect(only(last, 'roundFinished')).toMatchObject([{ round: 3, appliedEdges: 2 }]);
    expect(only(last, 'finished')).toEqual([{ type: 'finished', round: 3 }]);
  });

  it('waits a level for each edge to the farthest peer: what neighbors say of theirs carries through the graph', () => {
    const peer = started({ ...pair, diameter: 3 });
    for (let round = 1; round <= 3; round++) {
      finishTraining(peer);
      receive(peer, 1, handDelta(round, [0, 0], { round: 3 }));
    }
    const said: number[] = [peer.round + peer.level];
    for (const round of [4, 5]) {
      expect(peer.phase).toBe('exchanging');
      receive(peer, 1, handDelta(edgeOf(peer, 1).applied + 1, [0, 0], { round }));
      said.push(peer.round + peer.level);
    }
    expect(said).toEqual([4, 5, 6]);
    expect(peer.phase).toBe('finished');
  });

  it('is not reached while a difference of its own is unanswered', () => {
    const peer = started(pair);
    finishTraining(peer);
    expect(only(feed(peer, { type: 'stopRequested', afterRound: 0 }), 'finished')).toEqual([]);
    expect(only(receive(peer, 1, handDelta(1, [0, 0])), 'finished')).toEqual([
      { type: 'finished', round: 1 },
    ]);
  });

  it('comes at once for a peer that is asked to stop while it waits for others to train', () => {
    const peer = trained(pair);
    expect(only(feed(peer, { type: 'stopRequested', afterRound: 100 }), 'finished')).toHaveLength(1);
  });

  it('does not wait for a neighbor that is silent, left, or lives without sending a difference for too long', () => {
    const silent = trained(pair);
    const effects = [];
    for (let nowMs = 250; nowMs <= 1250; nowMs += 250)
      effects.push(...feed(silent, { type: 'timerFired', timer: 'tick' }, nowMs));
    expect(only(effects, 'finished')).toHaveLength(1);

    const left = trained(pair);
    expect(only(feed(left, { type: 'neighborLeft', neighbor: 1 }), 'finished')).toHaveLength(1);

    const mute = trained(pair);
    for (let nowMs = 250; nowMs < 5000; nowMs += 250) {
      feed(mute, { type: 'heartbeatReceived', from: 1 }, nowMs);
      expect(only(feed(mute, { type: 'timerFired', timer: 'tick' }, nowMs), 'finished')).toEqual([]);
    }
    feed(mute, { type: 'heartbeatReceived', from: 1 }, 5000);
    const last = feed(mute, { type: 'timerFired', timer: 'tick' }, 5000);
    expect(only(last, 'edgeChanged')).toMatchObject([{ reason: 'deadline' }]);
    expect(only(last, 'finished')).toHaveLength(1);
  });

  /** The neighbor says that it has trained, and answers with it what this peer says of its next level. */
  function bothTrained(diameter: number) {
    const peer = trained({ ...pair, diameter });
    const say = (round: number, nowMs = 0) =>
      receive(peer, 1, handDelta(edgeOf(peer, 1).applied + 1, [0, 0], { round }), nowMs);
    const tickAt = (nowMs: number) => {
      feed(peer, { type: 'heartbeatReceived', from: 1 }, nowMs);
      return only(feed(peer, { type: 'timerFired', timer: 'tick' }, nowMs), 'edgeChanged');
    };
    say(3);
    say(3);
    return { peer, say, tickAt };
  }

  it('waits for a neighbor that has trained for as long as it is heard: it waits as well, for somebody further on', () => {
    const { peer, tickAt } = bothTrained(3);
    for (let nowMs = 250; nowMs <= 20_000; nowMs += 250) expect(tickAt(nowMs)).toEqual([]);
    expect(peer.phase).toBe('exchanging');
  });

  it('gives an exchange its whole deadline from when it was begun, however long nothing was said before', () => {
    const { peer, say, tickAt } = bothTrained(4);
    for (let nowMs = 250; nowMs < 20_000; nowMs += 250) tickAt(nowMs);
    say(4, 19_990); // answered, and the next level said: an exchange of this peer's own
    expect(edgeOf(peer, 1).own).not.toBeNull();
    for (let nowMs = 20_000; nowMs < 24_990; nowMs += 250) expect(tickAt(nowMs)).toEqual([]);
    expect(tickAt(25_000)).toMatchObject([{ neighbor: 1, status: 'inactive', reason: 'deadline' }]);
  });

  it('stops after the round under way when asked to, whatever round others are in', () => {
    const peer = started(pair);
    feed(peer, { type: 'stopRequested', afterRound: 100 });
    finishTraining(peer);
    const last = receive(peer, 1, handDelta(1, [0, 0]));
    expect(only(last, 'finished')).toEqual([{ type: 'finished', round: 1 }]);
  });
});

describe('AD-PSGD', () => {
  const asking: HandDrivenInit = { ...peerZero, algorithm: 'ad-psgd' };

  it('asks one neighbor a round, and takes the average with it', () => {
    const peer = started(asking);
    const sent = only(finishTraining(peer), 'sendDelta');
    expect(sent).toHaveLength(1);
    const { to } = sent[0]!;
    receive(peer, to, {
      ...handDelta(1, [8, 4]),
      parts: [{ ...handDelta(1, [8, 4]).parts[0]!, kind: 'replace' }],
    });
    expect(Array.from(peer.parameters)).toEqual([6, 6]); // ((4, 8) + (8, 4)) / 2
  });

  it('declines while it waits for an answer: no x is in two averages at a time', () => {
    const peer = started(asking);
    const { to } = only(finishTraining(peer), 'sendDelta')[0]!;
    const other = to === 1 ? 2 : 1;
    const effects = receive(peer, other, { ...handDelta(1, [8, 4]) });
    expect(sentTo(effects, other)).toMatchObject([{ gamma: 0, parts: [{ bytes: { length: 0 } }] }]);
    expect(only(effects, 'exchangeApplied')).toHaveLength(1);
    expect(Array.from(peer.parameters)).toEqual([4, 8]);
  });

  it('does not ask a neighbor again that has died', () => {
    const peer = started(asking);
    const { to } = only(finishTraining(peer), 'sendDelta')[0]!;
    feed(peer, { type: 'neighborDown', neighbor: to, reason: 'LINK_DOWN' });
    expect(only(finishTraining(peer), 'sendDelta').map((effect) => effect.to)).toEqual([to === 1 ? 2 : 1]);
  });
});
