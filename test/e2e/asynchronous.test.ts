import { describe, expect, it } from 'vitest';
import { createLibp2pTransport } from '../../src/node/libp2p-transport.js';
import { expectInvariants } from '../reference/asynchronous-swarm.js';
import { runGrapevine, temporaryDirectory } from './grapevine-process.js';

describe('an asynchronous swarm over libp2p', () => {
  it('waits for no straggler, keeps the mean and equal replicas, and ends all exchanges', async () => {
    await expectInvariants('edge-choco', async (init, bootstrap) =>
      createLibp2pTransport({ ...init, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap }),
    );
  });

  it('is what grapevine swarm --pace asynchronous runs, to its end and with its views', async () => {
    const result = await runGrapevine([
      ...['swarm', '--pace', 'asynchronous', '--algorithm', 'ad-psgd', '--task', 'quadratic', '--peers', '4'],
      ...['--rounds', '20', '--processes', '2', '--json', '--quiet', '--out', temporaryDirectory()],
    ]);
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ peers: 4, rounds: 20, peersLost: [] });
    expect(JSON.parse(result.stdout).consensusDistance).not.toBeNull();
  });
});
