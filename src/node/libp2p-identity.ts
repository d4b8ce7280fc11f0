/**
 * Who a peer is: an Ed25519 key in a file of its own, and the PeerId that follows from it. A PeerId of this kind holds
 * the whole public key (libp2p's peer-id specification: the identity multihash of the key's protobuf), so whoever knows
 * it can verify what its owner has signed, without asking anybody.
 */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { chmod, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import { multiaddr } from '@multiformats/multiaddr';
import { GrapevineError, messageOf } from '../base/errors.js';

export interface Identity {
  readonly peerId: string;
  /** Protobuf bytes of the libp2p private key, as createLibp2pTransport takes them. */
  readonly privateKey: Uint8Array;
  /** The Ed25519 signature of `bytes` (RFC 8032), 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** What stands before the 32 bytes of an Ed25519 key in /p2p/PEERID: protocol 421, length, multihash, protobuf fields. */
const PEER_ID_PREFIX = Buffer.from('a50326002408011220', 'hex');
const KEY_BYTES = 32;
/** libp2p's raw form of a private key: seed, then public key. */
const RAW_PRIVATE_BYTES = 64;
/** Readable and writable by its owner only, as ssh wants its keys. */
const PRIVATE_MODE = 0o600;

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** The public key in a PeerId, or null when it holds none of this kind. */
function publicKeyOf(peerId: string): Uint8Array | null {
  try {
    const bytes = multiaddr(`/p2p/${peerId}`).bytes;
    const prefix = bytes.subarray(0, PEER_ID_PREFIX.length);
    const key = bytes.subarray(PEER_ID_PREFIX.length);
    return Buffer.compare(prefix, PEER_ID_PREFIX) === 0 && key.length === KEY_BYTES ? key : null;
  } catch {
    return null;
  }
}

/** True when `text` is a PeerId that signatures can be verified with. */
export function isPeerId(text: string): boolean {
  return publicKeyOf(text) !== null;
}

/** Whether the owner of `peerId` has signed `bytes`; false also for what is no such PeerId or no signature. */
export function verifySignature(peerId: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = publicKeyOf(peerId);
  if (key === null || signature.length !== 64) return false;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url(key) };
  return verify(null, bytes, createPublicKey({ key: jwk, format: 'jwk' }), signature);
}

/** The identity with this private key. @throws GrapevineError BAD_CONFIG for another kind of key. */
export function identityFrom(privateKey: Uint8Array): Identity {
  let key: ReturnType<typeof privateKeyFromProtobuf>;
  try {
    key = privateKeyFromProtobuf(privateKey);
  } catch (cause) {
    throw new GrapevineError('BAD_CONFIG', `no private key (${messageOf(cause)})`, {}, cause);
  }
  if (key.type !== 'Ed25519' || key.raw.length !== RAW_PRIVATE_BYTES) {
    throw new GrapevineError('BAD_CONFIG', `a key of type ${key.type}; wanted Ed25519`);
  }
  const [seed, publicKey] = [key.raw.subarray(0, KEY_BYTES), key.raw.subarray(KEY_BYTES)];
  const jwk = { kty: 'OKP', crv: 'Ed25519', d: base64url(seed), x: base64url(publicKey) };
  const signer = createPrivateKey({ key: jwk, format: 'jwk' });
  return {
    peerId: key.publicKey.toString(),
    privateKey,
    sign: (bytes) => new Uint8Array(sign(null, bytes, signer)),
  };
}

/** A new identity, kept nowhere. */
export async function createIdentity(): Promise<Identity> {
  return identityFrom(privateKeyToProtobuf(await generateKeyPair('Ed25519')));
}

/**
 * The identity in the file `path`: base64 of the protobuf of a libp2p private key. Where there is no such file it is made,
 * with mode 0600.
 * @throws GrapevineError BAD_CONFIG for a file that others may read, that cannot be read, or that holds no such key
 */
export async function openIdentity(path: string): Promise<Identity> {
  const found = await readKeyFile(path);
  if (found !== null) {
    try {
      return identityFrom(new Uint8Array(Buffer.from(found, 'base64')));
    } catch (cause) {
      throw badFile(
        path,
        `${messageOf(cause)}; restore it, or name another file to become another peer.`,
        cause,
      );
    }
  }
  const identity = await createIdentity();
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // 'wx': of two processes that start at once, one makes the file and the other reads it.
    const file = await open(path, 'wx', PRIVATE_MODE);
    try {
      await file.writeFile(`${Buffer.from(identity.privateKey).toString('base64')}\n`);
      await file.sync();
    } catch (error) {
      await rm(path, { force: true }); // half a key would be refused when there is room again
      throw error;
    } finally {
      await file.close();
    }
    await chmod(path, PRIVATE_MODE); // whatever umask says
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return openIdentity(path);
    throw badFile(path, `cannot be made (${messageOf(cause)}); choose another place with --identity.`, cause);
  }
  return identity;
}

/** The text of a key file; null where there is none. */
async function readKeyFile(path: string): Promise<string | null> {
  try {
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8);
      throw badFile(path, `others may read it (mode ${octal}); wanted 600: chmod 600 ${path}`);
    }
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (cause instanceof GrapevineError) throw cause;
    throw badFile(path, `cannot be read (${messageOf(cause)}).`, cause);
  }
}

function badFile(path: string, what: string, cause?: unknown): GrapevineError {
  return new GrapevineError('BAD_CONFIG', `identity file ${path}: ${what}`, { path }, cause);
}
