/**
 * A worker process that trains nothing: it repeats what its launcher tells it as notices, says that its peers
 * listen (but for those in config.mute), goes on to say that it lives (for those in config.lively), and lets
 * them finish when told to stop.
 */
const say = (message) => process.send(message);
let peers = [];

process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  if (message.type === 'begin') ({ peers } = message);
  const { type, bootstrap, peer } = message;
  const text = JSON.stringify({ type, bootstrap, peer, pid: process.pid });
  say({ type: 'notice', peer: peers[0] ?? null, code: 'HEARD', message: text });
  for (const index of peers) {
    if (type === 'begin' && !message.config.mute.includes(index)) {
      say({ type: 'listening', peer: index, addresses: [`door-${index}`] });
    }
    if (type === 'begin' && message.config.lively.includes(index))
      setInterval(() => say({ type: 'alive' }), 5);
    if (type === 'stop') say({ type: 'finished', peer: index, round: 1 });
  }
});
say({ type: 'alive' });
