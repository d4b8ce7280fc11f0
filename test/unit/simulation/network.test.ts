import { describe, expect, it } from 'vitest';
import { type LinkOptions, perfectLink } from '../../../src/simulation/link-model.js';
import { type NetworkOptions, retransmitAfter, VirtualNetwork } from '../../../src/simulation/network.js';

const frame = new Uint8Array(1250); // 10,000 bits: 10 ms at 1 Mbit/s

function networkOf(over: Partial<NetworkOptions> & { readonly link?: Partial<LinkOptions> }): VirtualNetwork {
  const link = { ...perfectLink, ...over.link };
  return new VirtualNetwork({ linkBetween: () => link, ...over }, 1);
}

/** Sends a frame and passes it through the receiver's downlink: when it is all there. */
function deliver(network: VirtualNetwork, ends: readonly [number, number], nowMs: number): number {
  const [arrival] = network.send(frame, ends, nowMs);
  return network.hasDownlink(ends[1]) ? network.receive(arrival!, ends) : arrival!.atMs;
}

describe('a virtual network', () => {
  it.each([
    { what: 'the link', link: { bandwidthMbps: 1 }, access: { uplinkMbps: 8, downlinkMbps: 4 } },
    { what: 'the uplink', link: { bandwidthMbps: 8 }, access: { uplinkMbps: 1, downlinkMbps: 4 } },
    { what: 'the downlink', link: { bandwidthMbps: 8 }, access: { uplinkMbps: 4, downlinkMbps: 1 } },
  ])('delivers B bytes after L + 8 B / R, where R is the slowest: $what', ({ link, access }) => {
    const network = networkOf({ link: { ...link, latencyMs: 100 }, access: () => access });
    expect(deliver(network, [0, 1], 7)).toBeCloseTo(7 + 100 + 10, 9);
  });

  it('has the frames of all edges of a peer wait for its uplink', () => {
    const network = networkOf({ link: { latencyMs: 5 }, access: () => ({ uplinkMbps: 1 }) });
    expect([1, 2, 3].map((to) => deliver(network, [0, to], 0))).toEqual([15, 25, 35]);
    expect(deliver(network, [1, 0], 0)).toBe(15); // another peer's is its own
  });

  it('has the frames for a peer wait for its downlink, in the order in which they come to it', () => {
    const latency = [0, 100, 20, 5];
    const network = networkOf({
      linkBetween: (from) => ({ ...perfectLink, latencyMs: latency[from]! }),
      access: (node) => (node === 0 ? { downlinkMbps: 1 } : {}),
    });
    const arrivals = [1, 2, 3].map((from) => ({ from, arrival: network.send(frame, [from, 0], 0)[0]! }));
    const inOrder = arrivals.sort((a, b) => a.arrival.headMs - b.arrival.headMs);
    const done = inOrder.map(({ from, arrival }) => [from, network.receive(arrival, [from, 0])]);
    expect(done).toEqual([
      [3, 15],
      [2, 30],
      [1, 110],
    ]);
  });

  it('may differ by direction', () => {
    const network = networkOf({
      linkBetween: (from) => ({ ...perfectLink, latencyMs: from === 0 ? 10 : 40 }),
    });
    expect([deliver(network, [0, 1], 0), deliver(network, [1, 0], 0)]).toEqual([10, 40]);
  });
});

describe('retransmission', () => {
  const ends = { node: 0, neighborsOf: (node: number) => (node === 0 ? [1, 2] : [0]) };
  const lossy = { ...perfectLink, loss: 0.1, latencyMs: 100 };

  it('is off where nothing is lost, and on where one link of the peer loses', () => {
    expect(retransmitAfter({ linkBetween: () => perfectLink }, ends, 100)).toBeNull();
    const one = (from: number, to: number) => (from + to === 2 ? { ...perfectLink, loss: 0.1 } : perfectLink);
    expect(retransmitAfter({ linkBetween: one }, ends, 100)).toBe(50);
    expect(retransmitAfter({ linkBetween: one }, { ...ends, node: 1 }, 100)).toBeNull();
  });

  it('waits four times what a frame takes on the slowest link, behind the frames of the other edges', () => {
    expect(retransmitAfter({ linkBetween: () => lossy }, ends, 1250)).toBe(400);
    const slow = { linkBetween: () => lossy, access: () => ({ uplinkMbps: 1 }) };
    expect(retransmitAfter(slow, ends, 1250)).toBe(4 * (100 + 2 * 10));
  });
});
