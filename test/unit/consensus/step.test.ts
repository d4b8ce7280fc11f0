import { describe, expect, it } from 'vitest';
import type { Effect } from '../../../src/consensus/events.js';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import type { PublicEdge, PublicVector } from '../../../src/consensus/public-vector.js';
import { type Delta, MAX_DELTA_PARTS } from '../../../src/wire/frame.js';
import {
  createHandDrivenPeer,
  edgeOf,
  feed,
  finishTraining,
  handDelta,
  only,
  receive,
  sentTo,
  started,
} from '../../reference/hand-driven-peer.js';

const options = { silenceMs: 1000, roundDeadlineMs: 5000 };
const peerZero = { node: 0, neighbors: [1, 2], parameters: [4, 8], options };

const tick = (peer: PeerState, nowMs: number): Effect[] =>
  feed(peer, { type: 'timerFired', timer: 'tick' }, nowMs);
/** Ticks on time, as a process that is awake has them. */
function ticksUntil(peer: PeerState, untilMs: number): Effect[] {
  const effects: Effect[] = [];
  for (let nowMs = peer.lastTickMs + 250; nowMs <= untilMs; nowMs += 250) effects.push(...tick(peer, nowMs));
  return effects;
}

const statuses = (effects: readonly Effect[]): string[] =>
  only(effects, 'edgeChanged').map(({ neighbor, status, reason }) => `${neighbor} ${status}: ${reason}`);

describe('a round', () => {
  it('trains, sends one difference to every neighbor, and moves by w_ij (S_j - S_i) when all have answered', () => {
    const peer = createHandDrivenPeer(peerZero);
    for (const neighbor of [1, 2]) feed(peer, { type: 'neighborUp', neighbor });
    const begun = feed(peer, { type: 'start' });
    expect(only(begun, 'train').map(({ round }) => round)).toEqual([1]);
    const sent = finishTraining(peer);
    expect(only(sent, 'sendDelta').map(({ to, delta }) => [to, delta.sequence])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(only(receive(peer, 2, handDelta(1, [0, 0])), 'roundFinished')).toEqual([]);
    const done = receive(peer, 1, handDelta(1, [8, 4]));
    // 0.25 ((8, 4) - (4, 8)) + 0.25 ((0, 0) - (4, 8)) = (1, -1) + (-1, -2)
    expect(Array.from(peer.parameters)).toEqual([4, 5]);
    expect(done.map(({ type }) => type)).toEqual([
      'exchangeApplied',
      'exchangeApplied',
      'roundFinished',
      'train',
    ]);
  });

  it('ignores an update for another round, and one that nobody asked for', () => {
    const peer = started(peerZero);
    expect(feed(peer, { type: 'updateReady', round: 2, parameters: new Float32Array(2) })).toEqual([]);
    finishTraining(peer);
    expect(finishTraining(peer)).toEqual([]);
    expect(Array.from(peer.parameters)).toEqual([4, 8]);
  });

  it('uses the smaller gamma of the two ends', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer);
    receive(peer, 1, handDelta(1, [8, 4], { gamma: 0.5 }));
    expect(Array.from(peer.parameters)).toEqual([4.5, 7.5]);
  });

  it('applies a repeated difference once', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer);
    receive(peer, 1, handDelta(1, [8, 4]));
    expect(only(receive(peer, 1, handDelta(1, [8, 4], { acknowledged: 1 })), 'exchangeApplied')).toEqual([]);
    expect(Array.from(peer.parameters)).toEqual([5, 7]);
  });

  it('applies reordered differences in the order of their numbers', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer);
    expect(only(receive(peer, 1, handDelta(2, [0, 0])), 'exchangeApplied')).toEqual([]);
    const first = receive(peer, 1, handDelta(1, [8, 4]));
    expect(only(first, 'exchangeApplied').map(({ sequence }) => sequence)).toEqual([1]);
    const second = finishTraining(peer);
    expect(only(second, 'exchangeApplied').map(({ sequence }) => sequence)).toEqual([2]);
  });

  it('finishes the round under way when asked to stop, and no further one', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer);
    expect(feed(peer, { type: 'stopRequested', afterRound: 0 })).toEqual([]);
    const done = receive(peer, 1, handDelta(1, [8, 4]));
    expect(only(done, 'roundFinished')).toHaveLength(1);
    expect(only(done, 'train')).toEqual([]);
    expect(only(done, 'finished')).toEqual([{ type: 'finished', round: 1 }]);
    expect(
      only(done, 'cancelTimer')
        .map(({ timer }) => timer)
        .sort(),
    ).toEqual(['drain', 'retransmit', 'tick']);
  });

  it('finishes the round that it is asked to stop after', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    feed(peer, { type: 'stopRequested', afterRound: 2 });
    finishTraining(peer);
    expect(only(receive(peer, 1, handDelta(1, [8, 4])), 'train')).toHaveLength(1);
    finishTraining(peer);
    expect(only(receive(peer, 1, handDelta(2, [0, 0])), 'finished')).toEqual([
      { type: 'finished', round: 2 },
    ]);
  });

  it('stops at once when asked before round 1', () => {
    const done = feed(createHandDrivenPeer(peerZero), { type: 'stopRequested', afterRound: 0 });
    expect(only(done, 'finished')).toEqual([{ type: 'finished', round: 0 }]);
  });

  it('still applies a difference that comes after its last round: the neighbor has applied that exchange', () => {
    const peer = started({ ...peerZero, neighbors: [1], options: { ...options, rounds: 1 } });
    finishTraining(peer);
    expect(only(ticksUntil(peer, 1000), 'finished')).toHaveLength(1);
    const late = receive(peer, 1, handDelta(1, [8, 4]), 1200);
    expect(only(late, 'exchangeApplied')).toHaveLength(1);
    expect(Array.from(peer.parameters)).toEqual([5, 7]);
  });
});

describe('a neighbor that breaks the protocol', () => {
  it('is refused with SEQUENCE_GAP when a difference is missing, and the round goes on without it', () => {
    const peer = started(peerZero);
    finishTraining(peer);
    receive(peer, 2, handDelta(1, [0, 0]));
    const effects = receive(peer, 1, handDelta(3, [8, 4]));
    expect(only(effects, 'refuse').map(({ neighbor, code }) => [neighbor, code])).toEqual([
      [1, 'SEQUENCE_GAP'],
    ]);
    expect(statuses(effects)).toContain('1 closed: SEQUENCE_GAP');
    expect(only(effects, 'roundFinished').map(({ appliedEdges }) => appliedEdges)).toEqual([1]);
    expect(receive(peer, 1, handDelta(1, [8, 4]))).toEqual([]);
  });

  it.each([
    ['is cut short', 'PAYLOAD_BAD_LENGTH', (bytes: Uint8Array) => bytes.subarray(0, -1)],
    [
      'names an unknown operator',
      'PAYLOAD_BAD_OPERATOR',
      (bytes: Uint8Array) => Uint8Array.from(bytes, (b, i) => (i === 0 ? 99 : b)),
    ],
    ['holds NaN', 'PAYLOAD_BAD_VALUE', (bytes: Uint8Array) => bytes.fill(0xff, 8, 12)],
  ])('is refused when its message %s (%s), and parameters stay', (_what, code, damage) => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer);
    const { parts } = handDelta(1, [8, 4]);
    const effects = receive(
      peer,
      1,
      handDelta(1, [], { parts: [{ kind: 'add', bytes: damage(parts[0]!.bytes) }] }),
    );
    expect(only(effects, 'refuse').map((effect) => effect.code)).toEqual([code]);
    expect(only(effects, 'exchangeApplied')).toEqual([]);
    expect(Array.from(peer.parameters)).toEqual([4, 8]);
  });

  it('is refused when finite differences sum to what is not, and parameters stay', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer);
    const huge = handDelta(1, [3e38, 0]).parts[0]!;
    const effects = receive(peer, 1, handDelta(1, [], { parts: [huge, huge] }));
    expect(only(effects, 'refuse').map(({ code }) => code)).toEqual(['PAYLOAD_BAD_VALUE']);
    expect(statuses(effects)).toEqual(['1 closed: PAYLOAD_BAD_VALUE']);
    expect(Array.from(peer.parameters)).toEqual([4, 8]);
    expect(only(effects, 'roundFinished').map(({ appliedEdges }) => appliedEdges)).toEqual([0]);
  });
});

describe('silence', () => {
  it('makes an edge inactive, and the round ends without it', () => {
    const peer = started(peerZero);
    finishTraining(peer);
    receive(peer, 2, handDelta(1, [0, 0]), 500);
    expect(statuses(ticksUntil(peer, 750))).toEqual([]);
    const effects = tick(peer, 1000);
    expect(statuses(effects)).toEqual(['1 inactive: silent']);
    expect(only(effects, 'roundFinished').map(({ appliedEdges }) => appliedEdges)).toEqual([1]);
  });

  it('does not befall a neighbor that sends heartbeats, until the deadline of the round', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer);
    for (let nowMs = 250; nowMs < 5000; nowMs += 250) {
      feed(peer, { type: 'heartbeatReceived', from: 1 }, nowMs);
      expect(statuses(tick(peer, nowMs))).toEqual([]);
    }
    feed(peer, { type: 'heartbeatReceived', from: 1 }, 5000);
    expect(statuses(tick(peer, 5000))).toEqual(['1 inactive: deadline']);
  });

  it('ends when the late difference comes: it is applied at the end of the next round and wakes the edge', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer);
    ticksUntil(peer, 1000);
    expect([peer.round, peer.phase]).toEqual([2, 'training']);
    expect(receive(peer, 1, handDelta(1, [8, 4]), 1100)).toEqual([]);
    const effects = finishTraining(peer, 1200);
    expect(statuses(effects)).toEqual(['1 active: answered']);
    expect(only(effects, 'exchangeApplied').map(({ sequence }) => sequence)).toEqual([1]);
    expect(Array.from(peer.parameters)).toEqual([5, 7]);
  });

  it('of this peer itself is not blamed on its neighbors', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer, 100);
    const hourMs = 3_600_000;
    expect(statuses(tick(peer, hourMs))).toEqual([]);
    expect(statuses(tick(peer, hourMs + 250))).toEqual([]);
    expect(statuses(tick(peer, hourMs + 500))).toEqual([]);
    expect(statuses(tick(peer, hourMs + 1000))).toEqual(['1 inactive: silent']);
  });

  it('is noticed as soon as ever after this peer has slept, though frames were waiting for it', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer, 100);
    const hourMs = 3_600_000;
    feed(peer, { type: 'heartbeatReceived', from: 1 }, hourMs);
    for (let late = 0; late < 1000; late += 250) expect(statuses(tick(peer, hourMs + late))).toEqual([]);
    expect(statuses(tick(peer, hourMs + 1000))).toEqual(['1 inactive: silent']);
  });

  it('is broken by heartbeats of this peer, where it has nothing else to say', () => {
    const peer = started(peerZero);
    expect(only(tick(peer, 250), 'sendHeartbeat').map(({ to }) => to)).toEqual([1, 2]);
    finishTraining(peer, 400);
    expect(only(tick(peer, 500), 'sendHeartbeat')).toEqual([]);
    expect(only(tick(peer, 750), 'sendHeartbeat').map(({ to }) => to)).toEqual([1, 2]);
  });
});

describe('a link', () => {
  it('that goes down makes its edge inactive at once, and the round goes on', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer);
    const effects = feed(peer, { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' });
    expect(statuses(effects)).toEqual(['1 inactive: LINK_DOWN']);
    expect(only(effects, 'train').map(({ round }) => round)).toEqual([2]);
  });

  it('that goes down with both differences here leaves its edge inactive when they are applied: nobody waits for it', () => {
    const peer = started(peerZero);
    finishTraining(peer);
    receive(peer, 2, handDelta(1, [0, 0]));
    const down = feed(peer, { type: 'neighborDown', neighbor: 2, reason: 'LINK_DOWN' });
    const done = receive(peer, 1, handDelta(1, [8, 4]));
    expect(only(done, 'exchangeApplied').map(({ neighbor }) => neighbor)).toEqual([1, 2]);
    expect(statuses([...down, ...done])).toEqual(['2 inactive: LINK_DOWN']);
    finishTraining(peer);
    expect(only(receive(peer, 1, handDelta(2, [0, 0])), 'roundFinished')).toHaveLength(1);
  });

  it('that comes back carries again what may have been lost with the old one', () => {
    const peer = started({ ...peerZero, neighbors: [1] });
    finishTraining(peer);
    receive(peer, 1, handDelta(1, [8, 4])); // does not say that it has our difference 1
    feed(peer, { type: 'neighborDown', neighbor: 1, reason: 'LINK_DOWN' });
    expect(sentTo(finishTraining(peer), 1)).toEqual([]);
    const effects = feed(peer, { type: 'neighborUp', neighbor: 1 });
    expect(sentTo(effects, 1).map(({ sequence, acknowledged }) => [sequence, acknowledged])).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it('is closed by bye: rounds go on without waiting, and nothing is sent to it again', () => {
    const peer = started(peerZero);
    finishTraining(peer);
    receive(peer, 2, handDelta(1, [0, 0]));
    const effects = feed(peer, { type: 'neighborLeft', neighbor: 1 });
    expect(statuses(effects)).toEqual(['1 closed: left']);
    expect(only(effects, 'roundFinished').map(({ appliedEdges }) => appliedEdges)).toEqual([1]);
    expect(only(finishTraining(peer), 'sendDelta').map(({ to }) => to)).toEqual([2]);
    expect(feed(peer, { type: 'neighborUp', neighbor: 1 })).toEqual([]);
  });

  it('closed by bye still gives the exchange that the neighbor applied before it left', () => {
    const peer = started(peerZero);
    finishTraining(peer);
    receive(peer, 1, handDelta(1, [8, 4]));
    expect(statuses(feed(peer, { type: 'neighborLeft', neighbor: 1 }))).toEqual(['1 closed: left']);
    const effects = receive(peer, 2, handDelta(1, [4, 8]));
    expect(only(effects, 'exchangeApplied').map(({ neighbor }) => neighbor)).toEqual([1, 2]);
    expect(Array.from(peer.parameters)).toEqual([5, 7]);
    expect(only(effects, 'edgeChanged')).toEqual([]);
  });
});

describe('a lossy link', () => {
  const lossy = { ...options, retransmitMs: 100 };

  it('gets the same difference again until it is answered', () => {
    const peer = started({ ...peerZero, neighbors: [1], options: lossy });
    const first = sentTo(finishTraining(peer), 1);
    const again = feed(peer, { type: 'timerFired', timer: 'retransmit' }, 100);
    expect(sentTo(again, 1)).toEqual(first);
    expect(only(again, 'setTimer')).toEqual([{ type: 'setTimer', timer: 'retransmit', atMs: 200 }]);
    receive(peer, 1, handDelta(1, [8, 4], { acknowledged: 1 }), 150);
    expect(sentTo(feed(peer, { type: 'timerFired', timer: 'retransmit' }, 200), 1)).toEqual([]);
  });

  it('keeps a finished peer until its last difference is answered, or the neighbor stays silent', () => {
    const once = { ...peerZero, neighbors: [1], options: { ...lossy, rounds: 1 } };
    const answered = started(once);
    finishTraining(answered);
    ticksUntil(answered, 1000);
    expect(answered.phase).toBe('draining');
    expect(only(receive(answered, 1, handDelta(1, [8, 4]), 1100), 'finished')).toHaveLength(1);
    const silent = started(once);
    finishTraining(silent);
    expect(only(ticksUntil(silent, 1000), 'setTimer')).toContainEqual({
      type: 'setTimer',
      timer: 'drain',
      atMs: 2000,
    });
    ticksUntil(silent, 2000);
    expect(only(feed(silent, { type: 'timerFired', timer: 'drain' }, 2000), 'finished')).toHaveLength(1);
  });
});

describe('CHOCO on an edge that has been silent', () => {
  /** Both ends applied exchange `sequence` with the same replicas, to the bit, and opposite corrections. */
  function expectSameExchange(a: readonly Effect[], b: readonly Effect[], sequence: number): void {
    const [one, two] = [a, b].map((effects) => only(effects, 'exchangeApplied'));
    expect([one!.map((e) => e.sequence), two!.map((e) => e.sequence)]).toEqual([[sequence], [sequence]]);
    expect(one![0]!.audit!.replicaHash).toBe(two![0]!.audit!.replicaHash);
    expect(one![0]!.audit!.correctionSum + two![0]!.audit!.correctionSum).toBe(0);
  }

  /** Peers 0 and 1 on one edge; 1 is silent while 0 runs `missed` rounds, then both run one exchange more. */
  function runBacklog(missed: number): {
    readonly backlog: Delta;
    readonly peers: readonly [PeerState, PeerState];
  } {
    const init = { algorithm: 'choco:gamma=0.5', compressor: 'top-k:count=1', options };
    const zero = started({ ...init, node: 0, neighbors: [1], parameters: [4, 8, 1] });
    const one = started({ ...init, node: 1, neighbors: [0], parameters: [1, 2, 7] });
    const [firstOfZero] = sentTo(finishTraining(zero, 0), 1);
    ticksUntil(zero, 1000);
    expect(zero.round).toBe(2);
    for (let round = 2; round <= missed + 1; round++) finishTraining(zero, 1000, 0.3 * round);
    const [firstOfOne] = sentTo(finishTraining(one, 1000), 0);
    const answered = receive(one, 0, firstOfZero!, 1000);
    receive(zero, 1, firstOfOne!, 1000);
    const caughtUp = finishTraining(zero, 1100, 0.1); // 1's answer is applied, and this round's exchange begun
    expectSameExchange(caughtUp, answered, 1); // with xHat_0 as it was then, though it has moved on since
    const [backlog] = sentTo(caughtUp, 1);
    const [secondOfOne] = sentTo(finishTraining(one, 1200, 0.5), 0);
    const atOne = receive(one, 0, backlog!, 1300);
    const atZero = receive(zero, 1, secondOfOne!, 1300);
    expectSameExchange(atZero, atOne, 2);
    return { backlog: backlog!, peers: [zero, one] };
  }

  /** xHat of `owner` at its own node and at the neighbor. */
  function copies([a, b]: readonly [PeerState, PeerState], owner: 0 | 1) {
    const [self, other] = owner === 0 ? [a, b] : [b, a];
    return {
      own: (self.node as PublicVector).value,
      copy: (edgeOf(other, owner).memory as PublicEdge).theirs.value,
    };
  }

  it('catches up with one part for each difference missed, after which replicas are equal to the bit', () => {
    const { backlog, peers } = runBacklog(3);
    // Rounds 2, 3 and 4 were missed; the fourth part is that of round 5 itself.
    expect(backlog.parts.map(({ kind }) => kind)).toEqual(['add', 'add', 'add', 'add']);
    for (const owner of [0, 1] as const) {
      const { own, copy } = copies(peers, owner);
      expect(Array.from(copy)).toEqual(Array.from(own));
    }
    expect(Array.from(copies(peers, 0).own)).not.toEqual([0, 0, 0]);
  });

  it('catches up with as many parts as a frame may have', () => {
    const { backlog } = runBacklog(MAX_DELTA_PARTS - 1);
    expect(backlog.parts).toHaveLength(MAX_DELTA_PARTS);
    expect(backlog.parts.every(({ kind }) => kind === 'add')).toBe(true);
  });

  it('sends the replica itself when more were missed than a frame may carry', () => {
    const { backlog, peers } = runBacklog(MAX_DELTA_PARTS);
    expect(backlog.parts.map(({ kind }) => kind)).toEqual(['replace']);
    const { own, copy } = copies(peers, 0);
    expect(Array.from(copy)).toEqual(Array.from(own));
  });
});
