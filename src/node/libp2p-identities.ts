/** Identities that outlive the processes which use them: neighbors know a peer by its own, also when it is started again. */
import './polyfills.js';
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys';

/** A private key, as libp2p's protobuf, for each of `peers` peers. */
export async function createIdentities(peers: number): Promise<Uint8Array[]> {
  const keys = Array.from({ length: peers }, async () =>
    privateKeyToProtobuf(await generateKeyPair('Ed25519')),
  );
  return Promise.all(keys);
}
