import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { EvaluationEvent } from '../../../src/metrics/events.js';
import { summarize } from '../../../src/metrics/summary.js';
import { progressLine, summaryText } from '../../../src/report/summary-text.js';
import { fakeRun } from '../../reference/fake-run.js';

const color = pc.createColors(false);

describe('summaryText', () => {
  it('says what was learned, what it cost and who was lost', () => {
    expect(summaryText(summarize(fakeRun()), { color }).split('\n')).toEqual([
      '  100 rounds, 8 peers on torus (spectral gap 0.4000)',
      '  mnist-mlp · edge-choco · low-rank:rank=8,bits=4',
      '',
      '  mean model          96.29%',
      "  peers' own models   94.01% to 97.55%, mean 95.39%",
      '  loss                0.1610 mean model, 0.1905 mean of peers',
      '  consensus distance  0.0155',
      '  payload per peer    1.85 MB, 66x less than 122 MB uncompressed',
      '  on the wire         1.93 MB per peer',
      '  time                42.2 s (2,305 samples/s)',
      '    of it, per peer   train 22.3 s, compress 5.2 s, exchange 3.1 s, wait 10.4 s',
      '  peers lost          1 of 8: 5',
    ]);
  });

  it('has no line for what was not measured and no NaN', () => {
    const text = summaryText(summarize(fakeRun().slice(0, 1)), { color });
    expect(text).not.toContain('mean model  ');
    expect(text).not.toMatch(/NaN|null|undefined/);
    expect(text).toContain('peers lost          none');
  });
});

describe('progressLine', () => {
  const evaluation = fakeRun().find((event) => event.event === 'evaluation') as EvaluationEvent;

  it('is one line for an evaluated round', () => {
    expect(progressLine(evaluation)).toBe(
      'round 5  accuracy 42.35%  peers 39.94% to 44.06%  loss 1.5895  consensus 0.6937  payload 92.7 kB/peer  3.0 s',
    );
  });

  it('leaves accuracy out of a task that has none', () => {
    const local = { loss: 1, mean: null, worst: null, best: null };
    expect(progressLine({ ...evaluation, meanModel: { loss: 0.5, accuracy: null }, local })).toBe(
      'round 5  loss 0.5000  consensus 0.6937  payload 92.7 kB/peer  3.0 s',
    );
  });
});
