/**
 * What a peer exposes to Prometheus, read by a small parser of our own, written from the description of the text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): the library that writes it does not check itself.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createPeerMetrics, type PeerMetrics, type PeerVitals } from '../../../src/cli/peer-metrics.js';
import type { RoundEvent } from '../../../src/metrics/events.js';
import { fakeRun } from '../../reference/fake-run.js';

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/;

/** Samples by name and labels. Throws at whatever the format does not allow. */
function parseExposition(text: string): ReadonlyMap<string, number> {
  expect(text.endsWith('\n')).toBe(true);
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const samples = new Map<string, number>();
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment?.[1] === 'HELP') helped.add(comment[2]!);
    if (comment?.[1] === 'TYPE') types.set(comment[2]!, comment[3]!);
    if (comment !== null) continue;
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? expect.fail(`no sample: ${line}`);
    const family = [name!, name!.replace(/_(bucket|sum|count)$/, '')].find((each) => types.has(each));
    if (family === undefined || !helped.has(family)) expect.fail(`${name} has no TYPE or HELP before it`);
    const isCounter = types.get(family) === 'counter';
    if (name!.startsWith('grapevine_')) expect([name, name!.endsWith('_total')]).toEqual([name, isCounter]);
    const number = { NaN: Number.NaN, '+Inf': Infinity, '-Inf': -Infinity }[value!] ?? Number(value);
    if (Number.isNaN(number)) expect(value).toBe('NaN');
    const key = labels === '' ? name! : `${name}{${labels}}`;
    if (samples.has(key)) expect.fail(`${key} comes twice`);
    samples.set(key, number);
  }
  return samples;
}

const vitals: PeerVitals = {
  health: { state: 'training', round: 3, links: 2, neighbors: 3 },
  edges: { active: 2, inactive: 1, closed: 0 },
  neighborDistance: 0.25,
  receivedBytes: 4096,
};

describe('/metrics', () => {
  let metrics: PeerMetrics;
  afterEach(() => metrics.stop());
  const create = (of: () => PeerVitals = () => vitals) => {
    metrics = createPeerMetrics(of, () => 1_700_000_000);
    return metrics;
  };
  const samples = async () => parseExposition(await metrics.expose());

  it('is text that a parser written from the format reads, with our numbers and those of the process', async () => {
    create();
    const events = fakeRun({ peers: 4, rounds: 5, lostPeer: null });
    for (const event of events) if (!('peer' in event) || event.peer === 2) metrics.observe(event);
    const found = await samples();
    const last = events.findLast((event) => event.event === 'round' && event.peer === 2) as RoundEvent;
    expect(Object.fromEntries(found)).toMatchObject({
      grapevine_round: 5,
      grapevine_rounds_total: 5,
      grapevine_training_loss: last.loss,
      grapevine_payload_bytes_total: last.payloadBytes,
      grapevine_wire_sent_bytes_total: last.wireBytes,
      grapevine_uncompressed_bytes_total: last.uncompressedBytes,
      grapevine_wire_received_bytes_total: 4096,
      grapevine_samples_total: 5 * 128,
      grapevine_links: 2,
      grapevine_neighbor_distance: 0.25,
      'grapevine_edges{state="active"}': 2,
      'grapevine_edges{state="inactive"}': 1,
      'grapevine_state{state="training"}': 1,
      'grapevine_state{state="joining"}': 0,
      process_resident_memory_bytes: expect.any(Number),
      nodejs_eventloop_lag_seconds: expect.any(Number),
      process_open_fds: expect.any(Number),
    });
    for (const phase of ['train', 'compress', 'exchange', 'wait'] as const)
      expect(found.get(`grapevine_phase_seconds_total{phase="${phase}"}`)).toBeCloseTo(
        last.seconds[phase],
        9,
      );
    const info = [...found.keys()].find((key) => key.startsWith('grapevine_info{'))!;
    expect(info).toContain('compressor="low-rank:rank=8,bits=4"');
  });

  it('counts refusals by code, bans, edges that came back, and checkpoints', async () => {
    create();
    const refusal = { event: 'refusal', message: 'x', peerId: 'p', expelled: false } as const;
    for (let k = 0; k < 5; k++) metrics.observe({ ...refusal, code: 'NOT_ADMITTED' });
    metrics.observe({ ...refusal, code: 'PEER_BANNED' }); // calls while it is banned
    metrics.observe({ ...refusal, code: 'PEER_BANNED', expelled: true });
    const edge = { event: 'edge', atMs: 1, peer: 0, neighbor: 1, round: 1, reason: '' } as const;
    for (const state of ['active', 'inactive', 'active', 'closed', 'active'] as const)
      metrics.observe({ ...edge, state });
    metrics.observe({ event: 'checkpoint', round: 50, seconds: 0.1, error: null });
    metrics.observe({ event: 'checkpoint', round: 60, seconds: 0.1, error: 'CHECKPOINT_FAILED' });
    expect(Object.fromEntries(await samples())).toMatchObject({
      'grapevine_refusals_total{code="NOT_ADMITTED"}': 5,
      'grapevine_refusals_total{code="PEER_BANNED"}': 2,
      grapevine_bans_total: 1,
      grapevine_reconnects_total: 2,
      grapevine_checkpoints_total: 1,
      grapevine_checkpoint_failures_total: 1,
      grapevine_checkpoint_round: 50,
      grapevine_checkpoint_timestamp_seconds: 1_700_000_000,
    });
  });

  it('shows no number for what was never measured', async () => {
    create(() => ({ ...vitals, neighborDistance: null }));
    const found = await samples();
    for (const name of [
      'evaluation_loss',
      'evaluation_accuracy_ratio',
      'training_loss',
      'neighbor_distance',
      'checkpoint_round',
    ])
      expect([name, found.has(`grapevine_${name}`)]).toEqual([name, false]);
  });

  it('has a bounded number of series, whatever codes come in', async () => {
    create();
    await samples(); // the process' own are there from now on
    const before = (await samples()).size;
    for (let k = 0; k < 1000; k++) {
      metrics.observe({ event: 'refusal', code: `"}\n${k}`, message: '', peerId: `${k}`, expelled: false });
      metrics.observe({ event: 'notice', atMs: 0, peer: 0, code: `CODE_${k}`, message: '' });
      metrics.observe({
        event: 'edge',
        atMs: 0,
        peer: 0,
        neighbor: k,
        round: 1,
        state: 'active',
        reason: '',
      });
    }
    const after = await samples();
    expect(after.get('grapevine_refusals_total{code="OTHER"}')).toBe(1000);
    expect(after.size - before).toBe(2);
  });
});
