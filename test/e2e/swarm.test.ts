import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/metrics/read-metrics.js';
import {
  isRunning,
  runGrapevine,
  startGrapevine,
  temporaryDirectory,
  workersOf,
} from './grapevine-process.js';

/** The keys that scripts rely on, in order. */
const SUMMARY_KEYS = [
  'peers',
  'rounds',
  'task',
  'algorithm',
  'compressor',
  'partition',
  'seed',
  'configHash',
  'engine',
  'topology',
  'accuracy',
  'loss',
  'consensusDistance',
  'payloadBytesPerPeer',
  'wireBytesPerPeer',
  'uncompressedBytesPerPeer',
  'compressionRatio',
  'seconds',
  'samplesPerSecond',
  'peersLost',
];

const quadratic = ['--task', 'quadratic', '--rounds', '20'];

describe('grapevine swarm', () => {
  it('trains real digits over libp2p, and its summary has every key', async () => {
    const out = temporaryDirectory();
    const result = await runGrapevine([
      'swarm',
      '--rounds',
      '30',
      '--processes',
      '4',
      '--json',
      '--quiet',
      '--out',
      out,
    ]);
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(0);
    const summary = JSON.parse(result.stdout);
    expect(Object.keys(summary)).toEqual(SUMMARY_KEYS);
    expect(summary.accuracy.meanModel).toBeGreaterThan(0.9);
    expect(summary.compressionRatio).toBeGreaterThan(40);
    expect(summary.wireBytesPerPeer).toBeGreaterThan(summary.payloadBytesPerPeer);
    expect(summary.peersLost).toEqual([]);
    for (const file of ['config.json', 'metrics.jsonl', 'summary.json', 'report.html']) {
      expect(existsSync(join(out, file))).toBe(true);
    }
    expect(JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))).toEqual(summary);
    expect(existsSync(join(out, 'checkpoints', 'mean-model.safetensors'))).toBe(true);
    expect(existsSync(join(out, 'checkpoints', 'peer-7.safetensors'))).toBe(true);
  });

  it('gives the result of the simulator to the bit where training is deterministic', async () => {
    const [real, simulated] = [temporaryDirectory(), temporaryDirectory()];
    const flags = [...quadratic, '--evaluate-every', '1', '--quiet'];
    await Promise.all([
      runGrapevine(['swarm', ...flags, '--processes', '2', '--out', real]),
      runGrapevine(['simulate', ...flags, '--out', simulated]),
    ]);
    const model = (directory: string) =>
      readFileSync(join(directory, 'checkpoints', 'mean-model.safetensors'));
    expect(model(real).equals(model(simulated))).toBe(true);
    const evaluations = async (directory: string) =>
      (await readMetrics(join(directory, 'metrics.jsonl'))).flatMap((event) =>
        event.event === 'evaluation' ? [[event.round, event.meanModel.loss, event.consensusDistance]] : [],
      );
    expect(await evaluations(real)).toEqual(await evaluations(simulated));
    expect(await evaluations(real)).toHaveLength(20);
  });

  it('goes on when two peers are killed and one is stopped, and names them', async () => {
    const swarm = startGrapevine([
      'swarm',
      '--rounds',
      '60',
      '--evaluate-every',
      '2',
      '--processes',
      '8',
      '--silence-ms',
      '1500',
      '--json',
      '--out',
      temporaryDirectory(),
    ]);
    await swarm.line(/^round 8 /);
    const workers = workersOf(swarm.child);
    expect(workers).toHaveLength(8);
    process.kill(workers[2]!, 'SIGKILL');
    process.kill(workers[5]!, 'SIGKILL');
    process.kill(workers[7]!, 'SIGSTOP');
    const { exitCode, stdout } = await swarm.ended;
    const summary = JSON.parse(stdout);
    expect(exitCode).toBe(0);
    expect(summary.peersLost).toEqual([2, 5, 7]);
    expect(summary.rounds).toBe(60);
    expect(summary.accuracy.meanModel).toBeGreaterThanOrEqual(0.9);
    expect(workers.filter(isRunning)).toEqual([]);
  });

  it('finishes the round on Ctrl+C, writes checkpoints and exits with 130', async () => {
    const out = temporaryDirectory();
    const swarm = startGrapevine([
      'swarm',
      '--task',
      'quadratic',
      '--rounds',
      '1000000',
      '--evaluate-every',
      '5',
      '--processes',
      '2',
      '--out',
      out,
    ]);
    await swarm.line(/^round 5 /);
    const workers = workersOf(swarm.child);
    swarm.child.kill('SIGINT');
    const { exitCode, stdout } = await swarm.ended;
    expect(exitCode).toBe(130);
    expect(stdout).toContain('Stopping after this round');
    expect(existsSync(join(out, 'checkpoints', 'peer-0.safetensors'))).toBe(true);
    expect(existsSync(join(out, 'summary.json'))).toBe(true);
    expect(workers.filter(isRunning)).toEqual([]);
  });

  it('leaves no process behind when it is killed itself', async () => {
    const swarm = startGrapevine([
      'swarm',
      '--task',
      'quadratic',
      '--rounds',
      '1000000',
      '--evaluate-every',
      '5',
      '--processes',
      '2',
      '--out',
      temporaryDirectory(),
    ]);
    await swarm.line(/^round 5 /);
    const workers = workersOf(swarm.child);
    swarm.child.kill('SIGKILL');
    await swarm.ended;
    await expect.poll(() => workers.filter(isRunning), { timeout: 10_000 }).toEqual([]);
  });

  it('runs several peers in each process', async () => {
    const out = temporaryDirectory();
    const flags = [
      '--peers',
      '16',
      '--topology',
      'random-regular:degree=4',
      '--processes',
      '2',
      ...quadratic,
    ];
    const { exitCode, stdout } = await runGrapevine(['swarm', ...flags, '--json', '--quiet', '--out', out]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ peers: 16, rounds: 20, peersLost: [] });
  });

  it('ends with 1 and the peer, cause and remedy when training diverges', async () => {
    const flags = [
      '--peers',
      '4',
      '--topology',
      'ring',
      '--learning-rate',
      '500',
      '--rounds',
      '200',
      '--task',
      'quadratic',
    ];
    const { exitCode, stderr } = await runGrapevine([
      'swarm',
      ...flags,
      '--optimizer',
      'sgd',
      '--processes',
      '1',
      '--quiet',
      '--out',
      temporaryDirectory(),
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/peer \d.*lower the learning rate.*\[TRAINER_NOT_FINITE\]/i);
  });

  it('ends with 1 and the address when its port is busy', async () => {
    const { createServer } = await import('node:net');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const flags = ['--listen', `/ip4/127.0.0.1/tcp/${port}`, '--peers', '2', '--topology', 'ring'];
    const { exitCode, stderr } = await runGrapevine([
      'swarm',
      ...flags,
      ...quadratic,
      '--quiet',
      '--out',
      temporaryDirectory(),
    ]);
    server.close();
    expect(exitCode).toBe(1);
    expect(stderr).toContain(String(port));
    expect(stderr).toContain('[ADDRESS_IN_USE]');
  });
});
