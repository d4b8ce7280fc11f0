import '../../../src/node/polyfills.js';
import { multiaddrConnectionPair } from '@libp2p/utils';
import { describe, expect, test } from 'vitest';
import { abortWhenSilent, MOST_SILENT_TURNS } from '../../../src/node/libp2p-silence.js';
import { ManualClock } from '../../reference/manual-clock.js';

const TURN_MS = 1000;

function watched() {
  const clock = new ManualClock();
  const [near, far] = multiaddrConnectionPair();
  abortWhenSilent(far, clock, TURN_MS);
  const speak = async (): Promise<void> => {
    const heard = new Promise((resolve) => far.addEventListener('message', resolve, { once: true }));
    near.send(new Uint8Array(1));
    await heard;
  };
  return { clock, near, far, speak };
}

describe('a connection that is watched for silence', () => {
  test('is aborted after some turns without a byte, and not before', () => {
    const { clock, far } = watched();
    clock.advance(MOST_SILENT_TURNS * TURN_MS - 1);
    expect(far.status).toBe('open');
    clock.advance(1);
    expect(far.status).toBe('aborted');
    expect(clock.pending).toBe(0);
  });

  test('lives on as long as a byte comes now and then', async () => {
    const { clock, far, speak } = watched();
    for (let k = 0; k < 5; k++) {
      clock.advance((MOST_SILENT_TURNS - 1) * TURN_MS);
      await speak();
    }
    expect(far.status).toBe('open');
  });

  test('is not blamed for the time in which this process itself did not run', () => {
    const { clock, far } = watched();
    clock.advance(TURN_MS);
    clock.block(3_600_000);
    expect(far.status).toBe('open');
  });

  test('leaves no timer behind when it is closed', async () => {
    const { clock, near, far } = watched();
    await Promise.all([near.close(), far.close()]);
    expect(clock.pending).toBe(0);
  });
});
