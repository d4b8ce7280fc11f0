/**
 * A peer as a service: told to stop by SIGTERM as by Ctrl+C, watched over HTTP, its log a JSON object a line. One swarm of two
 * peers does for all of it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type GrapevineProcess, startGrapevine, temporaryDirectory } from './grapevine-process.js';

const started: GrapevineProcess[] = [];
afterEach(() => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
});

function startPeer(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--health-port', '0'];
  const peer = startGrapevine(['peer', ...listen, ...args], environment);
  started.push(peer);
  return peer;
}

const RUN = '--peers 2 --topology ring --task quadratic:dimension=64 --rounds 1000000'.split(' ');

interface Line {
  readonly level: string;
  readonly event: string;
  readonly message: string;
}

describe('a peer as a service', () => {
  it('logs JSON, answers probes and scrapes, and on SIGTERM ends its round and itself with 130', async () => {
    const [out, guestOut] = [temporaryDirectory(), temporaryDirectory()];
    const founder = startPeer(['--create', ...RUN, '--out', out], { GRAPEVINE_LOG_FORMAT: 'json' });
    const said = JSON.parse(await founder.line(/answers \/healthz/)) as Line;
    const url = /http:\S+/.exec(said.message)![0];
    const status = async (path: string) => (await fetch(url + path)).status;
    await founder.line(/also in .*invitation\.txt/);
    expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 503]); // nobody is there yet

    const guest = startPeer([
      '--invite',
      join(out, 'invitation.txt'),
      '--out',
      guestOut,
      '--log-level',
      'warn',
    ]);
    await founder.line(/"event":"round"/);
    expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 200]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(Number(/^grapevine_rounds_total (\d+)$/m.exec(metrics)![1])).toBeGreaterThan(0);
    expect(metrics).toMatch(/^grapevine_edges\{state="active"\} 1$/m);

    guest.child.kill('SIGTERM');
    const gone = await guest.ended;
    expect([gone.exitCode, gone.stderr]).toEqual([130, '']);
    expect(gone.stdout.split('\n').filter((line) => /^(round|peer|listens)/.test(line))).toEqual([]);
    await founder.line(/"event":"edge".*"state":"closed"/);
    founder.child.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await founder.ended;
    expect([exitCode, stdout]).toEqual([130, '']);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const names = lines.map(({ event }) => event);
    expect(names).toEqual(expect.arrayContaining(['run', 'edge', 'round', 'end', 'summary']));
    expect(stderr).not.toContain('gv-invitation.');
    for (const directory of [out, guestOut])
      for (const file of ['summary.json', 'checkpoints'])
        expect(existsSync(join(directory, file))).toBe(true);
  });
});
