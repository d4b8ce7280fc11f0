/**
 * The words of the handshake, without the link they travel on (link.ts). Each end says HELLO, judges the
 * other's and answers ACCEPT or REFUSE; a link is up when both have accepted. Two peers that disagree on the
 * topology or the layout of the parameters would average unrelated numbers, so every field must agree.
 */
import { quoted } from '../base/printable.js';
import type { AcceptFrame, Frame, Hello, HelloFrame, RefuseFrame } from '../wire/frame.js';

/** One end of a link and the neighbor it speaks to. */
export interface LinkEnds {
  readonly node: number;
  readonly neighbor: number;
  readonly swarmTag: Uint8Array;
}

/** The longest reason that a REFUSE carries (wire/frame.ts). */
export const MAX_REASON_CHARACTERS = 500;

/** What each field is to a person, and what to do when it differs. */
const fields: Readonly<Record<keyof Hello, readonly [name: string, remedy: string]>> = {
  protocol: ['protocol version', 'run the same release on both'],
  swarm: ['swarm id', 'join the same swarm'],
  configHash: ['config hash', 'start both with the same config'],
  topologyHash: ['topology hash', 'start both with the same config'],
  layoutHash: ['parameter layout hash', 'train the same task on both'],
  maxFrameBytes: ['longest frame in bytes', 'start both with the same config'],
};

/** Why two peers cannot train together, a sentence per field that differs; empty when they can. */
export function compareHello(mine: Hello, theirs: Hello): string[] {
  return (Object.keys(fields) as (keyof Hello)[])
    .filter((key) => mine[key] !== theirs[key])
    .map((key) => {
      const [name, remedy] = fields[key];
      return `${name} differs: ours ${mine[key]}, theirs ${quoted(String(theirs[key]))}; ${remedy}`;
    });
}

function frameBase({ node, neighbor, swarmTag }: LinkEnds) {
  return { swarmTag, sender: node, receiver: neighbor };
}

export function helloFrame(ends: LinkEnds, hello: Hello): HelloFrame {
  return { ...frameBase(ends), kind: 'hello', hello };
}

/** ACCEPT when there is no objection, else REFUSE with all of them, cut to what the frame holds. */
export function verdictFrame(ends: LinkEnds, objections: readonly string[]): AcceptFrame | RefuseFrame {
  if (objections.length === 0) return { ...frameBase(ends), kind: 'accept' };
  return {
    ...frameBase(ends),
    kind: 'refuse',
    reason: objections.join('. ').slice(0, MAX_REASON_CHARACTERS),
  };
}

/** Why the HELLO `frame` is not what `ends.neighbor` should have said; empty when it is. */
export function judgeHello(ends: LinkEnds, mine: Hello, frame: HelloFrame): string[] {
  const reasons = compareHello(mine, frame.hello);
  if (!sameBytes(frame.swarmTag, ends.swarmTag)) reasons.push('frame of another swarm; join the same swarm');
  if (frame.sender !== ends.neighbor) {
    reasons.push(`peer ${frame.sender} answered where peer ${ends.neighbor} was expected; check its --index`);
  }
  if (frame.receiver !== ends.node) {
    reasons.push(`HELLO for peer ${frame.receiver} reached peer ${ends.node}; check the addresses`);
  }
  return reasons;
}

/** True when `frame` belongs to the handshake and to nothing after it. */
export function isHandshakeKind(kind: Frame['kind']): boolean {
  return kind === 'hello' || kind === 'accept' || kind === 'refuse';
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
