import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { emptyDisplay, foldDisplay, type PeerDisplay } from '../../../src/report/display-state.js';
import { choosePeers, MAX_PEER_ROWS, progressBar, swarmTable } from '../../../src/report/swarm-table.js';
import { fakeRun } from '../../reference/fake-run.js';

const plain = pc.createColors(false);
const half = fakeRun().slice(0, 520).reduce(foldDisplay, emptyDisplay);
const half64 = fakeRun({ peers: 64 }).slice(0, 4300).reduce(foldDisplay, emptyDisplay);
const widest = (text: string) =>
  Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map((line) => line.length),
  );

describe('swarmTable', () => {
  it('draws 8 peers in 80 columns', () => {
    const lines = swarmTable(half, { columns: 80, color: plain })
      .split('\n')
      .map((line) => line.trimEnd());
    expect(lines).toEqual([
      '  8 peers · torus:rows=2,cols=4 · mnist-mlp · edge-choco · low-rank:rank=8,bits…',
      '  ━━━━━━━━━━━━━━━━━━━━━━━─────────────   63%   27.1 s, about 15.8 s left',
      '',
      '  peer    round     loss   accuracy   payload   ratio   links   state',
      '     0   63/100   0.2026      94.0%   1.17 MB     66x     3/3   training',
      '     1   63/100   0.2057      95.0%   1.17 MB     66x     2/3   training',
      '     2   64/100   0.2003      94.9%   1.19 MB     66x     3/3   training',
      '     3   63/100   0.2049      95.1%   1.17 MB     66x     3/3   training',
      '     4   63/100   0.2038      93.9%   1.17 MB     66x     2/3   training',
      '     5   60/100   0.2101      95.8%   1.11 MB     66x     0/3   lost',
      '     6   63/100   0.2022      95.1%   1.17 MB     66x     2/3   training',
      '     7   63/100   0.2053      94.3%   1.17 MB     66x     3/3   training',
      '',
      '  mean model 95.9%   peers 93.9% to 95.8%   consensus distance 0.0441',
      '  peer 5 was lost; its neighbors go on without it',
    ]);
  });

  it('shows 20 of 64 peers, the lost one among them, and counts the others', () => {
    const text = swarmTable(half64, { columns: 80, color: plain });
    const rows = text.split('\n').filter((line) => /^ +\d+ +\d+\/100/.test(line));
    expect(rows).toHaveLength(MAX_PEER_ROWS);
    expect(rows.some((row) => row.includes('lost'))).toBe(true);
    expect(text).toContain('… 44 more');
  });

  it.each([40, 50, 60, 80, 120])('is never wider than %d columns, with color or without', (columns) => {
    for (const state of [emptyDisplay, half, half64]) {
      const colored = swarmTable(state, { columns, color: pc.createColors(true) });
      expect(widest(colored)).toBeLessThanOrEqual(columns);
      expect(stripVTControlCharacters(colored)).toBe(swarmTable(state, { columns, color: plain }));
    }
  });

  it('keeps peer, round and state longest as the terminal gets narrower', () => {
    const header = swarmTable(half, { columns: 40, color: plain }).split('\n')[3];
    expect(header!.trim().split(/ +/)).toEqual(['peer', 'round', 'accuracy', 'state']);
  });

  it('writes no escape code without color', () => {
    expect(swarmTable(half, { columns: 80, color: plain })).not.toContain('\u001b');
  });

  it('marks a peer that falls three rounds behind', () => {
    const rounds = fakeRun({ peers: 4, rounds: 10, lostPeer: null });
    const kept = rounds.filter((event) => event.event !== 'round' || event.peer !== 2 || event.round <= 2);
    const upTo5 = kept.filter(
      (event) => event.event === 'run' || (event.event === 'round' && event.round <= 5),
    );
    const text = swarmTable(upTo5.reduce(foldDisplay, emptyDisplay), { columns: 80, color: plain });
    expect(text.match(/behind/g)).toHaveLength(1);
    expect(text).toMatch(/ 2 +2\/10 .*behind/);
  });

  it('waits in words before the first event', () => {
    expect(swarmTable(emptyDisplay, { columns: 80, color: plain })).toContain('waiting for the first peer');
  });
});

describe('choosePeers', () => {
  const peer = (index: number, change: Partial<PeerDisplay>): PeerDisplay => ({
    ...half.peers[0]!,
    peer: index,
    status: 'training',
    round: 5,
    accuracy: 0.9,
    ...change,
  });

  it('takes the lost, then the slowest, then the least accurate, and shows them by index', () => {
    const peers = [
      peer(0, {}),
      peer(1, { accuracy: 0.8 }),
      peer(2, { round: 4 }),
      peer(3, { status: 'lost', round: 9 }),
      peer(4, { round: 6, accuracy: 0.1 }),
    ];
    const chosen = (limit: number) => choosePeers(peers, limit).map((each) => each.peer);
    expect(chosen(1)).toEqual([3]);
    expect(chosen(2)).toEqual([2, 3]);
    expect(chosen(3)).toEqual([1, 2, 3]);
    expect(chosen(5)).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('progressBar', () => {
  it('has the same width at any share, also outside [0, 1]', () => {
    expect(progressBar(0.25, 8, plain)).toBe('━━──────');
    expect(progressBar(-1, 4, plain)).toBe('────');
    expect(progressBar(2, 4, plain)).toBe('━━━━');
  });
});
