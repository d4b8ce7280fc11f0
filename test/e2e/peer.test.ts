/**
 * `grapevine peer` as two people use it: one creates a swarm and gets an invitation, the other joins by it, each in a
 * process and a directory of its own. Loopback stands for the network; scripts/ has hosts with addresses of their own.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/metrics/read-metrics.js';
import { openInvitation } from '../../src/node/invitation.js';
import { createIdentity, verifySignature } from '../../src/node/libp2p-identity.js';
import { planOf, simulated } from '../reference/honest-swarm.js';
import {
  type GrapevineProcess,
  runGrapevine,
  startGrapevine,
  temporaryDirectory,
} from './grapevine-process.js';
import { modelIn } from './peer-model.js';

const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0'];
const RUN = ['--peers', '2', '--topology', 'ring', '--task', 'quadratic:dimension=64'];

const started: GrapevineProcess[] = [];
afterEach(() => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
});

function startPeer(...args: readonly string[]): GrapevineProcess {
  const peer = startGrapevine(['peer', ...LISTEN, ...args]);
  started.push(peer);
  return peer;
}

/** A founder of two peers, once its invitation lies in a file. */
async function createSwarm(...args: readonly string[]) {
  const out = temporaryDirectory();
  const founder = startPeer('--create', ...RUN, '--out', out, ...args);
  await founder.line(/^gv-invitation\./);
  const file = join(out, 'invitation.txt');
  return { founder, out, file, invitation: readFileSync(file, 'utf8').trim() };
}

describe('grapevine peer', () => {
  it('trains one model on two machines after one invitation; strangers are refused on both sides', async () => {
    const { founder, out, file, invitation } = await createSwarm(
      '--rounds',
      '60',
      '--json',
      '--expires',
      '1',
    );
    expect(statSync(join(out, 'identity.key')).mode & 0o777).toBe(0o600);
    const { swarm, addresses } = openInvitation(invitation, verifySignature);

    const uninvited = await runGrapevine([
      'peer',
      ...LISTEN,
      '--join',
      addresses[0]!,
      '--out',
      temporaryDirectory(),
    ]);
    expect(uninvited.exitCode).toBe(1);
    expect(uninvited.stderr).toContain('[NOT_ADMITTED]');
    await founder.line(/refused: .*no invitation to this swarm.*\[NOT_ADMITTED\]/);

    const late = await runGrapevine(['invite', out, '--expires', '0.0000001']); // a third of a millisecond
    const expired = await runGrapevine([
      'peer',
      ...LISTEN,
      '--invite',
      late.stdout.trim(),
      '--out',
      temporaryDirectory(),
    ]);
    expect(expired.exitCode).toBe(1);
    expect(expired.stderr).toContain('[INVITATION_EXPIRED]');
    await founder.line(/refused: .*has ended.*\[INVITATION_EXPIRED\]/);

    const guestOut = temporaryDirectory();
    const guest = startPeer('--invite', file, '--out', guestOut);
    await guest.line(/^round 30 /);
    const [a, b] = [await founder.ended, await guest.ended];
    expect([a.exitCode, b.exitCode], a.stderr + b.stderr).toEqual([0, 0]);
    expect(JSON.parse(a.stdout)).toMatchObject({ peer: 0, peers: 2, rounds: 60, peersLost: [] });
    expect(b.stdout).toContain(`peer 1 of 2, swarm ${swarm}`);
    for (const [directory, peer] of [
      [out, 0],
      [guestOut, 1],
    ] as const) {
      const events = await readMetrics(join(directory, 'metrics.jsonl'));
      const rounds = events.filter((event) => event.event === 'round');
      expect(new Set(rounds.map((event) => event.peer))).toEqual(new Set([peer]));
      expect(rounds.every(({ activeLinks }) => activeLinks === 1)).toBe(true);
      expect(existsSync(join(directory, 'report.html'))).toBe(true);
    }
    // Two processes that met by an invitation have trained what the simulator trains, to the bit.
    const trace = await simulated(planOf({ peers: 2, rounds: 60, seed: 1, learningRate: undefined }));
    expect([await modelIn(out, 0), await modelIn(guestOut, 1)]).toEqual(trace.map((rounds) => rounds.at(-1)));
  });

  it('gives who joins a running swarm the model of the others, and leaves cleanly on Ctrl+C', async () => {
    const { founder, out, file } = await createSwarm('--rounds', '1000000', '--start-timeout-ms', '100');
    await founder.line(/^round 50 /);
    const guestOut = temporaryDirectory();
    const guest = startPeer('--invite', file, '--out', guestOut);
    await guest.line(/joined in round \d+ with the model of peer 0/);
    await guest.line(/^round \d+ /);
    guest.child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await guest.ended;
    expect(exitCode, stderr).toBe(130);
    const first = Number(/^round (\d+) /m.exec(stdout)![1]);
    expect(first).toBeGreaterThanOrEqual(50);
    expect(existsSync(join(guestOut, 'summary.json'))).toBe(true);
    await founder.line(/link with peer 1 is closed/);

    // Back again, with what lies in its run directory.
    const again = startPeer('--out', guestOut);
    await again.line(/joined in round \d+ with the model of peer 0/);
    const { stdout: revoked } = await runGrapevine(['revoke', out, peerIdIn(guestOut)]);
    expect(revoked).toContain('revoked');
    await founder.line(/refused: peer .* is put out.*\[REVOKED\]/);
    again.child.kill('SIGKILL');
    founder.child.kill('SIGINT');
    expect((await founder.ended).exitCode).toBe(130);
  });

  it('says what is wrong with the command line before it touches the network', async () => {
    const out = temporaryDirectory();
    const forged = join(out, 'forged.txt');
    writeFileSync(forged, 'gv-invitation.e30.AAAA');
    const list = join(out, 'allow.txt');
    writeFileSync(list, '# my peers\nnobody\n');
    for (const [args, code, text] of [
      [[], 'BAD_USAGE', 'which swarm?'],
      [['--invite', forged], 'DOCUMENT_INVALID', 'invitation'],
      [['--create', '--join', '/ip4/127.0.0.1/tcp/1'], 'BAD_USAGE', 'choose one'],
      [['--join', '/ip4/127.0.0.1/tcp/1', '--rounds', '3'], 'BAD_USAGE', '--rounds'],
      [['--create', '--allow', list], 'BAD_USAGE', 'no PeerId'],
    ] as const) {
      const { exitCode, stderr } = await runGrapevine(['peer', ...args, '--out', out]);
      expect(exitCode, stderr).toBe(2);
      expect(stderr).toContain(`[${code}]`);
      expect(stderr).toContain(text);
    }
    expect(execFileSync('ls', [out], { encoding: 'utf8' })).not.toContain('metrics');
    expect((await createIdentity()).peerId).toMatch(/^12D3KooW/);
  });
});

/** The PeerId that a run directory's own addresses end in. */
function peerIdIn(directory: string): string {
  const { addresses } = JSON.parse(readFileSync(join(directory, 'swarm.json'), 'utf8')) as {
    addresses: string[];
  };
  return addresses[0]!.split('/p2p/').at(-1)!;
}
