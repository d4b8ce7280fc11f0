import { describe, it } from 'vitest';
import { createMemoryNetwork } from '../../../src/node/memory-transport.js';
import { expectInvariants } from '../../reference/asynchronous-swarm.js';

describe('an asynchronous swarm on the memory transport', () => {
  it.each(['edge-choco', 'exact'])(
    'waits for no straggler, keeps the mean and equal replicas, and ends all exchanges: %s',
    async (algorithm) => {
      const network = createMemoryNetwork();
      await expectInvariants(algorithm, async (init) => network.createTransport(init));
    },
  );
});
