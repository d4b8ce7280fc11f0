/**
 * The short form of `npm run study -- divergence`: no choice of algorithm, compressor and graph at its defaults may end
 * above where it started, or stay there, without a word. docs/consensus.md has the table of the whole.
 */
import { describe, expect, it } from 'vitest';
import { type GossipCell, measure, shortCells } from '../../studies/divergence.js';

const cells = shortCells();
const names = [...new Set(cells.map(({ algorithm }) => algorithm))];

describe('from large random starts, without training', () => {
  it.each(names)('%s converges, backs off with a message, or is refused', async (name) => {
    for (const cell of cells.filter(({ algorithm }) => algorithm === name)) {
      const verdict = await measure(cell);
      expect(['converged', 'backed off', 'refused'], `${JSON.stringify(cell)}: ${verdict.kind}`).toContain(
        verdict.kind,
      );
      if (verdict.kind !== 'converged') expect(verdict.reason).not.toBe('');
    }
  });

  const on = (algorithm: string, compressor: string): GossipCell => ({
    ...{ algorithm, compressor, topology: 'ring', peers: 8, rounds: 40 },
  });

  it('a compressor that adds more noise than it keeps is refused, and its scaled form is not', async () => {
    expect(await measure(on('edge-choco', 'rand-k:fraction=0.1,scaled=1'))).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('adds more noise than it keeps'),
    });
    expect((await measure(on('edge-choco', 'rand-k:fraction=0.1'))).kind).toBe('converged');
  });

  it('LEAD is refused with biased compressors', async () => {
    expect((await measure(on('lead', 'top-k:fraction=0.1'))).reason).toContain('biased');
    expect((await measure(on('lead', 'natural'))).kind).toBe('converged');
  });

  it('DeepSqueeze comes down on a star of 16, where its noise once grew without a word', async () => {
    const cell = { algorithm: 'deep-squeeze', compressor: 'qsgd', topology: 'star', peers: 16, rounds: 400 };
    const verdict = await measure(cell);
    expect(verdict.kind).toBe('converged');
    // 2.5 with the automatic step of algorithms that send differences, 0.002 with its own.
    expect(verdict.ratio).toBeLessThan(0.01);
  });

  it('all-reduce is refused where a peer does not reach all others', async () => {
    expect((await measure(on('all-reduce', 'none'))).reason).toContain('complete');
  });
});
