import { describe, expect, it } from 'vitest';
import type { RoundEvent } from '../../../src/metrics/events.js';
import { parseMetrics, readMetrics } from '../../../src/metrics/read-metrics.js';
import { fakeRun } from '../../reference/fake-run.js';

const events = fakeRun({ peers: 4, rounds: 3, lostPeer: null });
const lines = events.map((event) => JSON.stringify(event));
const unreadable = (message: RegExp) =>
  expect.objectContaining({ code: 'METRICS_UNREADABLE', message: expect.stringMatching(message) });

describe('parseMetrics', () => {
  it('reads events back with or without a last newline', () => {
    expect(parseMetrics(`${lines.join('\n')}\n`)).toEqual(events);
    expect(parseMetrics(lines.join('\n'))).toEqual(events);
  });

  it('drops a last line torn at any character', () => {
    const whole = `${lines.slice(0, 2).join('\n')}\n`;
    for (let length = 0; length < lines[2]!.length; length++) {
      expect(parseMetrics(whole + lines[2]!.slice(0, length))).toEqual(events.slice(0, 2));
    }
  });

  it('names the line of garbage in the middle, also of a torn line that others follow', () => {
    const torn = [lines[0], lines[1]!.slice(0, 20), lines[2]].join('\n');
    expect(() => parseMetrics(torn, 'x.jsonl')).toThrow(unreadable(/^x\.jsonl, line 2: not JSON/));
    expect(() => parseMetrics([lines[0], '', lines[2]].join('\n'))).toThrow(unreadable(/line 2/));
  });

  it('does not take a last line for torn when its newline was written', () => {
    expect(() => parseMetrics(`${lines[0]}\n{"event":\n`)).toThrow(unreadable(/line 2/));
  });

  it('names the line and the field of an event of the wrong shape', () => {
    const bad = JSON.stringify({ ...events[1], payloadBytes: '12' });
    expect(() => parseMetrics(`${lines[0]}\n${bad}\n`)).toThrow(unreadable(/line 2: .* at payloadBytes/));
    expect(() => parseMetrics(`${lines[0]}\n{"event":"party"}\n`)).toThrow(unreadable(/line 2/));
  });

  it('refuses another schema by its number, before it looks at anything else', () => {
    const other = JSON.stringify({ event: 'run', schema: 2, somethingNew: true });
    expect(() => parseMetrics(`${other}\n`)).toThrow(unreadable(/metrics schema 2, wanted 1/));
  });

  it('wants the run event first', () => {
    expect(() => parseMetrics(`${lines[1]}\n`)).toThrow(unreadable(/line 1: not a "run" event/));
  });

  it('reads nothing from an empty file', () => {
    expect(parseMetrics('')).toEqual([]);
    expect(parseMetrics('{"event":"ru')).toEqual([]);
  });

  it('reads a loss that was not finite, which JSON holds as null, as NaN', () => {
    const diverged = JSON.stringify({ ...events[1], loss: Number.POSITIVE_INFINITY });
    expect(diverged).toContain('"loss":null');
    const round = parseMetrics(`${lines[0]}\n${diverged}\n`)[1] as RoundEvent;
    expect(round.loss).toBeNaN();
  });
});

describe('readMetrics', () => {
  it('says which file it could not open', async () => {
    await expect(readMetrics('/nowhere/metrics.jsonl')).rejects.toThrow(unreadable(/cannot read \/nowhere/));
  });
});
