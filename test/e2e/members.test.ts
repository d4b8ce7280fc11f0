/**
 * A topology that follows its members, with real processes: two of five die for good, the three that are left link up with one
 * another, and a late one takes the place that was free.
 */
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { readMetrics } from '../../src/metrics/read-metrics.js';
import {
  type GrapevineProcess,
  runGrapevine,
  startGrapevine,
  temporaryDirectory,
} from './grapevine-process.js';

const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0'];
/** Of the circle 5 1 2 0 4 3: with place 5 free the ring is 1 2 0 4 3. */
const RUN = ['--peers', '6', '--topology', 'members:graph=ring', '--task', 'quadratic:dimension=64'];

/** A minute, most of it spent waiting for the dead to be given up; test/unit/node/members.test.ts is the short form. */
const itWhenThorough = it.runIf(process.env.GRAPEVINE_CHAOS_SEEDS !== undefined);

const started: GrapevineProcess[] = [];
afterEach(() => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
});

interface Started {
  readonly out: string;
  readonly peer: GrapevineProcess;
}

function startPeer(...args: readonly string[]): Started {
  const out = temporaryDirectory();
  const peer = startGrapevine(['peer', ...LISTEN, '--out', out, ...args]);
  started.push(peer);
  return { out, peer };
}

itWhenThorough(
  'a ring of five closes over two that die, and opens for a late one at a free place',
  async () => {
    const more = ['--rounds', '10000000', '--silence-ms', '2000', '--start-timeout-ms', '1000'];
    const founder = startPeer('--create', ...RUN, ...more);
    await founder.peer.line(/^gv-invitation\./);
    const joinAt = async (index: number) => {
      const { stdout } = await runGrapevine(['invite', founder.out, '--index', String(index)]);
      const joined = startPeer('--invite', stdout.trim());
      await joined.peer.line(/joined in round \d+ with the model of peer \d/);
      return joined;
    };
    const linked = (end: { readonly peer: GrapevineProcess }, other: number) =>
      end.peer.line(new RegExp(`link with peer ${other} is active`));
    const [one, two, three, four] = (await Promise.all([1, 2, 3, 4].map(joinAt))) as [
      Started,
      Started,
      Started,
      Started,
    ];
    await Promise.all([linked(two, 0), linked(three, 1), linked(three, 4), linked(one, 2), linked(four, 0)]);
    for (const { peer } of [two, four]) peer.child.kill('SIGKILL');
    await Promise.all([linked(one, 0), linked(three, 0)]);
    const late = await joinAt(5);
    await Promise.all([
      linked(late, 1),
      linked(late, 3),
      one.peer.line(/link with peer 3 is closed \(removed\)/),
      three.peer.line(/link with peer 1 is closed \(removed\)/),
    ]);
    const living = [founder, one, three, late];
    for (const { peer } of living) peer.child.kill('SIGINT');
    for (const { peer } of living) expect((await peer.ended).exitCode).toBe(130);
    for (const { out } of living) {
      const rounds = (await readMetrics(join(out, 'metrics.jsonl'))).filter(
        (event) => event.event === 'round',
      );
      // Of the ring of four that is left. In the very last round the others may have left.
      expect(rounds.at(-10)).toMatchObject({ links: 2 });
    }
  },
  300_000,
);
