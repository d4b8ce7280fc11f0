import { describe, expect, it } from 'vitest';
import type { MetricsEvent } from '../../../src/metrics/events.js';
import { renderReport } from '../../../src/report/html.js';
import { fakeRun } from '../../reference/fake-run.js';

const ATTACK = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&`;

describe('renderReport', () => {
  it('shows the headline numbers, the drawing, the configuration and the command', async () => {
    const html = await renderReport(fakeRun());
    for (const text of ['96.3%', '94.0%', '1.85 MB', '66x', '122 MB uncompressed', '42.2 s', 'of 8: 5']) {
      expect(html).toContain(text);
    }
    expect(html).toContain('torus: 8 peers, 12 edges');
    expect(html).toContain('<th>learningRate</th><td class="text">0.05</td>');
    expect(html).toContain('<pre><span>grapevine swarm</span> <span>--peers 8</span>');
    expect(html).toContain('peer 5 lost in round 60: no heartbeat for 5 s');
    expect(html).not.toContain('This run');
  });

  it('needs nothing but itself: no script, link, image or address to fetch', async () => {
    const html = await renderReport(fakeRun({ rounds: 10 }));
    expect(html).not.toMatch(/<(script|link|img|iframe|object|embed|base)\b/i);
    expect(html).not.toMatch(/@import|url\(|\ssrc=|\shref=/i);
    expect(html.match(/https?:\/\/[^"' ]+/g)?.every((url) => url.startsWith('http://www.w3.org/'))).toBe(
      true,
    );
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('escapes every text that came from outside', async () => {
    const events = fakeRun({
      rounds: 5,
      config: { task: ATTACK, algorithm: ATTACK, [ATTACK]: { [ATTACK]: [ATTACK] } },
      topology: { name: ATTACK, spec: ATTACK },
    }).map((event): MetricsEvent => {
      if (event.event === 'run')
        return { ...event, version: ATTACK, commit: ATTACK, configHash: ATTACK, engine: ATTACK };
      if (event.event === 'peer-lost') return { ...event, reason: ATTACK };
      return event.event === 'notice' ? { ...event, code: ATTACK, message: ATTACK } : event;
    });
    const html = await renderReport(events);
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;script&gt;');
  });

  it('reports a run that has not ended, failed or was never evaluated, without a NaN', async () => {
    const started = await renderReport(fakeRun({ rounds: 4 }).slice(0, 4));
    expect(started).toContain('This run has not ended.');
    expect(started).toContain('was not evaluated');
    const failed = await renderReport([
      ...fakeRun({ rounds: 1 }).slice(0, 1),
      { event: 'end', atMs: 5, outcome: 'failed' },
    ]);
    expect(failed).toContain('This run failed.');
    for (const html of [started, failed]) expect(html).not.toMatch(/NaN|Infinity|undefined|>null</);
  });

  it('refuses events without a run', async () => {
    await expect(renderReport([])).rejects.toMatchObject({ code: 'METRICS_UNREADABLE' });
  });
});
