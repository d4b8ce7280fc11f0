import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as gv from 'grapevine';

const [algorithm, compressor, rounds, spec = 'ring'] = process.argv.slice(2);
const file = gunzipSync(readFileSync('test/reference/data/x0-ring8-100x100.npy.gz'));
const first = 10 + file.readUInt16LE(8); // after the header of the npy format
const start = Array.from({ length: 8 }, (_, i) =>
  Float32Array.from({ length: 10_000 }, (_, k) => file.readFloatLE(first + 4 * (10_000 * i + k))),
);
const topology = gv.buildTopology(spec, 8, 1);
const { beta, gap } = gv.spectrumOf(topology.mixing);
const setup = {
  topology,
  beta,
  gap,
  algorithm: gv.algorithms.resolve(algorithm),
  compressor: gv.compressors.resolve(compressor),
  blocks: [{ name: 'x', offset: 0, rows: 100, cols: 100 }],
  initialReplica: new Float32Array(10_000),
  seed: 1,
  options: { ...gv.defaultPeerOptions, rounds: Number(rounds) },
};
const peers = start.map((x, node) => gv.setUpPeer(setup, node, x));
const { counters } = await gv.runSimulation({
  peers,
  train: async (_node, _round, x) => ({ parameters: x.slice(), loss: 0, samples: 0 }),
  trainingMs: () => 1,
  link: gv.perfectLink,
  faults: [],
  seed: 1,
  maxFrameBytes: 1e6,
  horizonMs: Infinity,
});
const models = peers.map(({ parameters }) => parameters);
const [before, after] = [gv.meanModelOf(start), gv.meanModelOf(models)];
const drift = Math.max(...before.map((x, k) => Math.abs(x - after[k])));
console.log('error', gv.consensusDistance(models, after) ** 2);
console.log('payload of peer 0, Mbit', (counters[0].payloadBytes * 8) / 1e6);
console.log('largest drift of the mean', drift);
