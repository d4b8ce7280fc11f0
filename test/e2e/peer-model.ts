/** The model that a peer has left in its run directory. */
import { join } from 'node:path';
import { readSafeTensors } from '../../src/training/safetensors.js';

/** All parameters of `peer`, as hex digits, like those of simulated() (reference/honest-swarm.ts). */
export async function modelIn(directory: string, peer: number): Promise<string> {
  const tensors = await readSafeTensors(join(directory, 'checkpoints', `peer-${peer}.safetensors`));
  return tensors.map(({ values }) => Buffer.from(new Float32Array(values).buffer).toString('hex')).join('');
}
