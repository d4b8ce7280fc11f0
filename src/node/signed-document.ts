/**
 * JSON that its author has signed, as one line of text that survives mail, chat and a shell:
 *
 *     gv-KIND.BASE64URL(JSON).BASE64URL(SIGNATURE)
 *
 * The signature (Ed25519) is over the text up to the second dot, so neither the kind nor a byte of the JSON can be
 * changed, and a document of one kind is none of another. There is no canonical JSON here: what was signed travels.
 */
import { GrapevineError, messageOf } from '../base/errors.js';
import { quoted } from '../base/printable.js';

/** What a document is for. */
export type DocumentKind = 'swarm' | 'invitation' | 'revocations';

/** Whoever signs: libp2p-identity.ts brings one. */
export interface Signer {
  sign(bytes: Uint8Array): Uint8Array;
}

/** Whether the owner of `peerId` has signed `bytes`. */
export type VerifySignature = (peerId: string, bytes: Uint8Array, signature: Uint8Array) => boolean;

export interface ReadDocument {
  /** JSON, not yet checked against anything. */
  readonly value: unknown;
  /** The JSON's bytes, for whoever hashes them. */
  readonly json: Uint8Array;
  /** Whether the owner of `peerId` has signed this. */
  isSignedBy(peerId: string, verify: VerifySignature): boolean;
}

/** The text of a signed `value`. */
export function signDocument(kind: DocumentKind, value: unknown, signer: Signer): string {
  const signed = `gv-${kind}.${Buffer.from(JSON.stringify(value)).toString('base64url')}`;
  return `${signed}.${Buffer.from(signer.sign(Buffer.from(signed))).toString('base64url')}`;
}

/**
 * Reads a document of at most `maxCharacters`; who signed it is still to be asked.
 * @throws GrapevineError DOCUMENT_INVALID for what is no document of this kind
 */
export function readDocument(kind: DocumentKind, text: string, maxCharacters: number): ReadDocument {
  const trimmed = text.trim();
  if (trimmed.length > maxCharacters)
    throw invalid(kind, `${trimmed.length} characters, wanted at most ${maxCharacters}`);
  const match = /^gv-([a-z]+)\.([\w-]+)\.([\w-]+)$/.exec(trimmed);
  if (match === null || match[1] !== kind)
    throw invalid(kind, `"${trimmed.slice(0, 24)}...", wanted gv-${kind}.... and all of it`);
  const json = new Uint8Array(Buffer.from(match[2]!, 'base64url'));
  const signature = new Uint8Array(Buffer.from(match[3]!, 'base64url'));
  const signed = Buffer.from(`gv-${kind}.${match[2]}`);
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
    return { value, json, isSignedBy: (peerId, verify) => verify(peerId, signed, signature) };
  } catch (cause) {
    throw invalid(kind, `no JSON (${messageOf(cause)})`, cause);
  }
}

/** DOCUMENT_INVALID, with what is wrong and what to do. */
export function invalid(kind: DocumentKind, what: string, cause?: unknown): GrapevineError {
  return new GrapevineError(
    'DOCUMENT_INVALID',
    `this is no ${kind === 'swarm' ? 'swarm description' : kind} of ours: ${quoted(what)}. Copy it whole, or ask its issuer for another.`,
    { kind },
    cause,
  );
}
