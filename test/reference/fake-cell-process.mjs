/** A process of an experiment that runs nothing: seeds above 100 fail, 99 ends the process, all others are done. */
const answer = {
  kind: 'done',
  topology: { name: 'ring', spec: 'ring', nodes: 8, edges: 8, spectralGap: 0.1 },
  summary: {
    accuracy: { meanModel: null, mean: null, worst: null, best: null },
    loss: { meanModel: 0.1, mean: 0.2 },
    consensusDistance: 0.3,
    payloadBytesPerPeer: 1,
    wireBytesPerPeer: 2,
    uncompressedBytesPerPeer: 4,
    compressionRatio: 4,
    simulatedSeconds: 5,
    peersLost: [],
  },
  series: [],
  engine: 'none',
  phases: null,
};

process.on('disconnect', () => process.exit(0));
process.on('message', ({ cell }) => {
  const { seed } = cell.settings;
  if (seed === 99) process.exit(7);
  if (seed > 100) process.send({ kind: 'failed', error: { code: 'TRAINER_FAILED', message: 'no' } });
  else process.send(answer);
});
