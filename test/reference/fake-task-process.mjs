/** A process of a pool that does what its task says: answers, ends, hangs, or tells its own number. */
process.on('disconnect', () => process.exit(0));
process.on('message', ({ does, value }) => {
  if (does === 'answer') process.send({ value, pid: process.pid });
  if (does === 'exit') {
    process.stderr.write('a last word\n', () => process.exit(value));
  }
  if (does === 'kill') process.kill(process.pid, 'SIGKILL');
});
