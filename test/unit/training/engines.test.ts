import { describe, expect, it } from 'vitest';
import { isGrapevineError } from '../../../src/base/errors.js';
import type { EngineSubject } from '../../../src/training/engine.js';
import { startEngine } from '../../../src/training/engines.js';
import { importTfjsNode } from '../../../src/training/tfjs-node.js';

const subject: EngineSubject = {
  network: { inputShape: [3], layers: [{ kind: 'dense', name: 'dense', units: 2 }] },
  loss: 'cross-entropy',
  seed: 1,
};
/** Why tfjs-node cannot be tried here; null where it can. */
const absent = await importTfjsNode();

describe('an engine that the user names', () => {
  it.each([
    ['wasm', 'tfjs-wasm'],
    ['cpu', 'tfjs-cpu'],
  ] as const)('%s is %s, without a word about others', async (choice, name) => {
    const { engine, reason } = await startEngine(choice, subject);
    expect([engine.name, reason]).toEqual([name, null]);
    engine.dispose();
  });

  it('refuses a network that makes no sense, whichever it is', async () => {
    const network = {
      inputShape: [3],
      layers: [{ kind: 'dense', name: 'a', inputs: ['b'], units: 2 }],
    } as const;
    for (const choice of ['auto', 'wasm', 'cpu'] as const) {
      const error = await startEngine(choice, { ...subject, network }).catch((thrown: unknown) => thrown);
      expect(isGrapevineError(error, 'BAD_CONFIG')).toBe(true);
    }
  });

  it.skipIf(absent === null)('tfjs-node says how to get it where it is not installed', async () => {
    const error = await startEngine('tfjs-node', subject).catch((thrown: unknown) => thrown);
    expect(isGrapevineError(error, 'TRAINER_FAILED')).toBe(true);
    expect(String(error)).toMatch(/npm install @tensorflow\/tfjs-node@4\.22\.0.*build-tfjs-node\.mjs/);
  });

  it.skipIf(absent !== null)(
    `tfjs-node is the native one${absent === null ? '' : ` (${absent})`}`,
    async () => {
      const { engine } = await startEngine('tfjs-node', subject);
      expect(engine.name).toBe('tfjs-node');
      engine.dispose();
    },
  );
});

describe('auto', () => {
  it('takes the fastest engine that runs the network, and says why it passed over the others', async () => {
    const { engine, reason } = await startEngine('auto', subject);
    const order = ['lean-wasm', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'];
    const place = order.findIndex((name) => engine.name.startsWith(name));
    expect(place).toBeGreaterThanOrEqual(0);
    for (const name of order.slice(0, place)) expect(reason).toContain(`${name}: `);
    if (place === 0) expect(reason).toBeNull();
    engine.dispose();
  });
});
