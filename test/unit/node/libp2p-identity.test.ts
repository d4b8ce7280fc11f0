/** Identities on disk, and signatures that libp2p's own keys agree with. */
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys';
import { describe, expect, it } from 'vitest';
import {
  createIdentity,
  isPeerId,
  openIdentity,
  verifySignature,
} from '../../../src/node/libp2p-identity.js';

const directory = mkdtempSync(join(tmpdir(), 'grapevine-identity-'));
const bytes = new TextEncoder().encode('what is signed');

describe('an identity', () => {
  it('signs as libp2p does with the same key, and is verified by its PeerId alone', async () => {
    const { privateKey, peerId, sign } = await createIdentity();
    const theirs = privateKeyFromProtobuf(privateKey);
    expect(peerId).toBe(theirs.publicKey.toString());
    expect(Buffer.from(sign(bytes))).toEqual(Buffer.from(await theirs.sign(bytes))); // Ed25519 draws nothing
    expect(verifySignature(peerId, bytes, sign(bytes))).toBe(true);
    expect(verifySignature(peerId, bytes.slice(1), sign(bytes))).toBe(false);
    expect(verifySignature((await createIdentity()).peerId, bytes, sign(bytes))).toBe(false);
    expect(verifySignature(peerId, bytes, new Uint8Array(3))).toBe(false);
    for (const wrong of ['', 'nobody', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'])
      expect([isPeerId(wrong), verifySignature(wrong, bytes, sign(bytes))]).toEqual([false, false]);
  });

  it('is made once, for its owner only, and is the same ever after', async () => {
    const path = join(directory, 'new', 'identity.key');
    const first = await openIdentity(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await openIdentity(path)).peerId).toBe(first.peerId);
    const both = join(directory, 'both.key');
    const [a, b] = await Promise.all([openIdentity(both), openIdentity(both)]);
    expect([a.peerId, b.peerId]).toEqual(new Array(2).fill((await openIdentity(both)).peerId));
  });

  it('is refused when others may read its file, and when the file holds something else', async () => {
    const path = join(directory, 'identity.key');
    await openIdentity(path);
    chmodSync(path, 0o644);
    await expect(openIdentity(path)).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringContaining('chmod 600'),
    });
    const before = 'no key at all';
    writeFileSync(path, before);
    chmodSync(path, 0o600);
    await expect(openIdentity(path)).rejects.toMatchObject({ code: 'BAD_CONFIG' });
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});
