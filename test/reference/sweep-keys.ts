/** Keys for tests of sweeps that need no run: what they mean is nobody's business there. */
import * as z from 'zod';
import { GrapevineError } from '../../src/base/errors.js';
import { buildManifest, type Manifest } from '../../src/experiment/manifest.js';
import { type KnownKeys, parseSweep } from '../../src/experiment/sweep-file.js';
import type { CellSettings } from '../../src/metrics/cell-results.js';

export const sweepKeys: KnownKeys = {
  shape: {
    topology: z.string(),
    compressor: z.string(),
    peers: z.int().min(1),
    rounds: z.int().min(1),
    seed: z.int(),
    latencyMs: z.number(),
    bandwidthMbps: z.number(),
    faults: z.array(z.string()),
    out: z.string(),
  },
  refusal: (key) => (key === 'out' ? 'belongs to --out' : null),
};

/** Fills in one default and writes "torus" in full; a ring of two is refused. */
export async function manifestOf(text: string): Promise<Manifest> {
  return buildManifest({
    sweep: parseSweep(text, 'sweep.yaml', sweepKeys),
    fileName: 'sweep',
    async verify(keys) {
      const settings = { rounds: 10, peers: 8, localSteps: 1, ...keys } as CellSettings;
      if (settings.topology === 'ring' && settings.peers === 2)
        throw new GrapevineError('BAD_SPEC', 'a ring of 2 is a path.');
      if (settings.topology === 'torus') settings.topology = 'torus:rows=2,cols=4';
      return { settings, configHash: 'c0ffee' };
    },
  });
}
