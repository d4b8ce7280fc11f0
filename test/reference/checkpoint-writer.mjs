/**
 * A process that writes checkpoints of rounds 1, 2, 3, ... of one owner and kills itself (SIGKILL) in its n-th operation on
 * the file system, in the middle of it where it writes. Arguments: directory, n.
 */

import { snapshotOf } from '../../dist/node/checkpoint.js';
import { saveCheckpoint } from '../../dist/node/checkpoint-files.js';
import { realFiles } from '../../dist/node/file-system.js';

const [directory, fatal] = [process.argv[2], Number(process.argv[3])];
/** Longer than a page and not a multiple of one, so that half a write is seen. */
const LENGTH = 30_001;
let operations = 0;

const die = () => process.kill(process.pid, 'SIGKILL');

/** Dies before or after operation n, by turns: what it was to do is then done, or not. */
function fatally(operate) {
  return async (...args) => {
    operations += 1;
    if (operations < fatal) return operate(...args);
    if (fatal % 2 === 0) await operate(...args);
    die();
    return new Promise(() => {}); // the signal is on its way
  };
}

const files = {
  ...Object.fromEntries(Object.entries(realFiles).map(([name, operate]) => [name, fatally(operate)])),
  create: fatally(async (path) => {
    const file = await realFiles.create(path);
    return {
      write: fatally((bytes) =>
        file.write(operations < fatal ? bytes : bytes.subarray(0, bytes.length >> 1)),
      ),
      sync: fatally(() => file.sync()),
      close: fatally(() => file.close()),
    };
  }),
};

for (let round = 1; ; round++) {
  const parameters = new Float32Array(LENGTH).fill(round);
  const parts = { peer: snapshotOf('peer', { round, x: new Float32Array(LENGTH).fill(-round) }) };
  const layout = {
    size: LENGTH,
    tensors: [{ name: 'w', shape: [LENGTH], offset: 0, size: LENGTH }],
    blocks: [],
  };
  const checkpoint = {
    owner: 'peer-0',
    round,
    hashes: { configuration: 'c0ffee' },
    layout,
    parameters,
    parts,
  };
  await saveCheckpoint({ directory, files, keep: 2 }, checkpoint);
  process.stdout.write(`${round}\n`);
}
